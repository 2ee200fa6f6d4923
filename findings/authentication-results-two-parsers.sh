#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# python3-authres 1.2.0 and Mail::AuthenticationResults 2.20230112 (Debian): values of RFC 8601 that are not plain words.
#
# Guess: both take a quoted authserv-id, a quoted local part, a UTF-8 mailbox (RFC 8616) and an IPv6 address, and say
#        the same.
# Seen:  authres refuses the whole header for a quoted authserv-id, for UTF-8, and for an IPv6 address without quotes
#        (an IPv4 one is taken). Mail::AuthenticationResults takes them, but tears "bob b"@example.com apart: the value
#        is "bob b", and a second property is named @example.com.
# So:    one mailbox of one header is another sender in each parser, and a host that writes policy.iprev for IPv6
#        clients hides its spf and dkim results from authres.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq python3-authres=1.2.0-3 libmail-authenticationresults-perl=2.20230112-1 libclone-perl=0.46-1 \
	2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
cat >headers <<'end'
mx.example.org; spf=pass smtp.mailfrom=bob@example.com
"mx.example.org"; spf=pass smtp.mailfrom=bob@example.com
mx.example.org; spf=pass smtp.mailfrom="bob b"@example.com
mx.example.org; spf=pass smtp.mailfrom=bücher@example.com
mx.example.org; iprev=pass policy.iprev=192.0.2.1
mx.example.org; iprev=pass policy.iprev=2001:db8::1
end
cat >ask.py <<'end'
import authres
for line in open('headers', encoding='utf-8'):
	try:
		results = authres.AuthenticationResultsHeader.parse_value(line.strip()).results
		print('authres:', ', '.join(f'{p.type}.{p.name}=[{p.value}]' for p in results[0].properties))
	except authres.core.SyntaxError:
		print('authres: refused')
end
cat >ask.pl <<'end'
use Mail::AuthenticationResults::Parser;
open my $headers, '<', 'headers';
while (<$headers>) {
	chomp;
	my $result = Mail::AuthenticationResults::Parser->new->parse($_)->children->[0];
	print "Perl: ", join(', ', map { $_->key . '=[' . $_->value . ']' } @{$result->children}), "\n";
}
end
PYTHONPATH=usr/lib/python3/dist-packages python3 ask.py >of-authres
PERL5LIB=usr/share/perl5:$(echo usr/lib/*/perl5/5.36) perl ask.pl >of-perl
paste -d '\n' of-authres of-perl | tee seen
diff - seen <<'end'
authres: smtp.mailfrom=[bob@example.com]
Perl: smtp.mailfrom=[bob@example.com]
authres: refused
Perl: smtp.mailfrom=[bob@example.com]
authres: smtp.mailfrom=["bob b"@example.com]
Perl: smtp.mailfrom=[bob b], @example.com=[]
authres: refused
Perl: smtp.mailfrom=[bücher@example.com]
authres: policy.iprev=[192.0.2.1]
Perl: policy.iprev=[192.0.2.1]
authres: refused
Perl: policy.iprev=[2001:db8::1]
end
echo "authres 1.2.0, Mail::AuthenticationResults 2.20230112: as described"
