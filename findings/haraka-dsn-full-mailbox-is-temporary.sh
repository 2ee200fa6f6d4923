#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# haraka-dsn 1.2.1: the replies that Haraka's plugins give by name.
#
# Guess: mbox_full() is 552 5.2.2, the reply of RFC 5321 for exceeded storage; addr_unspecified() is a 5yz reply, as
#        the other failures of an address are.
# Seen:  both are temporary: 450 4.2.2 and 450 4.1.0. An explicit code decides the class: mbox_full('…', 552) is 5.2.2.
# So:    a Haraka host defers for a full mailbox where Postfix and Exim reject, and the sender's queue keeps the mail.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts haraka-dsn@1.2.1 >/dev/null
cat >ask.js <<'end'
const dsn = require('haraka-dsn');
const show = (label, reply) => console.log(`${label}: ${reply.code} ${String(reply).split(' ')[0]}`);
show('mbox_full', dsn.mbox_full('full'));
show('mbox_full with 552', dsn.mbox_full('full', 552));
show('addr_unspecified', dsn.addr_unspecified('bad'));
show('addr_bad_dest_mbox', dsn.addr_bad_dest_mbox('unknown'));
end
node ask.js | tee seen
diff - seen <<'end'
mbox_full: 450 4.2.2
mbox_full with 552: 552 5.2.2
addr_unspecified: 450 4.1.0
addr_bad_dest_mbox: 550 5.1.1
end
echo "haraka-dsn 1.2.1: as described"
