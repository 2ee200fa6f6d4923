#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# logwatch 7.7 and a transport of master.cf with a syslog_name of its own, as for smtp clients that differ by source
# address.
#
# Guess: `-o syslog_name=postfix/NAME` on a line of master.cf changes nothing in the report: mail that NAME's smtp
#        client sent counts as "Sent via SMTP", as pflogsumm counts it.
# Seen:  it counts as "Delivered", as local mail does; only the client that logs as postfix/smtp is "Sent via SMTP".
#        A program of another prefix, as postfix-out/smtp, is not counted at all.
# So:    the more mail goes by such transports, the less the report shows as sent. Bounces count in the right place.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq logwatch=7.7-1 2>/dev/null
dpkg-deb -x logwatch_*.deb .

# usage: line PROGRAM DSN STATUS: one delivery, as Postfix 3.7 logs it
line() {
	echo "Dec  1 06:00:01 mx $1[100]: A1A1A1A1A1: to=<alice@example.net>," \
		"relay=mx.example.net[192.0.2.25]:25, delay=0.1, delays=0.1/0/0/0, dsn=$2, status=$3"
}
# The first counted row of the summary.
counted() {
	perl usr/share/logwatch/scripts/services/postfix |
		sed -n 's/^ *\([0-9][0-9]*\)  *\([A-Z][^0-9]*[^ 0-9]\)  *[0-9]*$/\1 \2/p' | head -n 1
}
for program in postfix/smtp postfix/bulk/smtp postfix/high-risk/smtp postfix-out/smtp; do
	echo "$program sent: $(line $program 2.0.0 'sent (250 ok)' | counted)"
done | tee seen
for program in postfix/smtp postfix/bulk/smtp; do
	echo "$program bounced: $(line $program 5.1.1 'bounced (host mx.example.net[192.0.2.25] said: 550 no (in reply to RCPT TO command))' | counted)"
done | tee -a seen
diff - seen <<'end'
postfix/smtp sent: 1 Sent via SMTP
postfix/bulk/smtp sent: 1 Delivered
postfix/high-risk/smtp sent: 1 Delivered
postfix-out/smtp sent: 
postfix/smtp bounced: 1 Bounced (remote)
postfix/bulk/smtp bounced: 1 Bounced (remote)
end
echo "logwatch 7.7: as described"
