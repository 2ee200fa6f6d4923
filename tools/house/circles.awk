# SPDX-License-Identifier: BSD-2-Clause
# FILE LINE NAME LENGTH static|extern of each function, then FILE LINE CODE. Prints each file that is in a circle of
# its room, with a function that it takes from another file of the circle. See tools/house/shape.

function room_of(file) {
	sub(/\/[^\/]*$/, "", file)
	return file
}

# x.c and x.h are one module; what a header of bpf/ defines is the header's.
function module_of(file) {
	sub(/[.][ch]$/, "", file)
	return file
}

NR == FNR {
	module[$1] = module_of($1)
	room[$1] = room_of($1)
	if ($5 == "extern" || $1 ~ /[.]h$/)
		home[room[$1], $3] = module[$1]
	else
		own[$1, $3] = 1
	next
}

{
	if (!($1 in room)) {
		room[$1] = room_of($1)
		module[$1] = module_of($1)
	}
	text = $3
	gsub(/__attribute__\(\(.*\)\)|(->|[.])[a-z_0-9]+/, " ", text)
	while (match(text, /[a-z_][a-z_0-9]*/)) {
		word = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		if (!((room[$1], word) in home) || ($1, word) in own)
			continue
		other = home[room[$1], word]
		# A header declares functions of other files; a use is in a body.
		if (other == module[$1] || $1 ~ /^agent.*[.]h$/ || (module[$1], other) in by)
			continue
		by[module[$1], other] = word
		place[module[$1], other] = $1 ":" $2
		from[++n] = module[$1]
		to[n] = other
	}
}

function reach(start, i) {
	for (i = 1; i <= n; i++)
		if (from[i] == start && !(to[i] in reached)) {
			reached[to[i]] = 1
			reach(to[i])
		}
}

END {
	for (i = 1; i <= n; i++) {
		split("", reached)
		reach(to[i])
		if (from[i] in reached)
			print "circles", place[from[i], to[i]], "circle: uses " by[from[i], to[i]] "() of " to[i]
	}
}
