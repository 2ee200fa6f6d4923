#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# deep-email-validator 0.1.27 and email-deep-validator 3.3.0 (npm): a domain with a null MX (RFC 7505).
#
# Guess: `MX 0 .` says that the domain takes no mail, so both call its addresses invalid.
# Seen:  both call them valid: any MX record counts, its name is not looked at. A domain without MX is invalid for
#        both, even where it has an A record (RFC 5321, 5.1: mail goes there).
# So:    a form that is guarded by them lets in the domains that say that they take no mail, and keeps out some that do.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-fund --no-audit deep-email-validator@0.1.27 email-deep-validator@3.3.0 >/dev/null

cat >validate.js <<'end'
const dgram = require('dgram'), dns = require('dns');
const null_mx = Buffer.from([0, 0, 0]);
const mx = Buffer.concat([Buffer.from([0, 10, 2]), Buffer.from('mx'), Buffer.from([0xc0, 12])]);
const zone = { null: null_mx, mx, 'only-a': null };

/* Answers one question: an MX of the zone, 192.0.2.1 for A, else nothing. */
function answer(query) {
	const name = query.subarray(13, 13 + query[12]).toString();
	let end = 12;
	while (query[end]) end += query[end] + 1;
	const type = query.readUInt16BE(end + 1);
	const data = type === 15 ? zone[name] : type === 1 ? Buffer.from([192, 0, 2, 1]) : null;
	const head = Buffer.from(query.subarray(0, 12));
	head.writeUInt16BE(0x8180, 2);
	head.writeUInt16BE(data ? 1 : 0, 6);
	head.writeUInt16BE(0, 8);
	head.writeUInt16BE(0, 10);
	const record = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, data ? data.length : 0]);
	return Buffer.concat([head, query.subarray(12, end + 5), ...(data ? [record, data] : [])]);
}

const server = dgram.createSocket('udp4');
server.on('message', (query, from) => server.send(answer(query), from.port, from.address));
server.bind(0, '127.0.0.1', async () => {
	dns.setServers([`127.0.0.1:${server.address().port}`]);
	const deep = require('deep-email-validator').validate;
	const Other = require('email-deep-validator');
	for (const name of Object.keys(zone)) {
		const email = `bob@${name}.example.com`;
		const first = await deep({ email, validateSMTP: false, validateTypo: false, validateDisposable: false });
		const second = await new Other({ verifyMailbox: false }).verify(email);
		console.log(`${name}: ${first.valid} ${second.validDomain}`);
	}
	server.close();
	process.exit();
});
end
node validate.js | tee seen
diff - seen <<'end'
null: true true
mx: true true
only-a: false false
end
echo "deep-email-validator 0.1.27, email-deep-validator 3.3.0: as described"
