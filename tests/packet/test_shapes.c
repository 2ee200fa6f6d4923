// SPDX-License-Identifier: BSD-2-Clause
// Every shape of packet, both families, both directions: what is translated, what is let through as it
// is, what is dropped. A flow is there before each, opened by a SYN.
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <netinet/in.h>

#include "packet/rig.h"

TestSuite(packet_shapes, .init = rig_init, .fini = rig_done, .timeout = 10);

#define OPENING_SEQUENCE 1000

enum outcome { TRANSLATED, UNTOUCHED, DROPPED };

struct shape {
	const char *name;
	/* Beside addresses, source port and, where it is 0, destination port. */
	struct packet_spec spec;
	enum outcome outcome;
	/* Of a packet that is dropped. */
	struct stats counters;
};

static const struct shape shapes_ipv4[] = {
	{"data", {.flags = ACK | PSH, .sequence = 1001, .payload_bytes = 100}, TRANSLATED, {}},
	{"data of an odd length", {.flags = ACK, .payload_bytes = 101}, TRANSLATED, {}},
	{"a bare ACK", {.flags = ACK}, TRANSLATED, {}},
	{"FIN", {.flags = FIN | ACK}, TRANSLATED, {}},
	{"RST", {.flags = RST | ACK}, TRANSLATED, {}},
	{"the same SYN again", {.flags = SYN, .sequence = 1000}, TRANSLATED, {}},
	{"TCP options", {.flags = ACK, .tcp_option_bytes = 40}, TRANSLATED, {}},
	{"one IP option", {.flags = ACK, .payload_bytes = 9, .ip_option_bytes = 4}, TRANSLATED, {}},
	{"most IP options", {.flags = ACK, .ip_option_bytes = 40}, TRANSLATED, {}},
	{"a VLAN tag", {.flags = ACK, .payload_bytes = 9, .vlan_tags = 1}, TRANSLATED, {}},
	{"two VLAN tags", {.flags = ACK, .payload_bytes = 9, .vlan_tags = 2}, TRANSLATED, {}},
	{"three VLAN tags", {.flags = ACK, .vlan_tags = 3}, UNTOUCHED, {}},
	{"no link header", {.flags = ACK, .payload_bytes = 9, .no_link = true}, TRANSLATED, {}},
	{"another port", {.flags = ACK, .destination_port = 26}, UNTOUCHED, {}},
	{"a SYN to another port", {.flags = SYN, .destination_port = 26}, UNTOUCHED, {}},
	{"UDP", {.protocol = IPPROTO_UDP, .payload_bytes = 40}, UNTOUCHED, {}},
	{"no TCP header", {.flags = ACK, .missing_bytes = 20}, UNTOUCHED, {}},
	{"half of the ports", {.flags = ACK, .missing_bytes = 18}, UNTOUCHED, {}},
	{"ports only",
	 {.flags = ACK, .missing_bytes = 16},
	 DROPPED,
	 {.flows_opened = 1, .dropped_malformed = 1}},
	{"all but a byte of TCP",
	 {.flags = ACK, .missing_bytes = 1},
	 DROPPED,
	 {.flows_opened = 1, .dropped_malformed = 1}},
	{"a first fragment",
	 {.flags = ACK, .payload_bytes = 64, .fragment = FIRST_FRAGMENT},
	 DROPPED,
	 {.flows_opened = 1, .dropped_fragment = 1}},
	{"a first fragment of ports only",
	 {.flags = ACK, .fragment = FIRST_FRAGMENT, .missing_bytes = 12},
	 DROPPED,
	 {.flows_opened = 1, .dropped_fragment = 1}},
	{"a later fragment", {.payload_bytes = 64, .fragment = LATER_FRAGMENT}, UNTOUCHED, {}},
};

static const struct shape shapes_ipv6[] = {
	{"data", {.flags = ACK | PSH, .sequence = 1001, .payload_bytes = 100}, TRANSLATED, {}},
	{"data of an odd length", {.flags = ACK, .payload_bytes = 101}, TRANSLATED, {}},
	{"FIN", {.flags = FIN | ACK}, TRANSLATED, {}},
	{"RST", {.flags = RST | ACK}, TRANSLATED, {}},
	{"the same SYN again", {.flags = SYN, .sequence = 1000}, TRANSLATED, {}},
	{"TCP options", {.flags = ACK, .tcp_option_bytes = 40}, TRANSLATED, {}},
	{"two VLAN tags", {.flags = ACK, .payload_bytes = 9, .vlan_tags = 2}, TRANSLATED, {}},
	{"no link header", {.flags = ACK, .payload_bytes = 9, .no_link = true}, TRANSLATED, {}},
	{"another port", {.flags = ACK, .destination_port = 26}, UNTOUCHED, {}},
	{"UDP", {.protocol = IPPROTO_UDP, .payload_bytes = 40}, UNTOUCHED, {}},
	{"hop-by-hop options",
	 {.flags = ACK, .extensions = {IPPROTO_HOPOPTS}, .n_extensions = 1, .payload_bytes = 9},
	 TRANSLATED,
	 {}},
	{"an authentication header",
	 {.flags = ACK, .extensions = {IPPROTO_AH}, .n_extensions = 1},
	 TRANSLATED,
	 {}},
	{"six extension headers",
	 {.flags = ACK,
	  .extensions = {IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_AH,
			 IPPROTO_DSTOPTS, IPPROTO_DSTOPTS},
	  .n_extensions = 6},
	 TRANSLATED,
	 {}},
	{"seven extension headers",
	 {.flags = ACK,
	  .extensions = {IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_AH,
			 IPPROTO_DSTOPTS, IPPROTO_DSTOPTS, IPPROTO_DSTOPTS},
	  .n_extensions = 7},
	 DROPPED,
	 {.flows_opened = 1, .dropped_malformed = 1}},
	{"UDP after extension headers",
	 {.protocol = IPPROTO_UDP, .extensions = {IPPROTO_DSTOPTS}, .n_extensions = 1},
	 UNTOUCHED,
	 {}},
	{"an extension header cut short",
	 {.flags = ACK,
	  .extensions = {IPPROTO_DSTOPTS},
	  .n_extensions = 1,
	  .missing_bytes = 20 + 1},
	 DROPPED,
	 {.flows_opened = 1, .dropped_malformed = 1}},
	{"no TCP header", {.flags = ACK, .missing_bytes = 20}, UNTOUCHED, {}},
	{"ports only",
	 {.flags = ACK, .missing_bytes = 16},
	 DROPPED,
	 {.flows_opened = 1, .dropped_malformed = 1}},
	{"a first fragment",
	 {.flags = ACK, .payload_bytes = 64, .fragment = FIRST_FRAGMENT},
	 DROPPED,
	 {.flows_opened = 1, .dropped_fragment = 1}},
	{"a first fragment after options",
	 {.flags = ACK,
	  .extensions = {IPPROTO_DSTOPTS},
	  .n_extensions = 1,
	  .fragment = FIRST_FRAGMENT},
	 DROPPED,
	 {.flows_opened = 1, .dropped_fragment = 1}},
	{"a later fragment", {.payload_bytes = 64, .fragment = LATER_FRAGMENT}, UNTOUCHED, {}},
};

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

struct ends {
	const char *tenant;
	const char *pool;
	const char *remote;
};
static const struct ends ipv4 = {TENANT4, NORMAL4, REMOTE4};
static const struct ends ipv6 = {TENANT6, NORMAL6, REMOTE6};

static struct packet_spec place(struct packet_spec spec, const struct ends *ends)
{
	spec.source = ends->tenant;
	spec.destination = ends->remote;
	spec.source_port = 40000;
	spec.destination_port = spec.destination_port ?: 25;
	return spec;
}

static void check_egress(const struct shape *shape, const struct ends *ends)
{
	const struct packet_spec syn =
		place((struct packet_spec){.flags = SYN, .sequence = OPENING_SEQUENCE}, ends);
	const struct packet_spec inside = place(shape->spec, ends);
	enum rig_program program = inside.no_link ? EGRESS_L3 : EGRESS;
	struct packet_spec outside = inside;

	cr_log_info("%s out", shape->name);
	outside.source = ends->pool;
	rig_run(EGRESS, &syn, 0, NULL);
	switch (shape->outcome) {
	case TRANSLATED:
		rig_expect_through(program, &inside, &outside);
		cr_assert_eq(rig_flow(&inside).out.packets, 2);
		rig_expect_counters(.flows_opened = 1);
		break;
	case UNTOUCHED:
		rig_expect_untouched(program, &inside);
		rig_expect_counters(.flows_opened = 1);
		break;
	case DROPPED:
		rig_expect_drop(program, &inside);
		rig_expect_stats(&shape->counters);
		break;
	}
	rig_expect_flows(1);
}

/* Nothing is ever dropped on the way in. */
static void check_ingress(const struct shape *shape, const struct ends *ends)
{
	const struct packet_spec syn =
		place((struct packet_spec){.flags = SYN, .sequence = OPENING_SEQUENCE}, ends);
	struct packet_spec inside = place(shape->spec, ends), outside;
	enum rig_program program = inside.no_link ? INGRESS_L3 : INGRESS;

	cr_log_info("%s in", shape->name);
	inside = packet_reply(&inside);
	outside = inside;
	outside.destination = ends->pool;
	rig_run(EGRESS, &syn, 0, NULL);
	if (shape->outcome == TRANSLATED) {
		struct packet_spec out = packet_reply(&outside);

		rig_expect_through(program, &outside, &inside);
		cr_assert_eq(rig_return(&out).in.packets, 1);
	} else {
		rig_expect_untouched(program, &outside);
	}
	rig_expect_counters(.flows_opened = 1);
	rig_expect_flows(1);
}

static struct criterion_test_params indexes(size_t count)
{
	static size_t each[64];

	for (size_t i = 0; i < count; i++)
		each[i] = i;
	return cr_make_param_array(size_t, each, count);
}

ParameterizedTestParameters(packet_shapes, ipv4_out)
{
	return indexes(LENGTH(shapes_ipv4));
}

ParameterizedTest(size_t *index, packet_shapes, ipv4_out)
{
	check_egress(&shapes_ipv4[*index], &ipv4);
}

ParameterizedTestParameters(packet_shapes, ipv4_in)
{
	return indexes(LENGTH(shapes_ipv4));
}

ParameterizedTest(size_t *index, packet_shapes, ipv4_in)
{
	check_ingress(&shapes_ipv4[*index], &ipv4);
}

ParameterizedTestParameters(packet_shapes, ipv6_out)
{
	return indexes(LENGTH(shapes_ipv6));
}

ParameterizedTest(size_t *index, packet_shapes, ipv6_out)
{
	check_egress(&shapes_ipv6[*index], &ipv6);
}

ParameterizedTestParameters(packet_shapes, ipv6_in)
{
	return indexes(LENGTH(shapes_ipv6));
}

ParameterizedTest(size_t *index, packet_shapes, ipv6_in)
{
	check_ingress(&shapes_ipv6[*index], &ipv6);
}
