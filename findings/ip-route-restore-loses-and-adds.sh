#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# iproute2 6.1.0: `ip route save` and `ip route restore`. Needs root; runs in a network namespace of its own.
#
# Guess: what `save` wrote `restore` puts back as it was; a route that still exists is left alone; an error is told by
#        the exit status.
# Seen:  a route with a lifetime comes back without it, for ever. Each IPv6 address gets a second local route, with
#        metric 1024, which outlives the address. "File exists" is printed for the others, and the exit status is 0.
# So:    a script that saves the routes, takes an address off an interface and restores them changes the host.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq iproute2=6.1.0-3 libbpf1=1:1.1.2-0+deb12u1 libmnl0=1.0.4-3 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
cat >inside.sh <<'end'
set -eu
LD_LIBRARY_PATH=$(echo usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH
ip() { bin/ip "$@"; }
show() { ip -6 route show "$@" | sed 's/ *$//'; }
ip link add one type veth peer name two
ip link set one up
ip link set two up
ip -6 address add 2001:db8::2/64 dev one nodad
ip -6 route add 2001:db8:1::/48 via 2001:db8::1 expires 600
ip -6 route save table all >routes
ip -6 route delete 2001:db8:1::/48
ip -6 route restore <routes 2>errors && echo "restore: exit status 0, $(sort -u errors)"
show 2001:db8:1::/48
show table local 2001:db8::2
ip -6 address delete 2001:db8::2/64 dev one
echo "without the address:"
show table local 2001:db8::2
end
unshare --net sh inside.sh | tee seen
diff - seen <<'end'
restore: exit status 0, RTNETLINK answers: File exists
2001:db8:1::/48 via 2001:db8::1 dev one metric 1024 pref medium
local 2001:db8::2 dev one proto kernel metric 0 pref medium
local 2001:db8::2 dev one proto kernel metric 1024 pref medium
without the address:
local 2001:db8::2 dev one proto kernel metric 1024 pref medium
end
echo "iproute2 6.1.0: as described"
