# SPDX-License-Identifier: BSD-2-Clause
# enum NAME of each enum, then FILE LINE NAME LENGTH static|extern of each function. See tools/house/shape.

function stem(word) {
	sub(/s$/, "", word)
	return word
}

NR == FNR {
	sub(/^enum /, "")
	is_enum[$0] = 1
	next
}
$5 == "extern" && $1 ~ /^agent\/.*[.]c$/ && $3 != "main" {
	split("", words)
	n = split($1, path, "/")
	sub(/[.]c$/, "", path[n])
	for (i = 2; i <= n; i++) {
		m = split(path[i], parts, "_")
		for (j = 1; j <= m; j++)
			words[stem(parts[j])] = 1
	}
	first = owner = $3
	sub(/_.*/, "", first)
	sub(/_(name|parse|help)$/, "", owner)
	if (!(stem(first) in words) && !(owner in is_enum))
		print "prefixes", $1 ":" $2, $3 "() begins with no word of its file or room"
}
