#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# nftables 1.0.6: maps for SNAT through JSON, `nft -j list ruleset` and `nft -j -f`.
#
# Guess: what `nft -j list ruleset` prints, `nft -j -f` reads: rules and maps, as the text form does.
# Seen:  a map whose values are ranges, networks, or an address with a port is refused ("Value must be a singleton",
#        "Invalid map type"), and with it the whole ruleset. Maps to single addresses, and rules that name the range
#        themselves, read back. The text form reads all of them.
# So:    a tool that saves and restores by JSON loses the ruleset of a host that spreads mail by such a map.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq nftables=1.0.6-2+deb12u2 libnftables1=1.0.6-2+deb12u2 libnftnl11=1.2.4-2 libxtables12=1.8.9-2 \
	libjansson4=2.14-2 libmnl0=1.0.4-3 libedit2=3.1-20221030-2 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done

cat >try.sh <<'end'
export LD_LIBRARY_PATH=usr/lib/x86_64-linux-gnu:lib/x86_64-linux-gnu
nft=usr/sbin/nft
# usage: read_back FORM: does the ruleset come back from what was listed? ("" or -j)
read_back() {
	$nft flush ruleset
	$nft -f rules
	$nft list ruleset >before
	$nft $1 list ruleset >saved
	$nft flush ruleset
	$nft $1 -f saved 2>error
	$nft list ruleset >after
	cmp -s before after && echo same || sed 's/.*Error: //; 1q' error
}
# usage: map TYPE ELEMENTS
map() {
	printf 'table ip t {\nmap m {\ntype %s\nelements = { %s }\n}\n}\n' "$1" "$2" >rules
	echo "$2: text $(read_back ''), json $(read_back -j)"
}
map 'ipv4_addr : ipv4_addr' '10.0.0.1 : 192.0.2.1'
map 'ipv4_addr : interval ipv4_addr' '10.0.0.1 : 192.0.2.1-192.0.2.4'
map 'ipv4_addr : interval ipv4_addr' '10.0.0.1 : 192.0.2.0/24'
map 'ipv4_addr : ipv4_addr . inet_service' '10.0.0.1 : 192.0.2.1 . 1025'
printf 'table ip t {\nchain c {\ntype nat hook postrouting priority 100\nsnat to 192.0.2.1-192.0.2.4\n}\n}\n' >rules
echo "rule with a range: text $(read_back ''), json $(read_back -j)"
end
unshare --net bash try.sh | tee seen
diff - seen <<'end'
10.0.0.1 : 192.0.2.1: text same, json same
10.0.0.1 : 192.0.2.1-192.0.2.4: text same, json Value must be a singleton
10.0.0.1 : 192.0.2.0/24: text same, json Value must be a singleton
10.0.0.1 : 192.0.2.1 . 1025: text same, json Invalid map type 'ipv4_addr . inet_service'.
rule with a range: text same, json same
end
echo "nftables 1.0.6: as described"
