/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the first corpus from tables. */
#include "fuzz/packet_seeds.h"

#include <stdbool.h>
#include <string.h>

#include "packet/packet.h"

#define LENGTH(array)	       (sizeof(array) / sizeof(*(array)))
#define SHAPE(shape, around)   ((shape) | (around) << 4)
#define QUOTE(missing, around) ((missing) | (around) << 5)
#define FIRST_FLOW	       1

/* A packet of each kind: egress and ingress, with and without a flow. */
static const struct {
	const char *name;
	struct packet_op op;
} packets[] = {
	{"data", {.flags = ACK | PSH, .payload = 99}},
	{"syn-again", {.flags = SYN}},
	{"fin", {.flags = FIN | ACK}},
	{"rst", {.flags = RST | ACK}},
	{"timestamp", {.shape = SHAPE_TIMESTAMP, .flags = ACK}},
	{"tcp-options", {.shape = SHAPE_TCP_OPTIONS, .flags = ACK, .payload = 5}},
	{"option", {.shape = SHAPE(SHAPE_TCP, AROUND_OPTION), .flags = ACK, .payload = 5}},
	{"options", {.shape = SHAPE(SHAPE_TCP, AROUND_OPTIONS), .flags = ACK}},
	{"many-headers", {.shape = SHAPE(SHAPE_TCP, AROUND_MOST), .flags = ACK}},
	{"too-many-headers", {.shape = SHAPE(SHAPE_TCP, AROUND_TOO_MANY), .flags = ACK}},
	{"authentication", {.shape = SHAPE(SHAPE_TCP, AROUND_AUTHENTICATION), .flags = ACK}},
	{"first-fragment", {.shape = SHAPE(SHAPE_TCP, AROUND_FIRST_FRAGMENT), .payload = 64}},
	{"later-fragment", {.shape = SHAPE(SHAPE_TCP, AROUND_LATER_FRAGMENT), .payload = 64}},
	{"vlan", {.flags = ACK, .payload = 9, .extras = 1}},
	{"two-vlans", {.flags = ACK, .payload = 9, .extras = 2}},
	{"three-vlans", {.flags = ACK, .extras = 3}},
	{"gso", {.flags = ACK, .payload = 250, .extras = EXTRA_GSO | EXTRA_LONG}},
	{"padded", {.flags = ACK, .extras = EXTRA_PADDING}},
	{"ports-only", {.flags = ACK, .missing = 16}},
	{"half-a-header", {.flags = ACK, .missing = 1}},
	{"no-ports", {.flags = ACK, .missing = 18}},
	{"other-port", {.flags = SYN, .ports = 0xd0}},
	{"udp", {.shape = SHAPE_UDP, .payload = 20}},
	{"gre", {.shape = SHAPE_GRE, .payload = 20}},
	{"unreachable", {.shape = SHAPE_UNREACHABLE, .flags = ACK, .payload = 20}},
	{"too-big", {.shape = SHAPE_TOO_BIG, .flags = ACK, .extras = EXTRA_ROUTER, .quote = 12}},
	{"exceeded", {.shape = SHAPE_TIME_EXCEEDED, .flags = SYN, .extras = EXTRA_ROUTER}},
	{"parameter", {.shape = SHAPE_PARAMETER, .flags = ACK, .quote = 2}},
	{"redirect", {.shape = SHAPE_REDIRECT, .flags = ACK}},
	{"echo", {.shape = SHAPE_ECHO}},
	{"quote-of-7", {.shape = SHAPE_UNREACHABLE, .flags = ACK, .quote = 13}},
	{"quote-options", {.shape = SHAPE_UNREACHABLE, .quote = QUOTE(12, AROUND_OPTIONS)}},
	{"quote-fragment", {.shape = SHAPE_UNREACHABLE, .quote = QUOTE(0, AROUND_FIRST_FRAGMENT)}},
	{"error-options", {.shape = SHAPE(SHAPE_TIME_EXCEEDED, AROUND_OPTIONS), .flags = ACK}},
	{"error-fragment", {.shape = SHAPE(SHAPE_UNREACHABLE, AROUND_FIRST_FRAGMENT)}},
	{"error-vlan", {.shape = SHAPE_UNREACHABLE, .flags = ACK, .extras = 1}},
};

/* Whole flows: sequences of packets that belong together. */
static const struct {
	const char *name;
	struct packet_op ops[12];
} lives[] = {
	{"conversation",
	 {{.flags = SYN},
	  {.kind = OP_IN, .flow = FIRST_FLOW, .flags = SYN | ACK},
	  {.flow = FIRST_FLOW, .flags = ACK, .sequence = 1},
	  {.kind = OP_IN_XDP, .flow = FIRST_FLOW, .flags = ACK | PSH, .payload = 40},
	  {.flow = FIRST_FLOW, .flags = FIN | ACK, .sequence = 1},
	  {.kind = OP_IN, .flow = FIRST_FLOW, .flags = FIN | ACK}}},
	{"port-taken",
	 {{.flags = SYN},
	  {.flags = SYN, .ends = 1},
	  {.flags = SYN, .ends = 2},
	  {.kind = OP_IN, .flow = 2, .flags = ACK},
	  {.kind = OP_IN_XDP, .flow = 2, .flags = ACK},
	  {.kind = OP_IN, .shape = SHAPE_UNREACHABLE, .flow = 2, .flags = ACK},
	  {.kind = OP_IN_XDP, .shape = SHAPE_UNREACHABLE, .flow = 2, .quote = 12},
	  {.shape = SHAPE_UNREACHABLE, .flow = 2, .flags = ACK},
	  {.flow = 2, .flags = ACK}}},
	{"reopened",
	 {{.flags = SYN},
	  {.kind = OP_IN, .flow = FIRST_FLOW, .flags = RST | ACK},
	  {.flags = SYN, .sequence = 5},
	  {.flags = RST, .sequence = 5},
	  {.flags = SYN, .sequence = -5}}},
	{"timestamps",
	 {{.shape = SHAPE_TIMESTAMP, .flags = SYN, .timestamp = 1},
	  {.shape = SHAPE_TIMESTAMP, .flags = FIN | ACK, .timestamp = 2},
	  {.shape = SHAPE_TIMESTAMP, .flags = SYN, .timestamp = 3}}},
	{"cut",
	 {{.flags = SYN},
	  {.kind = OP_CUT, .ends = 1},
	  {.flags = ACK | PSH, .payload = 80, .extras = EXTRA_GSO},
	  {.kind = OP_IN, .flow = FIRST_FLOW, .flags = ACK},
	  {.flags = SYN, .sequence = 9}}},
	{"blocked", {{.kind = OP_VERDICT, .ends = 1, .flags = 3}, {.flags = SYN}, {.flags = ACK}}},
	{"passed",
	 {{.kind = OP_VERDICT, .ends = 1, .flags = 2},
	  {.flags = SYN},
	  {.kind = OP_VERDICT, .ends = 1},
	  {.flags = ACK},
	  {.kind = OP_IN, .flow = FIRST_FLOW, .flags = ACK},
	  {.flags = SYN, .ports = 1}}},
	{"over-limit",
	 {{.kind = OP_VERDICT, .ends = 1, .payload = 1 | 1 << 2, .extras = 1},
	  {.flags = SYN},
	  {.flags = SYN, .ports = 1},
	  {.flags = SYN, .ports = 2}}},
	{"over-limit-drop",
	 {{.kind = OP_VERDICT, .ends = 1, .flags = 0x30, .payload = 1 | 1 << 2},
	  {.flags = SYN},
	  {.flags = SYN, .ports = 1}}},
	{"flow-limit",
	 {{.kind = OP_VERDICT, .ends = 1, .missing = 1},
	  {.flags = SYN},
	  {.flags = SYN, .ports = 1}}},
	{"verdict-over",
	 {{.kind = OP_VERDICT, .ends = 1, .sequence = 1, .ports = 0x10}, {.flags = SYN}}},
	{"pool-empty", {{.kind = OP_VERDICT, .ends = 1, .ports = 2}, {.flags = SYN}}},
	{"pool-instead", {{.kind = OP_VERDICT, .ends = 1, .ports = 3}, {.flags = SYN}}},
	{"marked",
	 {{.flags = SYN, .ends = 4, .extras = EXTRA_MARK},
	  {.flags = ACK, .ends = 4},
	  {.flags = ACK, .ends = 4, .ports = 1, .extras = EXTRA_MARK}}},
	{"handles",
	 {{.flags = SYN, .ends = 2},
	  {.flags = SYN, .ends = 3},
	  {.flags = ACK, .ends = 2, .ports = 1}}},
	{"stranger", {{.flags = ACK, .ends = 4}, {.flags = SYN, .ends = 4, .ports = 1}}},
	{"hairpin",
	 {{.flags = SYN, .ends = 0x50}, {.flags = SYN, .ends = 0x70}, {.flags = SYN, .ends = 5}}},
	{"expired",
	 {{.flags = SYN}, {.flags = SYN, .ends = 1}, {.kind = OP_EXPIRE}, {.flags = ACK}}},
	{"forgotten", {{.flags = SYN}, {.kind = OP_FORGET}, {.flags = ACK}}},
};

/* In tc and XDP, with and without a link header; each family has its own ends. */
static const struct {
	const char *name;
	enum packet_op_kind out, in;
	uint8_t ends;
} ways[] = {
	{"v4", OP_OUT, OP_IN, 0},	   {"v6", OP_OUT, OP_IN, ENDS_IPV6},
	{"v4-xdp", OP_OUT, OP_IN_XDP, 0},  {"v6-xdp", OP_OUT, OP_IN_XDP, ENDS_IPV6},
	{"v4-l3", OP_OUT_L3, OP_IN_L3, 0}, {"v6-l3", OP_OUT_L3, OP_IN_L3, ENDS_IPV6},
};

#define LIVES (LENGTH(lives) * 2 + 2)

size_t packet_seeds_count(void)
{
	return LENGTH(packets) * LENGTH(ways) + LIVES;
}

static void add(struct packet_seed *seed, struct packet_op op, enum packet_op_kind kind,
		uint8_t ends)
{
	op.kind = kind;
	op.ends |= ends;
	seed->ops[seed->n_ops++] = op;
}

/* Without a flow; then out, in and out again with one. */
static void get_packet(size_t packet, size_t way, struct packet_seed *seed)
{
	struct packet_op op = packets[packet].op;

	snprintf(seed->name, sizeof(seed->name), "%s-%s", packets[packet].name, ways[way].name);
	add(seed, op, ways[way].in, ways[way].ends);
	add(seed, op, ways[way].out, ways[way].ends);
	add(seed, (struct packet_op){.flags = SYN, .ports = 1}, ways[way].out, ways[way].ends);
	if (!op.ports)
		op.flow = FIRST_FLOW;
	add(seed, op, ways[way].out, ways[way].ends);
	add(seed, op, ways[way].in, ways[way].ends);
	add(seed, op, ways[way].out, ways[way].ends);
}

static void get_life(size_t life, bool ipv6, struct packet_seed *seed)
{
	snprintf(seed->name, sizeof(seed->name), "%s-%s", lives[life].name, ipv6 ? "v6" : "v4");
	for (size_t i = 0; i < LENGTH(lives[life].ops); i++) {
		static const struct packet_op none;
		struct packet_op op = lives[life].ops[i];
		bool is_packet = op.kind <= OP_IN_XDP;

		if (!memcmp(&op, &none, sizeof(op)))
			break;
		add(seed, op, op.kind, is_packet && ipv6 ? ENDS_IPV6 : 0);
	}
}

/* More connections than the maps hold; then closed ones whose ports are wanted again. */
static void get_full(bool closed, struct packet_seed *seed)
{
	snprintf(seed->name, sizeof(seed->name), closed ? "full-closed" : "full");
	for (uint8_t i = 0; i < 16; i++)
		add(seed, (struct packet_op){.flags = SYN, .ends = i / 8, .ports = i % 8}, OP_OUT,
		    0);
	for (uint8_t i = 1; closed && i <= 12; i++)
		add(seed, (struct packet_op){.flags = RST, .flow = i}, OP_IN, 0);
	for (uint8_t i = 0; closed && i < 16; i++)
		add(seed,
		    (struct packet_op){.flags = SYN, .sequence = 7, .ends = i / 8, .ports = i % 8},
		    OP_OUT, 0);
}

void packet_seeds_get(size_t index, struct packet_seed *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (index < LENGTH(packets) * LENGTH(ways)) {
		get_packet(index / LENGTH(ways), index % LENGTH(ways), ret);
		return;
	}
	index -= LENGTH(packets) * LENGTH(ways);
	if (index < LENGTH(lives) * 2)
		get_life(index / 2, index % 2, ret);
	else
		get_full(index % 2, ret);
}
