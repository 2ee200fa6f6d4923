# SPDX-License-Identifier: BSD-2-Clause
# Reads measurements (lines of BENCH_OUT/*.tsv, split) and rows.tsv; medians, quartiles, pairs of arms.

def at($q): sort | .[((length - 1) * $q) | round];
def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;

# The values of two arms, round by round.
def pairs($a; $b): [$a, $b] | transpose | map(select(.[0] != null and .[1] != null));

def measured: reduce inputs as $row ({}; .[$row[0]][$row[1]] += [$row[2] | tonumber]);

def rows($text): [$text | split("\n")[] | select(test("^[^#]")) | split("\t") |
	{figure: .[0], how: .[1], unit: .[2], asked: .[3], label: .[4], text: .[5]}];
