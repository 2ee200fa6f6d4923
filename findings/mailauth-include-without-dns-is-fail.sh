#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# mailauth 4.6.8: SPF while the name server of an included domain fails.
#
# Guess: temperror, as where the sender's own record or an "a" mechanism cannot be looked up: RFC 7208 section 5.2 says
#        that an include whose check returns temperror returns temperror.
# Seen:  fail. The included domain counts as one that does not match, and "-all" follows.
# So:    behind this checker "spf=fail" may mean a name server that is down for a minute. A rule that acts on fail must
#        not treat it as the owner's word.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts mailauth@4.6.8 >/dev/null
cat >ask.js <<'end'
const { spf } = require('mailauth/lib/spf');
const unanswered = Object.assign(new Error('queryTxt ESERVFAIL'), { code: 'ESERVFAIL' });
const ask = async (label, records) => {
	const resolver = async (name, type) => {
		const answer = records[`${name} ${type}`];
		if (!answer) throw unanswered;
		return answer;
	};
	const result = await spf({ sender: 'ann@example.com', ip: '192.0.2.1', helo: 'mx.example.net',
		mta: 'mx.example.org', resolver });
	console.log(`${label}: ${result.status.result}`);
};
(async () => {
	await ask('own record unanswered', {});
	await ask('a unanswered', { 'example.com TXT': [['v=spf1 a -all']] });
	await ask('include unanswered', { 'example.com TXT': [['v=spf1 include:example.net -all']] });
	await ask('include answered', { 'example.com TXT': [['v=spf1 include:example.net -all']],
		'example.net TXT': [['v=spf1 ip4:192.0.2.1 -all']] });
})();
end
node ask.js | tee seen
diff - seen <<'end'
own record unanswered: temperror
a unanswered: temperror
include unanswered: fail
include answered: pass
end
echo "mailauth 4.6.8: as described"
