# SPDX-License-Identifier: BSD-2-Clause
# The suites; the files of tests/unit; tests/README.md; then the .c files of user space. See tools/house/map.

part == 1 { suite[$0] = 1 }
part == 2 {
	sub(/.*\//, "")
	unit[$0] = 1
}
# | `agent/ROOM/FILE.c` … | `SUITE` … | or, for the other files of a room, | `agent/ROOM/*.c` | `SUITE` … |
part == 3 && /^\| `agent\// {
	split($0, cell, /[|]/)
	n = split(cell[2], list, /[` ,]+/)
	for (i = 1; i <= n; i++)
		if (list[i] ~ /[.]c$/)
			row[list[i]] = FNR
	n = split(cell[3], list, /[` ,]+/)
	for (i = 1; i <= n; i++)
		if (list[i] ~ /[a-z]/ && !(list[i] in suite))
			print "covers", FILENAME ":" FNR, "there is no suite '" list[i] "'"
}
part == 4 {
	n = split($0, path, "/")
	rest = $0
	sub(/[^\/]*$/, "*.c", rest)
	sub(/[.]c$/, "", path[n])
	own = n == 3 && path[2] != path[3] ? "test_" path[2] "_" path[3] ".c" : "test_" path[n] ".c"
	used[rest] = used[$0] = 1
	if (!(own in unit) && !($0 in row) && !(rest in row))
		print "covers", $0, "neither tests/unit/" own " nor a row in tests/README.md"
	if (own in unit && $0 in row)
		print "covers", "tests/README.md:" row[$0], $0 " has tests/unit/" own ": delete it from the row"
}
END {
	for (name in row)
		if (!(name in used))
			print "covers", "tests/README.md:" row[name], "there is no " name
}
