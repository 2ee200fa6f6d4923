#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# ZoneMTA 3.10.3, lib/bounces: the classifier that decides whether a reply is tried again.
#
# Guess: a 4yz reply is deferred and a 5yz reply is final (RFC 5321 section 4.2.1), whatever its text.
# Seen:  the enhanced code outweighs the reply code, in both directions. "450 4.2.1", "452 4.2.2" and "450 4.1.8"
#        are final ("reject"); a 554 that names a blocklist is tried again ("defer").
# So:    the first digit of a reply does not tell what a ZoneMTA sender does with it.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts zone-mta@3.10.3 >/dev/null
cat >ask.js <<'end'
const { check } = require('zone-mta/lib/bounces');
const replies = [
	'450 4.3.0 try again later',
	'450 4.2.1 over quota',
	'452 4.2.2 The mailbox is over quota',
	'450 4.1.8 Sender address rejected: Domain not found',
	'550 5.1.1 User unknown',
	'554 5.7.1 Client host [192.0.2.1] blocked using bl.example',
];
for (const reply of replies) console.log(`${check(reply).action} ${reply}`);
end
node ask.js | tee seen
cat >expected <<'end'
defer 450 4.3.0 try again later
reject 450 4.2.1 over quota
reject 452 4.2.2 The mailbox is over quota
reject 450 4.1.8 Sender address rejected: Domain not found
reject 550 5.1.1 User unknown
defer 554 5.7.1 Client host [192.0.2.1] blocked using bl.example
end
diff expected seen
echo "zone-mta 3.10.3: as described"
