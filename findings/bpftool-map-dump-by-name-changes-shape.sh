#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# bpftool 7.1.0: maps by name. Needs root; its maps are pinned in a BPF file system of its own.
#
# Guess: `map dump name N` prints the one map of that name, and fails where two have it, as `map lookup` does. A name
#        longer than the kernel's 15 characters is refused at creation.
# Seen:  with one map, -j prints its elements; with two, a list of objects {id, type, name, flags, elements}, exit 0.
#        `map create` cuts a longer name without a word; then no command finds the map by the name that was given.
# So:    a script that reads a dump by name breaks when a container on the host loads the same programs: pin paths
#        are safe.
set -eu
dir=$(mktemp -d)
mkdir "$dir/bpf"
trap 'umount -q "$dir/bpf" || :; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq bpftool=7.1.0+6.1.192-3 2>/dev/null
dpkg-deb -x bpftool_*.deb .
mount -t bpf none bpf
bpftool() { usr/sbin/bpftool "$@"; }
create() { bpftool map create "bpf/$1" type hash key 1 value 1 entries 4 name "$2"; }
shape() { sed 's/"id":[0-9]*/"id":N/g'; }
ask() {
	create one finding_same
	bpftool map update pinned bpf/one key 7 value 9
	bpftool -j map dump name finding_same | shape
	create two finding_same
	bpftool -j map dump name finding_same | shape
	bpftool map lookup name finding_same key 7 2>&1 || :
	create three finding_with_a_long_name
	bpftool map dump name finding_with_a_long_name 2>&1 || :
	bpftool map dump name finding_with_a_
}
ask | tee seen
diff - seen <<'end'
[{"key":["0x07"],"value":["0x09"]}]
[{"id":N,"type":"hash","name":"finding_same","flags":0,"elements":[{"key":["0x07"],"value":["0x09"]}]},{"id":N,"type":"hash","name":"finding_same","flags":0,"elements":[]}]
Error: several maps match this handle
Error: can't parse name
Found 0 elements
end
echo "bpftool 7.1.0: as described"
