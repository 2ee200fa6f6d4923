# SPDX-License-Identifier: BSD-2-Clause
# Makes a table of measurements and rows.tsv; called by tests/bench/table. Values are compared within a round; the table
# shows the median of the rounds and the quartiles.

include "compare";

def tidy: if . == null then "-" elif fabs >= 100 then round elif fabs >= 10 then . * 10 | round / 10
	else . * 100 | round / 100 end | tostring;
def spread: "\(median | tidy) (\(at(0.25) | tidy)…\(at(0.75) | tidy))";

def compared($how; $values; $arm):
	if ($values[$arm] // []) == [] then null
	elif $how == "added" then [[$values[$arm], $values.none, $values.nft] | transpose[] |
		select(all(. != null)) | (.[0] - .[1]) / (.[2] - .[1])]
	elif $how == "share" then [pairs($values[$arm]; $values.none)[] | .[0] / .[1]]
	elif $how == "times" then [pairs($values[$arm]; $values.other)[] | .[0] / .[1]]
	elif $how == "lead" then [pairs($values[$arm]; $values.nft)[] | .[0] - .[1]]
	elif $how == "above" then [pairs($values[$arm]; $values.empty)[] | .[0] - .[1]]
	else $values[$arm] end;

def verdict($asked):
	($asked | capture("^(?<sign>[<>]=) (?<number>.*)$")? // null) as $limit |
	if $limit == null or . == null then ""
	elif $limit.sign == "<=" then if . <= ($limit.number | tonumber) then "yes" else "no" end
	elif . >= ($limit.number | tonumber) then "yes" else "no" end;

def cell($values; $arm): if ($values[$arm] // []) == [] then "-" else $values[$arm] | median | tidy end;

def line: "| " + join(" | ") + " |";
def head: line, (map("---") | line);

def section($rows; $values; $how; $title; $names; $arms; $shown):
	[$rows[] | select(.how == $how and $values[.figure])] | select(length > 0) |
	"", $title, "", ($names | head),
	(.[] | . as $row | $values[.figure] as $v |
		[($shown[] | compared($how; $v; .))] as $ratios |
		["\(.text), \(.unit)"] + [$arms[] | cell($v; .)] +
		[$ratios[] | if . == null then "-" else spread end] +
		[.asked, ($ratios[0] | if . == null then "" else median | verdict($row.asked) end)] | line);

rows($rows) as $rows |
measured as $values |
"\($machine.model), \($machine.cpus) processors, Linux \($machine.kernel), \($machine.date),",
"Postern \($machine.version);",
"\($machine.rounds) rounds, medians; in brackets the quartiles of the rounds; load before the start \($machine.load).",
section($rows; $values; "added";
	"CPU time. Ratio: the cost that Postern adds over the cost that nftables adds, within each round.";
	["CPU time of", "no translation", "an empty XDP program", "nftables", "Postern, tc", "Postern, XDP",
		"ratio, tc", "ratio, XDP", "asked for", "reached"];
	["none", "empty", "nft", "tc", "xdp"]; ["tc", "xdp"]),
section($rows; $values; "share";
	"Work in a second of CPU time, both ends included. Share: of the work without translation, within each round.";
	["work", "no translation", "nftables", "Postern, tc", "Postern, XDP",
		"share, tc", "share, XDP", "share, nftables", "asked for", "reached"];
	["none", "nft", "tc", "xdp"]; ["tc", "xdp", "nft"]),
section($rows; $values; "above";
	"The programs alone (BPF_PROG_TEST_RUN). Difference: to the empty program, within each round.";
	["program", "empty", "Postern", "difference", "asked for", "reached"];
	["empty", "postern"]; ["postern"]),
section($rows; $values; "lead";
	"Ports of one pool address towards one destination.";
	["share", "nftables", "Postern", "difference", "asked for", "reached"];
	["nft", "postern"]; ["postern"]),
section($rows; $values; "times"; "Against others, within each round.";
	["figure", "others", "Postern", "times", "asked for", "reached"];
	["other", "postern"]; ["postern"]),
section($rows; $values; "plain"; "And";
	["figure", "nftables", "others", "Postern", "asked for", "reached"];
	["nft", "other"]; ["postern"])
