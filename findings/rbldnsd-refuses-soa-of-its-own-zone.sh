#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# rbldnsd 1.0~20210120: a query for the SOA or NS record of a zone that it serves.
#
# Guess: without a $SOA line the zone has no SOA record, so the answer is NOERROR without data, as for A and TXT.
# Seen:  REFUSED (5), the answer for a zone that it does not serve; A and TXT of the same name are NOERROR without data.
# So:    a check of a blocklist's health by its SOA record reports a working list as gone. Ask for its test address.
set -eu
dir=$(mktemp -d)
chmod 755 "$dir"
trap '[ -z "${server:-}" ] || kill "$server"; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq rbldnsd=1.0~20210120-2 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
printf ':127.0.0.2:listed\n192.0.2.1\n' >zone

port=$((20000 + $$ % 20000))
user=
[ "$(id -u)" != 0 ] || user='-u nobody'
# shellcheck disable=SC2086 # two words
usr/sbin/rbldnsd -n $user -w "$dir" -b 127.0.0.1/$port bl.example:ip4set:zone >log 2>&1 &
server=$!

cat >ask.py <<'end'
import socket, struct, sys, time
types = {'A': 1, 'NS': 2, 'SOA': 6, 'TXT': 16}
def ask(name, kind):
	question = b''.join(bytes([len(label)]) + label.encode() for label in name.split('.')) + b'\0'
	query = struct.pack('>HHHHHH', 7, 0, 1, 0, 0, 0) + question + struct.pack('>HH', types[kind], 1)
	client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	client.connect(('127.0.0.1', int(sys.argv[1])))
	client.settimeout(1)
	for attempt in range(20):
		try:
			client.send(query)
			return client.recv(4096)
		except OSError:
			time.sleep(0.1)
	sys.exit('no answer')
for name, kind in (('1.2.0.192.bl.example', 'A'), ('bl.example', 'A'), ('bl.example', 'TXT'),
		('bl.example', 'SOA'), ('bl.example', 'NS'), ('other.example', 'SOA')):
	reply = ask(name, kind)
	print(name, kind, 'rcode', reply[3] & 15, 'answers', struct.unpack('>H', reply[6:8])[0])
end
python3 ask.py $port | tee seen
diff - seen <<'end'
1.2.0.192.bl.example A rcode 0 answers 1
bl.example A rcode 0 answers 0
bl.example TXT rcode 0 answers 0
bl.example SOA rcode 5 answers 0
bl.example NS rcode 5 answers 0
other.example SOA rcode 5 answers 0
end
echo "rbldnsd 1.0~20210120: as described"
