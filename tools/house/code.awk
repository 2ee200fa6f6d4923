# SPDX-License-Identifier: BSD-2-Clause
# Splits C into code and comments: FILE LINE TEXT, tabs between, no tab inside. Prints the code, with strings emptied;
# with -v comments=1 the comments.

FNR == 1 { in_comment = 0 }
{
	line = $0
	code = comment = ""
	while (line != "") {
		if (in_comment) {
			end = index(line, "*/")
			comment = comment " " (end ? substr(line, 1, end - 1) : line)
			line = end ? substr(line, end + 2) : ""
			in_comment = !end
		} else if (match(line, /"([^"\\]|\\.)*"|'([^'\\]|\\.)*'|\/\*/)) {
			token = substr(line, RSTART, RLENGTH)
			code = code substr(line, 1, RSTART - 1)
			line = substr(line, RSTART + RLENGTH)
			in_comment = token == "/*"
			if (!in_comment)
				code = code substr(token, 1, 1) substr(token, 1, 1)
		} else {
			code = code line
			line = ""
		}
	}
	text = comments ? comment : code
	gsub(/[ \t]+/, " ", text)
	if (text ~ /[^ ]/)
		printf "%s\t%d\t%s\n", FILENAME, FNR, text
}
