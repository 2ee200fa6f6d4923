#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Mail::DeliveryStatus::BounceParser 1.543 (Perl): is_bounce().
#
# Guess: is_bounce() tells bounces from other mail: false for an ordinary message, a complaint (RFC 5965), a read
#        receipt (RFC 8098).
# Seen:  true for all three; addresses() and reports() are empty then. False for delays, and for DSNs of what was
#        delivered or relayed.
# So:    a mailbox that takes replies, complaints and bounces cannot be sorted by it; addresses() is what tells.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq libmail-deliverystatus-bounceparser-perl=1.543+repacked-1 libmime-tools-perl=5.510-1 \
	libmailtools-perl=2.21-2 libtimedate-perl=2.3300-2 libconvert-binhex-perl=1.125-3 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done

cat >parse.pl <<'end'
use Mail::DeliveryStatus::BounceParser;
local $/;
my $bounce = Mail::DeliveryStatus::BounceParser->new(scalar <STDIN>);
print "$ARGV[0]: bounce ", ($bounce->is_bounce ? 'yes' : 'no'), ', addresses ', scalar $bounce->addresses, "\n";
end
parse() { PERL5LIB=usr/share/perl5 perl parse.pl "$1"; }
# usage: report TYPE FIELDS: a multipart/report of that type, its second part with these fields
report() {
	printf 'From: mx@example.net\nTo: alice@example.com\nSubject: report\nMIME-Version: 1.0\n'
	printf 'Content-Type: multipart/report; report-type=%s; boundary="b"\n\n' "$1"
	printf -- '--b\nContent-Type: text/plain\n\nA report.\n\n--b\nContent-Type: message/%s\n\n' "$1"
	printf '%b\n--b\nContent-Type: message/rfc822\n\nFrom: alice@example.com\n\nHello.\n\n--b--\n' "$2"
}
dsn() { report delivery-status "Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; bob@example.net\n$1\n"; }
{
	printf 'From: bob@example.net\nTo: alice@example.com\nSubject: lunch\n\nAt noon?\n' | parse ordinary
	report feedback-report 'Feedback-Type: abuse\nUser-Agent: loop/1\nVersion: 1\n' | parse complaint
	report disposition-notification 'Final-Recipient: rfc822; bob@example.net\nDisposition: manual-action/MDN-sent-manually; displayed\n' |
		parse 'read receipt'
	dsn 'Action: failed\nStatus: 5.1.1' | parse failed
	dsn 'Action: delayed\nStatus: 4.4.1' | parse delayed
	dsn 'Action: delivered\nStatus: 2.0.0' | parse delivered
} | tee seen
diff - seen <<'end'
ordinary: bounce yes, addresses 0
complaint: bounce yes, addresses 0
read receipt: bounce yes, addresses 0
failed: bounce yes, addresses 1
delayed: bounce no, addresses 0
delivered: bounce no, addresses 0
end
echo "Mail::DeliveryStatus::BounceParser 1.543: as described"
