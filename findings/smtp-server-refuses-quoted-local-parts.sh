#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# smtp-server 3.21.6 (the listener of ZoneMTA): envelope addresses with a quoted local part.
#
# Guess: <"a b"@example.com> is accepted: RFC 5321 4.1.2 lets a quoted string hold blanks and @. <postmaster> without a
#        domain is accepted in MAIL and RCPT.
# Seen:  501 for a blank or an @ inside the quotes, in MAIL and RCPT; quotes around other characters are accepted.
#        <postmaster> is a recipient, but no sender.
# So:    mail of such a sender is lost for good at the listener (5xx), although nodemailer sends the address rightly.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts smtp-server@3.21.6 nodemailer@7.0.10 >/dev/null
cat >ask.js <<'end'
const { SMTPServer } = require('smtp-server');
const nodemailer = require('nodemailer');
const net = require('net');
const server = new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS'] });
server.on('error', () => {});
const talk = (port, commands) => new Promise(done => {
	const replies = [];
	let rest = '';
	const socket = net.connect(port, '127.0.0.1').on('data', bytes => {
		const lines = (rest + bytes).split('\r\n');
		rest = lines.pop();
		for (const line of lines.filter(l => l[3] === ' ')) {
			replies.push(line);
			if (commands.length)
				socket.write(commands.shift() + '\r\n');
			else
				socket.end(() => done(replies));
		}
	});
});
server.listen(0, '127.0.0.1', async () => {
	const { port } = server.server.address();
	for (const path of ['<"a.b"@example.com>', '<"a@b"@example.com>', '<"a b"@example.com>', '<postmaster>', '<>']) {
		const mail = await talk(port, ['EHLO client.example', `MAIL FROM:${path}`]);
		const rcpt = await talk(port, ['EHLO client.example', 'MAIL FROM:<>', `RCPT TO:${path}`]);
		console.log(`${path}: MAIL ${mail.at(-1).slice(0, 3)} RCPT ${rcpt.at(-1).slice(0, 3)}`);
	}
	const client = nodemailer.createTransport({ host: '127.0.0.1', port, ignoreTLS: true });
	await client.sendMail({ text: 'x', envelope: { from: '"a b"@example.com', to: 'c@example.net' } })
		.catch(error => console.log(`nodemailer: ${error.code} ${error.responseCode} at ${error.command}`));
	process.exit();
});
end
node ask.js | tee seen
diff - seen <<'end'
<"a.b"@example.com>: MAIL 250 RCPT 250
<"a@b"@example.com>: MAIL 501 RCPT 501
<"a b"@example.com>: MAIL 501 RCPT 501
<postmaster>: MAIL 501 RCPT 250
<>: MAIL 250 RCPT 501
nodemailer: EENVELOPE 501 at MAIL FROM
end
echo "smtp-server 3.21.6: as described"
