#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Exim 4.96: the expansion ${mask:ADDRESS/LENGTH}, which makes a network of an address.
#
# Guess: ${mask:2001:db8::1/64} is 2001:db8::/64, as ${mask:192.0.2.99/24} is 192.0.2.0/24.
# Seen:  2001.0db8.0000.0000.0000.0000.0000.0000/64: eight full groups between dots, which no address parser reads.
# So:    a lookup or an API that is asked by network (a /64, as blocklists count IPv6) needs ${ipv6norm:…} of the
#        result with the dots turned back into colons.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq exim4-daemon-light=4.96-15+deb12u11 2>/dev/null
dpkg-deb -x exim4-daemon-light*.deb .
printf 'exim_user = root\nexim_group = root\nspool_directory = %s/spool\nlog_file_path = %s/%%slog\n' "$dir" "$dir" >conf
echo 'primary_hostname = mail.example' >>conf
# Debian's Exim wants its user to exist; here it does, in a mount namespace of its own.
for file in passwd group; do cp /etc/$file .; done
grep -q ^Debian-exim: passwd || echo 'Debian-exim:x:64110:64110::/nonexistent:/usr/sbin/nologin' >>passwd
grep -q ^Debian-exim: group || echo 'Debian-exim:x:64110:' >>group
cat >ask.sh <<'end'
set -eu
mount --bind passwd /etc/passwd
mount --bind group /etc/group
for expansion in '${mask:192.0.2.99/24}' '${mask:2001:db8::1/64}' '${ipv6norm:2001:db8::1}'; do
	printf '%s %s\n' "$expansion" "$(usr/sbin/exim4 -C "$PWD/conf" -be "$expansion")"
done
end
unshare --mount bash ask.sh | tee seen
diff - seen <<'end'
${mask:192.0.2.99/24} 192.0.2.0/24
${mask:2001:db8::1/64} 2001.0db8.0000.0000.0000.0000.0000.0000/64
${ipv6norm:2001:db8::1} 2001:db8::1
end
echo "Exim 4.96: as described"
