#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# esmtp 1.2 (a sendmail(1) of Debian): the null sender on the command line.
#
# Guess: sendmail -f '<>' is the null sender, as in Postfix, Exim and sendmail: MAIL FROM:<>.
# Seen:  MAIL FROM:<<>>. Only -f '' is MAIL FROM:<>.
# So:    automatic answers that a program sends by -f '<>' have a malformed envelope sender, not the null one: a server
#        with strict syntax refuses them, and a rule for the null sender does not see the others.
set -eu
dir=$(mktemp -d)
trap '[ -z "${server:-}" ] || kill "$server"; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq esmtp=1.2-18+b1 libesmtp6=1.1.0-3.1~deb12u1 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done

cat >server.py <<'end'
import socketserver
class Session(socketserver.StreamRequestHandler):
	def handle(self):
		self.wfile.write(b'220 sink.example\r\n')
		body = False
		for line in self.rfile:
			line = line.rstrip(b'\r\n')
			if body and line != b'.':
				continue
			if line.startswith(b'MAIL'):
				open('seen', 'ab').write(line.split()[1] + b'\n')
			body = line == b'DATA'
			self.wfile.write(b'354 go\r\n' if body else b'250 ok\r\n')
server = socketserver.ThreadingTCPServer(('127.0.0.1', 0), Session)
print(server.server_address[1], flush=True)
server.serve_forever()
end
mkfifo port # the server's port number
python3 server.py >port &
server=$!
read -r number <port

echo "hostname = 127.0.0.1:$number" >esmtprc
chmod 600 esmtprc
for sender in 'bob@example.com' '<bob@example.com>' '' '<>'; do
	printf 'From: bob@example.com\nTo: alice@example.net\n\nHello.\n' |
		LD_LIBRARY_PATH=usr/lib/x86_64-linux-gnu usr/bin/esmtp -C esmtprc -f "$sender" alice@example.net
done
cat seen
diff - seen <<'end'
FROM:<bob@example.com>
FROM:<<bob@example.com>>
FROM:<>
FROM:<<>>
end
echo "esmtp 1.2: as described"
