# SPDX-License-Identifier: BSD-2-Clause
# The files of the tree; its functions (see functions.awk); its words; then pages. See tools/house/map.

function complain(message) {
	print "pages", FILENAME ":" FNR, message
}

BEGIN {
	mention = "[A-Za-z0-9_./*-]*[A-Za-z0-9_*-][.](c|h|md|awk|jq|tsv)([^A-Za-z0-9_]|$)|`[a-z_0-9]+\\(\\)`|" \
		  "(agent|bpf|include|tests|tools|[.]github)/[A-Za-z0-9_./*-]*"
}

# Anything that may stand for several files, or is not of the tree.
function is_pattern(name) {
	return name ~ /[*<>$]|NAME|ROOM|FILE|KIND|NOUN|PART|^build\/|^(ret_)?x(_|$)/
}

part == 1 {
	path = $0
	do {
		tree[path] = 1
		directory = path
		while (sub(/[^\/]+\/?$/, "", directory) && directory != "")
			tree[directory] = 1
	} while (sub(/^[^\/]*\//, "", path))
	next
}
part == 2 {
	path = $1
	do
		defined[path, $3] = 1
	while (sub(/^[^\/]*\//, "", path))
	known[$3] = 1
	next
}
part == 3 {
	words[$0] = 1
	next
}
/^```/ { in_block = !in_block }
FNR == 1 { in_block = 0 }
{
	# A file stands for the functions after it, in the same paragraph or row; so does one in "FUNCTION in FILE".
	if (/^ *$|^[|#-]|^\*\*/)
		file = ""
	text = $0
	while (match(text, mention)) {
		token = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		if (token ~ /^`/) {
			gsub(/[`()]/, "", token)
			if (match(text, /^ in [a-z_0-9.\/-]+[.][ch]/))
				file = substr(text, RSTART + 4, RLENGTH - 4)
			if (file != "" && !((file, token) in defined))
				complain(token "() is not defined in " file)
			else if (file == "" && !(token in words) && !is_pattern(token))
				complain(token "() is nowhere in the tree")
			continue
		}
		if (token ~ /[.](c|h|md|awk|jq|tsv)[^A-Za-z0-9_]$/)
			sub(/[^A-Za-z0-9_]$/, "", token)
		sub(/^([.][.]?\/)+/, "", token)
		sub(/[.\/]+$/, "", token)
		if (!is_pattern(token) && !(token in tree) && !((token "/") in tree))
			complain("'" token "' is not in the tree")
		if (token ~ /[.][ch]$/)
			file = token
	}
}
FILENAME ~ /^(agent|bpf|tests)\/README.md$/ && !in_block {
	text = $0
	while (match(text, /`(struct |enum )?[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)+`|`(struct|enum) [a-z_0-9]+`/)) {
		token = substr(text, RSTART + 1, RLENGTH - 2)
		text = substr(text, RSTART + RLENGTH)
		sub(/^(struct|enum) /, "", token)
		if (!(token in words) && !is_pattern(token))
			complain("'" token "' is nowhere in the tree")
	}
}
