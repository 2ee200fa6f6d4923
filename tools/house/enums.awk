# SPDX-License-Identifier: BSD-2-Clause
# FILE LINE CODE of the product. See tools/house/shape.

function is_sentinel(member) {
	return member ~ /[^S]S$/
}

# The last member without a value of its own is the sentinel if its name is a plural.
function take(name, body, place, i, n, list, word) {
	n = split(body, list, ",")
	for (i = 1; i <= n; i++)
		if (match(list[i], /[A-Z][A-Z_0-9]*/)) {
			word = substr(list[i], RSTART, RLENGTH)
			member[word] = name
			if (list[i] !~ /=/)
				last[name] = word
		}
	where[name] = place
	if (is_sentinel(last[name]))
		ends[name] = 1
}

/^[^\t]*\t[^\t]*\t(static )?(typedef )?enum [a-z_]+ ?\{/ {
	inside = $3
	sub(/.*enum /, "", inside)
	sub(/ .*/, "", inside)
	body = $3
	sub(/^[^{]*\{/, "", body)
	place = $1 ":" $2
	if (body ~ /\}/) {
		sub(/\}.*/, "", body)
		take(inside, body, place)
		inside = ""
	}
	next
}
inside != "" {
	if ($3 ~ /^\}/) {
		take(inside, body, place)
		inside = ""
	} else
		body = body " " $3
	next
}
{
	if (match($3, /const char \*[a-z_]+_name\(enum [a-z_]+/)) {
		name = substr($3, RSTART, RLENGTH)
		sub(/.*enum /, "", name)
		words[name] = $1 ":" $2
	}
	if (match($3, /[A-Z][A-Z_0-9]* \+ 1\]/)) {
		word = substr($3, RSTART, RLENGTH - 5)
		counted[word] = $1 ":" $2
	}
	if (match($3, /<= [A-Z][A-Z_0-9]*;/)) {
		word = substr($3, RSTART + 3, RLENGTH - 4)
		counted[word] = $1 ":" $2
	}
}

END {
	for (name in words)
		if (name in where && !(name in ends))
			print "enums", where[name], "enum " name " has words (" words[name] ") but no sentinel"
	for (word in counted)
		if (word in member && !is_sentinel(word))
			print "enums", counted[word], "counts enum " member[word] " by " word ": use a sentinel"
}
