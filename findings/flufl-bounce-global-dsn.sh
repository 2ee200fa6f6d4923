#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# flufl.bounce 4.0 (Mailman's detector of bounces) and delivery reports for internationalised mail (RFC 6533).
#
# Guess: message/global-delivery-status is read as message/delivery-status is, and the address type utf-8 as rfc822.
# Seen:  neither: a report with one of the two names no failed recipient at all, though the address is plain ASCII.
# So:    a list whose members' servers answer by RFC 6533 never learns that their mailboxes are gone.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq python3-flufl.bounce=4.0-3 python3-public=2.3-4 python3-zope.interface=5.5.2-1+b1 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done

cat >scan.py <<'end'
import email
from flufl.bounce import all_failures

REPORT = '''From: MAILER-DAEMON@mx.example.net
To: alice@example.com
Subject: Undelivered mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=%s; boundary="b"

--b
Content-Type: text/plain

No such mailbox.

--b
Content-Type: message/%s

Reporting-MTA: dns; mx.example.net

Final-Recipient: %s; bob@example.net
Action: failed
Status: 5.1.1

--b--
'''
for kind, type in (('delivery-status', 'rfc822'), ('delivery-status', 'utf-8'),
                   ('global-delivery-status', 'rfc822'), ('global-delivery-status', 'utf-8')):
    failures = all_failures(email.message_from_string(REPORT % (kind, kind, type)))
    print(kind, type, [address.decode() for address in sorted(failures[1])])
end
PYTHONPATH=usr/lib/python3/dist-packages python3 -W ignore scan.py | tee seen
diff - seen <<'end'
delivery-status rfc822 ['bob@example.net']
delivery-status utf-8 []
global-delivery-status rfc822 []
global-delivery-status utf-8 []
end
echo "flufl.bounce 4.0: as described"
