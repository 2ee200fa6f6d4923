# SPDX-License-Identifier: BSD-2-Clause
# The files of the tree; NAME( of each call or definition in it; then FILE LINE COMMENT. See tools/house/text.

part == 1 {
	path = $0
	do {
		tree[path] = 1
	} while (sub(/^[^\/]*\//, "", path))
	next
}
part == 2 {
	known[$0] = 1
	next
}
{
	text = $3
	while (match(text, /[A-Za-z0-9_.\/-]*[A-Za-z0-9_-][.](c|h|md|awk|jq)([^A-Za-z0-9_]|$)/)) {
		name = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH - 1)
		sub(/[^A-Za-z0-9_]$/, "", name)
		if (!(name in tree) && name !~ /^(linux|netinet|net|sys|kernel|fs)\//)
			print "names", $1 ":" $2, "the comment names '" name "', which is not in the tree"
	}
	text = $3
	while (match(text, /[A-Za-z_][A-Za-z_0-9]*\(\)/)) {
		name = substr(text, RSTART, RLENGTH - 1)
		text = substr(text, RSTART + RLENGTH)
		if (!(name in known))
			print "names", $1 ":" $2, "the comment names '" name ")', which is nowhere in the code"
	}
}
