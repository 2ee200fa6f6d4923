# SPDX-License-Identifier: BSD-2-Clause
# The cost that translation adds to a packet or a SYN: a line for each figure, for plot.gp.

include "compare";

rows($rows) as $rows | measured as $values | $rows[] |
select(.how == "added" and $values[.figure]) | $values[.figure] as $v |
[.label] + [("nft", "tc", "xdp") as $arm | [pairs($v[$arm]; $v.none)[] | .[0] - .[1]] | median, at(0.25), at(0.75)] |
map(if type == "string" then "\"\(.)\"" else tostring end) | join("\t")
