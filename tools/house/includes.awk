# SPDX-License-Identifier: BSD-2-Clause
# The table of rooms, then FILE:LINE:local|system:HEADER of each include. See tools/house/rooms.

BEGIN {
	see = ": see the table in agent/README.md"
	row_says = "delete it from the row"
	split("libbpf bpf/ libnl netlink/ libmnl libmnl/ libevent event2/ libcurl curl/ jansson jansson[.]h " \
	      "SQLite sqlite3 hiredis hiredis/ libunbound unbound[.]h libidn2 idn2[.]h " \
	      "libunistring uni(case|norm|str)[.]h " \
	      "libcap-ng cap-ng[.]h sockets sys/socket[.]h", words, " ")
	for (i = 1; i in words; i += 2)
		pattern[words[i]] = "^" words[i + 1]
}

NR == FNR {
	split($0, row, "\t")
	room = row[1]
	if (room == "wall") {
		walls[row[2]] = row[3]
		next
	}
	if (room in rank)
		print "rooms", "agent/README.md", "'" room "' has two rows"
	rank[room] = NR
	n = split(row[2], list, " ")
	for (i = 1; i <= n; i++) {
		uses[room, list[i]] = 1
		if (!(list[i] in rank) && list[i] !~ /[.]h$/)
			print "rooms", "agent/README.md", "'" room "' uses '" list[i] "', no row above it"
	}
	n = split(row[3], list, " ")
	for (i = 1; i <= n; i++) {
		links[room, list[i]] = 1
		if (!(list[i] in pattern))
			print "libraries", "agent/README.md", "'" list[i] "' is unknown to tools/house/includes.awk"
	}
	next
}

{
	split($1, path, "/")
	room = path[2]
	sub(/[.]h$/, ".c", room)
	seen[room] = 1
}
!(room in rank) && !((room, "complained") in seen) {
	seen[room, "complained"] = 1
	print "rooms", $1, "'" room "' has no row in agent/README.md"
}
$3 == "local" && $4 !~ /^postern\// {
	other = $4
	sub(/\/.*/, "", other)
	used[room, other] = 1
	include[$1, ++count[$1]] = "agent/" $4
	own = other == room || other ~ /[.]h$/ && substr(other, 1, length(other) - 2) ".c" == room
	if (!own && other !~ /skel[.]h$/ && !((room, other) in uses))
		print "includes", $1 ":" $2, "'" room "' does not use '" other "'" see
}
$3 == "system" {
	for (library in pattern)
		if ($4 ~ pattern[library]) {
			linked[room, library] = 1
			if (!((room, library) in links))
				print "libraries", $1 ":" $2, "'" room "' does not use " library see
		}
}

# Headers that a file includes, directly or through others, into reached[].
function reach(file, i) {
	for (i = 1; i <= count[file]; i++)
		if (!(include[file, i] in reached)) {
			reached[include[file, i]] = file
			reach(include[file, i])
		}
}

function check_wall(room, list, n, i, file, header, path) {
	n = split(walls[room], list, " ")
	split("", reached)
	for (file in count)
		if (index(file, "agent/" room "/") == 1)
			reach(file)
	for (header in reached)
		for (i = 1; i <= n; i++)
			if (index(header, "agent/" list[i] "/") == 1)
				print "walls", reached[header], "'" room "' must not reach " header
}

END {
	for (room in walls)
		check_wall(room)
	for (pair in uses)
		if (!(pair in used)) {
			split(pair, p, SUBSEP)
			print "rooms", "agent/README.md", "'" p[1] "' does not include '" p[2] "': " row_says
		}
	for (pair in links)
		if (!(pair in linked)) {
			split(pair, p, SUBSEP)
			print "libraries", "agent/README.md", "'" p[1] "' does not include " p[2] ": " row_says
		}
	for (room in rank)
		if (!(room in seen))
			print "rooms", "agent/README.md", "'" room "' is no room of agent/"
}
