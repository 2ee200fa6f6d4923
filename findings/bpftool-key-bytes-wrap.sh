#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# bpftool 7.1.0: the bytes of a key on the command line. Needs root; its map is pinned in a BPF file system of its own.
#
# Guess: each word is one byte, decimal or with 0x; a word above 255 is an error.
# Seen:  a word above 255 is cut to its last 8 bits, exit 0: 256 is 0, 2525 is 0xdd. A leading 0 means octal.
# So:    `map update … key 2525 …` writes the entry of another key, and nothing says so.
set -eu
dir=$(mktemp -d)
mkdir "$dir/bpf"
trap 'umount -q "$dir/bpf" || :; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq bpftool=7.1.0+6.1.192-3 2>/dev/null
dpkg-deb -x bpftool_*.deb .
mount -t bpf none bpf
bpftool() { usr/sbin/bpftool "$@"; }
bpftool map create bpf/map type hash key 1 value 1 entries 4 name finding_bytes
for word in 25 025 256 2525 0x19 1x; do
	printf '%s: ' "$word"
	if bpftool map update pinned bpf/map key "$word" value 1 2>error; then
		bpftool -j map getnext pinned bpf/map | sed 's/.*next_key":\["\(.*\)"\].*/\1/'
		bpftool map delete pinned bpf/map key hex "$(bpftool -j map dump pinned bpf/map | sed 's/.*"key":\["0x\(..\)".*/\1/')"
	else
		cat error
	fi
done >seen
cat seen
diff - seen <<'end'
25: 0x19
025: 0x15
256: 0x00
2525: 0xdd
0x19: 0x19
1x: Error: error parsing byte: 1x
end
echo "bpftool 7.1.0: as described"
