/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each shape of packet, in both families and directions: it is translated, passes, or is dropped.
 * Before each packet a SYN has opened a flow.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <netinet/in.h>

#include "packet/rig.h"

TestSuite(packet_shapes, .init = rig_init, .fini = rig_done, .timeout = 10);

enum outcome { TRANSLATED, UNTOUCHED, DROPPED };

struct shape {
	const char *name;
	/* Without addresses and source port; destination port 0: the flow's. */
	struct packet_spec spec;
	enum outcome outcome;
	/* For a packet that is dropped. */
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
	{"a later fragment",
	 {.payload_bytes = 64, .fragment = LATER_FRAGMENT},
	 DROPPED,
	 {.flows_opened = 1, .dropped_fragment = 1}},
	{"a later fragment of UDP",
	 {.protocol = IPPROTO_UDP, .payload_bytes = 64, .fragment = LATER_FRAGMENT},
	 UNTOUCHED,
	 {}},
};

static const struct shape shapes_ipv6[] = {
	{"data", {.flags = ACK | PSH, .sequence = 1001, .payload_bytes = 100}, TRANSLATED, {}},
	{"data of an odd length", {.flags = ACK, .payload_bytes = 101}, TRANSLATED, {}},
	{"FIN", {.flags = FIN | ACK}, TRANSLATED, {}},
	{"RST", {.flags = RST | ACK}, TRANSLATED, {}},
	{"the same SYN again", {.flags = SYN, .sequence = 1000}, TRANSLATED, {}},
	{"TCP options", {.flags = ACK, .tcp_option_bytes = 40}, TRANSLATED, {}},
	{"two VLAN tags", {.flags = ACK, .payload_bytes = 9, .vlan_tags = 2}, TRANSLATED, {}},
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
	{"a later fragment",
	 {.payload_bytes = 64, .fragment = LATER_FRAGMENT},
	 DROPPED,
	 {.flows_opened = 1, .dropped_fragment = 1}},
	{"a later fragment of UDP",
	 {.protocol = IPPROTO_UDP, .payload_bytes = 64, .fragment = LATER_FRAGMENT},
	 UNTOUCHED,
	 {}},
};

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

/* Fills in both ends of the packet. */
static struct packet_spec place(struct packet_spec shape, struct packet_spec ends)
{
	shape.source = ends.source;
	shape.destination = ends.destination;
	shape.source_port = ends.source_port;
	shape.destination_port = shape.destination_port ?: ends.destination_port;
	return shape;
}

static void check_egress(const struct shape *shape, bool ipv6)
{
	const struct packet_spec syn = rig_inside(ipv6, SYN);
	const struct packet_spec inside = place(shape->spec, syn);
	const struct packet_spec outside = place(shape->spec, rig_outside(ipv6, 0));

	cr_log_info("%s out", shape->name);
	rig_run(EGRESS, &syn, 0, NULL);
	if (shape->outcome == DROPPED) {
		rig_expect_drop(EGRESS, &inside);
		rig_expect_stats(&shape->counters);
	} else {
		bool translated = shape->outcome == TRANSLATED;

		rig_expect_through(EGRESS, &inside, translated ? &outside : &inside);
		cr_assert_eq(rig_flow(&syn).out.packets, translated ? 2 : 1);
		rig_expect_counters(.flows_opened = 1);
	}
	rig_expect_flows(1);
}

/* Ingress never drops. */
static void check_ingress(const struct shape *shape, bool ipv6, size_t flows_opened)
{
	const struct packet_spec syn = rig_inside(ipv6, SYN), syn_outside = rig_outside(ipv6, SYN);
	const struct packet_spec sent_inside = place(shape->spec, syn);
	const struct packet_spec sent_outside = place(shape->spec, syn_outside);
	const struct packet_spec inside = packet_reply(&sent_inside);
	const struct packet_spec outside = packet_reply(&sent_outside);
	bool translated = shape->outcome == TRANSLATED;

	cr_log_info("%s in", shape->name);
	rig_run(EGRESS, &syn, 0, NULL);
	rig_expect_through(INGRESS, &outside, translated ? &inside : &outside);
	cr_assert_eq(rig_return(&syn_outside).in.packets, translated);
	rig_expect_counters(.flows_opened = flows_opened);
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
	check_egress(&shapes_ipv4[*index], false);
}

ParameterizedTestParameters(packet_shapes, ipv4_in)
{
	return indexes(LENGTH(shapes_ipv4));
}

ParameterizedTest(size_t *index, packet_shapes, ipv4_in)
{
	check_ingress(&shapes_ipv4[*index], false, 1);
}

ParameterizedTestParameters(packet_shapes, ipv6_out)
{
	return indexes(LENGTH(shapes_ipv6));
}

ParameterizedTest(size_t *index, packet_shapes, ipv6_out)
{
	check_egress(&shapes_ipv6[*index], true);
}

ParameterizedTestParameters(packet_shapes, ipv6_in)
{
	return indexes(LENGTH(shapes_ipv6));
}

ParameterizedTest(size_t *index, packet_shapes, ipv6_in)
{
	check_ingress(&shapes_ipv6[*index], true, 1);
}

/* ---- the same by XDP */

TestSuite(packet_shapes_xdp, .init = rig_init_xdp, .fini = rig_done, .timeout = 10);

static void check_each_ingress(const struct shape *shapes, size_t count, bool ipv6)
{
	for (size_t i = 0; i < count; i++) {
		check_ingress(&shapes[i], ipv6, i + 1);
		rig_forget_flows();
	}
}

Test(packet_shapes_xdp, ipv4_in)
{
	check_each_ingress(shapes_ipv4, LENGTH(shapes_ipv4), false);
}

Test(packet_shapes_xdp, ipv6_in)
{
	check_each_ingress(shapes_ipv6, LENGTH(shapes_ipv6), true);
}

/* A program may add as many headers as it likes; a receiver reads them all. */
Test(packet_shapes, behind_seven_extension_headers_an_unknown_sender_leaves_only_if_it_passes)
{
	struct packet_spec syn = rig_stranger(true, SYN);

	for (syn.n_extensions = 0; syn.n_extensions < 7; syn.n_extensions++)
		syn.extensions[syn.n_extensions] = IPPROTO_DSTOPTS;
	rig_expect_drop(EGRESS, &syn);
	rig_expect_counters(.dropped_malformed = 1);
	rig_set_verdict(SENDER_UNKNOWN, VERDICT_PASS, POOL_NONE);
	rig_expect_untouched(EGRESS, &syn);
}
