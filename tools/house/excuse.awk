# SPDX-License-Identifier: BSD-2-Clause
# The exceptions (RULE, FILE, REASON, tabs between), then findings: prints those that no exception excuses, and a
# finding for each exception that excuses nothing. See tools/lint.

part == 1 && !/^(#|$)/ {
	if ($3 == "")
		print "lint", FILENAME ":" FNR, "an exception needs a reason"
	rule[++n] = $1
	file[n] = $2
	line[n] = FNR
	gsub(/[.]/, "[.]", $2)
	gsub(/[*]/, ".*", $2)
	pattern[n] = "^" $2 "$"
}
part == 2 {
	place = $2
	sub(/:[0-9]+$/, "", place)
	excused = 0
	for (i = 1; i <= n; i++)
		if (rule[i] == $1 && place ~ pattern[i])
			excused = used[i] = 1
	if (!excused)
		print
}
END {
	for (i = 1; i <= n; i++)
		if (!used[i])
			print "lint", "tools/house/exceptions:" line[i], "excuses nothing: " rule[i] " " file[i]
}
