# SPDX-License-Identifier: BSD-2-Clause
# Prints each function that C sources in kernel style define: FILE LINE NAME LENGTH static|extern, tabs between. LENGTH
# counts the lines from the name's to the closing brace. The name of a Criterion test is SUITE/NAME.

FNR == 1 { inside = 0 }
/^[A-Za-z_]/ && !inside {
	start = FNR
	head = ""
}
!inside { head = head $0 }
/^\{$/ {
	inside = 1
	name = named(head)
}
/^}/ && inside {
	inside = 0
	printf "%s\t%d\t%s\t%d\t", FILENAME, start, name, FNR - start + 1
	print head ~ /^static/ ? "static" : "extern"
}

function named(text, word) {
	while (match(text, /[A-Za-z_][A-Za-z_0-9]*\(/)) {
		word = substr(text, RSTART, RLENGTH - 1)
		text = substr(text, RSTART + RLENGTH)
		if (word == "ParameterizedTest")
			sub(/^[^,]*,/, "", text)
		if (word ~ /^(Parameterized)?Test(Parameters)?$/ && match(text, /[a-z_0-9]+,[ \t]*[a-z_0-9]+[,)]/)) {
			text = substr(text, RSTART, RLENGTH - 1)
			sub(/,[ \t]*/, "/", text)
			return text
		}
		if (word !~ /^(SEC|__attribute__)$/)
			return word
	}
	return "?"
}
