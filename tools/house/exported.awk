# SPDX-License-Identifier: BSD-2-Clause
# FILE LINE NAME LENGTH static|extern of each function, then FILE LINE CODE of all that may use them. A header uses a
# function in a macro or an inline function only: there the line begins with # or a blank. See tools/house/shape.

NR == FNR {
	if ($5 == "extern" && $1 ~ /^agent\/.*[.]c$/ && $3 != "main") {
		home[$3] = $1
		line[$3] = $2
	}
	next
}
$1 ~ /[.]h$/ && $3 !~ /^[# ]/ { next }
{
	text = $3
	while (match(text, /[a-z_][a-z_0-9]*/)) {
		word = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		if ((word in home) && home[word] != $1)
			delete home[word]
	}
}
END {
	for (name in home)
		print "exported", home[name] ":" line[name], name "() is used by no other file: make it static"
}
