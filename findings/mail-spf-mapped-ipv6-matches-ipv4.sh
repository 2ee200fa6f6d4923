#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Mail::SPF 2.9.0 and pyspf 2.0.14 (Debian): an IPv4 client and an ip6 mechanism of the IPv4-mapped form.
#
# Guess: neither matches: RFC 7208 section 5.6 compares an IPv4 client with ip4 networks only.
# Seen:  pyspf says fail. Mail::SPF says pass for ip6:::ffff:192.0.2.1.
# So:    "spf=pass" of such a record depends on who looks.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq python3-spf=2.0.14-3 python3-dnspython=2.3.0-1+deb12u1 \
	libmail-spf-perl=2.9.0-5 libnet-dns-resolver-programmable-perl=0.009-2 \
	libnet-dns-perl=1.36-1+deb12u1 libnetaddr-ip-perl=4.079+dfsg-2+b1 liberror-perl=0.17029-2 \
	liburi-perl=5.17-1 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
cat >records <<'end'
v=spf1 ip4:192.0.2.1 -all
v=spf1 ip6:2001:db8::1 -all
v=spf1 ip6:::ffff:192.0.2.1 -all
end
cat >ask.py <<'end'
import spf
for record in open('records').read().splitlines():
	def look_up(name, kind, *ignored, **also):
		return [((name, kind), (record.encode(),))] if kind == 'TXT' else []
	spf.DNSLookup = look_up
	print(f"pyspf {spf.check2(i='192.0.2.1', s='bob@example.com', h='mx.example.com')[0]}: {record}")
end
cat >ask.pl <<'end'
use Mail::SPF;
use Net::DNS::Resolver::Programmable;
open my $records, '<', 'records';
while (my $record = <$records>) {
	chomp $record;
	my $resolver = Net::DNS::Resolver::Programmable->new(resolver_code => sub {
		my ($name, $type) = @_;
		return ('NXDOMAIN', undef) if $type ne 'TXT';
		return ('NOERROR', undef, Net::DNS::RR->new(owner => $name, type => 'TXT', txtdata => [$record]));
	});
	my $result = Mail::SPF::Server->new(dns_resolver => $resolver)->process(Mail::SPF::Request->new(
		versions => [1], scope => 'mfrom', identity => 'bob@example.com', ip_address => '192.0.2.1'));
	print 'Mail::SPF ', $result->code, ": $record\n";
}
end
{
	PYTHONPATH=usr/lib/python3/dist-packages python3 ask.py
	PERL5LIB=usr/share/perl5:$(echo usr/lib/*/perl5/5.36) perl ask.pl
} | tee seen
diff - seen <<'end'
pyspf pass: v=spf1 ip4:192.0.2.1 -all
pyspf fail: v=spf1 ip6:2001:db8::1 -all
pyspf fail: v=spf1 ip6:::ffff:192.0.2.1 -all
Mail::SPF pass: v=spf1 ip4:192.0.2.1 -all
Mail::SPF fail: v=spf1 ip6:2001:db8::1 -all
Mail::SPF pass: v=spf1 ip6:::ffff:192.0.2.1 -all
end
echo "Mail::SPF 2.9.0, pyspf 2.0.14: as described"
