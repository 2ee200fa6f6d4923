#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# zone-mta 3.10.3: `ratio` of the addresses of a pool (a new address gets a smaller share of the mail).
#
# Guess: ratio 0 takes an address out, as its README says; ratios of all addresses that add up to one are their shares.
# Seen:  ratio 0 is the same as none: the address gets an equal share. Where every address has a ratio the list to
#        choose from is empty. An address without ratio gets the rest.
# So:    a resting address must leave the pool, and one address of a pool must stay without ratio.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts zone-mta@3.10.3 >/dev/null
cat >ask.js <<'end'
const { divideLoad } = require('zone-mta/lib/address-tools');
const show = (label, ratios) => {
	const pool = ratios.map((ratio, i) => ({ address: `192.0.2.${i + 1}`, ...(ratio !== null && { ratio }) }));
	const list = divideLoad(pool);
	console.log(`${label}:`, pool.map(a => list.filter(b => b.address === a.address).length).join(' '));
};
show('no ratio', [null, null]);
show('1/20, none', [1 / 20, null]);
show('0, none', [0, null]);
show('1, none', [1, null]);
show('1/2, 1/2', [1 / 2, 1 / 2]);
show('1/4, 3/4', [1 / 4, 3 / 4]);
show('1/4, 1/4, none', [1 / 4, 1 / 4, null]);
end
node ask.js | tee seen
diff - seen <<'end'
no ratio: 1 1
1/20, none: 1 19
0, none: 1 1
1, none: 1 0
1/2, 1/2: 0 0
1/4, 3/4: 0 0
1/4, 1/4, none: 1 1 2
end
echo "zone-mta 3.10.3: as described"
