#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# mailparser 3.9.0: where the machine-readable part of a bounce goes.
#
# Guess: text is the notice alone; message/delivery-status and the returned message are attachments.
# Seen:  the fields of message/delivery-status are appended to text, and no attachment has them. The same fields as
#        message/global-delivery-status (RFC 6533) or message/feedback-report are an attachment.
# So:    code that looks for an attachment of type message/delivery-status finds no bounce but the internationalised.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts mailparser@3.9.0 >/dev/null
cat >ask.js <<'end'
const { simpleParser } = require('mailparser');
const bounce = type => [
	'From: MAILER-DAEMON@mx.example.org', 'To: bob@example.com', 'Subject: Undelivered mail', 'MIME-Version: 1.0',
	'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', '', '--b',
	'Content-Type: text/plain', '', 'Notice.', '--b', `Content-Type: ${type}`, '', 'Reporting-MTA: dns; mx.example.org',
	'', 'Final-Recipient: rfc822; alice@example.net', 'Action: failed', 'Status: 5.1.1', '', '--b',
	'Content-Type: message/rfc822', '', 'From: bob@example.com', 'Subject: hello', '', 'Hello.', '--b--', ''].join('\r\n');
(async () => {
	for (const type of ['message/delivery-status', 'message/global-delivery-status', 'message/feedback-report']) {
		const mail = await simpleParser(bounce(type));
		console.log(`${type}: text has Status ${/^Status: 5.1.1$/m.test(mail.text)},`,
			`attachments ${mail.attachments.map(a => a.contentType).join(' ')}`);
	}
})();
end
node ask.js | tee seen
diff - seen <<'end'
message/delivery-status: text has Status true, attachments message/rfc822
message/global-delivery-status: text has Status false, attachments message/global-delivery-status message/rfc822
message/feedback-report: text has Status false, attachments message/feedback-report message/rfc822
end
echo "mailparser 3.9.0: as described"
