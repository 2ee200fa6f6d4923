#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# sender-rewriting-scheme 1.0.0 (npm) and Mail::SRS 0.31 (Debian, the reference): one scheme, one secret.
#
# Guess: both make the same address, so two hosts of a domain can share a secret. An address that somebody has
#        lower-cased is still reversed, for local parts lose their case on the way.
# Seen:  the hashes differ (hexadecimal against base64), and neither reverses an address of the other. Mail::SRS
#        reverses a lower-cased address, with a warning; sender-rewriting-scheme returns null, without an error.
# So:    bounces to addresses of the other host are refused, and some of one's own are lost without a word.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts sender-rewriting-scheme@1.0.0 >/dev/null
apt-get download -qq libmail-srs-perl=0.31-9 libdigest-hmac-perl=1.04+dfsg-2 libmldbm-perl=2.05-4 2>/dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
cat >srs.js <<'end'
const { SRS } = require('sender-rewriting-scheme');
const srs = new SRS({ secret: 'example' });
const [, , direction, address] = process.argv;
try {
	console.log(direction === 'forward' ? srs.forward(address, 'forward.example') : srs.reverse(address));
} catch (error) {
	console.log(`error: ${error.message}`);
}
end
cat >srs.pl <<'end'
use Mail::SRS::Guarded;
my $srs = Mail::SRS::Guarded->new(Secret => "example");
my ($direction, $address) = @ARGV;
my $answer = eval { $srs->$direction($address, "forward.example") } || "error: $@";
print $answer =~ s/ at .*//sr =~ s/in `.*?': //r, "\n";
end
node_srs() { node srs.js "$@"; }
perl_srs() { perl -Iusr/share/perl5 srs.pl "$@" 2>/dev/null; }
of_node=$(node_srs forward bob@example.com)
of_perl=$(perl_srs forward bob@example.com)
{
	echo "same address: $([ "$of_node" = "$of_perl" ] && echo yes || echo no)"
	echo "npm reverses its own: $(node_srs reverse "$of_node")"
	echo "npm reverses Perl's: $(node_srs reverse "$of_perl")"
	echo "npm reverses its own, lower-cased: $(node_srs reverse "${of_node,,}")"
	echo "Perl reverses its own: $(perl_srs reverse "$of_perl")"
	echo "Perl reverses npm's: $(perl_srs reverse "$of_node")"
	echo "Perl reverses its own, lower-cased: $(perl_srs reverse "${of_perl,,}")"
} | tee seen
diff - seen <<'end'
same address: no
npm reverses its own: bob@example.com
npm reverses Perl's: error: Invalid SRS0
npm reverses its own, lower-cased: null
Perl reverses its own: bob@example.com
Perl reverses npm's: error: Parse error Invalid hash
Perl reverses its own, lower-cased: bob@example.com
end
echo "sender-rewriting-scheme 1.0.0 and Mail::SRS 0.31: as described"
