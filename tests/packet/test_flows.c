/* SPDX-License-Identifier: BSD-2-Clause */
/* Pairs: their ports, their counts, and that no half of a pair ever stays behind. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "packet/rig.h"

TestSuite(packet_flows, .init = rig_init, .fini = rig_done, .timeout = 10);

static void small_flows(void)
{
	rig_init_sized(2, RIG_FLOWS_MAX);
}

static void small_returns(void)
{
	rig_init_sized(RIG_FLOWS_MAX, 2);
}

static void all_ports(void)
{
	rig_init_sized(RIG_FLOWS_MAX, 65536);
}

ParameterizedTestParameters(packet_flows, each_direction_counts_in_its_half)
{
	static bool families[] = {false, true};

	return cr_make_param_array(bool, families, 2);
}

ParameterizedTest(bool *ipv6, packet_flows, each_direction_counts_in_its_half)
{
	struct packet_spec syn = rig_inside(*ipv6, SYN), data = rig_inside(*ipv6, ACK | PSH);
	struct packet_spec outside = rig_outside(*ipv6, ACK | PSH);
	struct packet_spec reply = packet_reply(&outside);
	size_t headers = *ipv6 ? 60 : 40;
	struct return_entry entry;
	struct flow flow;

	reply.sequence = 5000;
	rig_run(EGRESS, &syn, 0, NULL);
	rig_run(EGRESS, &data, 0, NULL);
	rig_run(INGRESS, &reply, 0, NULL);
	flow = rig_flow(&syn);
	entry = rig_return(&outside);
	cr_assert_eq(flow.out.packets, 2);
	cr_assert_eq(flow.out.bytes, 2 * headers + 99);
	cr_assert_eq(flow.out.sequence, 1001 + 99);
	cr_assert_eq(entry.in.packets, 1);
	cr_assert_eq(entry.in.bytes, headers + 99);
	cr_assert_eq(entry.in.sequence, 5000 + 99);
	cr_assert_geq(entry.in.last_ns, flow.out.last_ns);
	cr_assert(!flow.out.fin_seen && !flow.out.rst_seen && !entry.in.fin_seen);
}

Test(packet_flows, padding_of_a_frame_does_not_count)
{
	struct packet_spec inside = rig_inside(false, SYN), outside = rig_outside(false, SYN);

	rig_run(EGRESS, &inside, 0, NULL);
	inside.flags = outside.flags = ACK;
	inside.sequence = outside.sequence = 1001;
	inside.padding_bytes = outside.padding_bytes = 6;
	rig_expect_through(EGRESS, &inside, &outside);
	cr_assert_eq(rig_flow(&inside).out.sequence, 1001);
	cr_assert_eq(rig_flow(&inside).out.bytes, 80);
}

Test(packet_flows, sequence_numbers_wrap_and_never_go_back)
{
	struct packet_spec packet = rig_inside(false, SYN);

	packet.sequence = 0xffffffff;
	rig_run(EGRESS, &packet, 0, NULL);
	cr_assert_eq(rig_flow(&packet).out.sequence, 0);
	packet.flags = ACK;
	packet.sequence = 0;
	packet.payload_bytes = 10;
	rig_run(EGRESS, &packet, 0, NULL);
	cr_assert_eq(rig_flow(&packet).out.sequence, 10);
	packet.sequence = 0xfffffff0;
	rig_run(EGRESS, &packet, 0, NULL);
	cr_assert_eq(rig_flow(&packet).out.sequence, 10);
}

ParameterizedTestParameters(packet_flows, a_port_that_is_taken_is_changed)
{
	static bool families[] = {false, true};

	return cr_make_param_array(bool, families, 2);
}

/* Two senders with one source port and one destination: both flows work. */
ParameterizedTest(bool *ipv6, packet_flows, a_port_that_is_taken_is_changed)
{
	struct packet_spec first = rig_stranger(*ipv6, SYN), second = rig_inside(*ipv6, SYN);
	struct packet_spec outside = rig_outside(*ipv6, SYN), reply, expected;

	rig_expect_through(EGRESS, &first, &outside);
	rig_run(EGRESS, &second, 0, NULL);
	outside.source_port = rig_flow(&second).port;
	cr_assert_neq(outside.source_port, 40000);
	cr_assert_geq(outside.source_port, 1024);
	rig_expect_through(EGRESS, &second, &outside);
	rig_expect_pair(&second, &outside, TENANT, POOL_NORMAL);
	reply = packet_reply(&outside);
	expected = packet_reply(&second);
	rig_expect_through(INGRESS, &reply, &expected);
	reply.destination_port = 40000;
	expected = packet_reply(&first);
	rig_expect_through(INGRESS, &reply, &expected);
	rig_expect_flows(2);
	rig_expect_counters(.flows_opened = 2, .ports_changed = 1);
}

Test(packet_flows, another_destination_leaves_the_port_free)
{
	struct packet_spec first = rig_stranger(false, SYN), second = rig_inside(false, SYN);
	struct packet_spec outside = rig_outside(false, SYN);

	rig_run(EGRESS, &first, 0, NULL);
	second.destination = outside.destination = "203.0.113.26";
	rig_expect_through(EGRESS, &second, &outside);
	second.destination_port = outside.destination_port = 2525;
	rig_expect_through(EGRESS, &second, &outside);
	rig_expect_counters(.flows_opened = 3);
}

Test(packet_flows, without_a_free_port_the_syn_is_dropped, .init = all_ports)
{
	struct packet_spec syn = rig_inside(false, SYN), outside = rig_outside(false, SYN);

	for (uint32_t port = 1024; port < 65536; port++) {
		outside.source_port = port;
		rig_take_port(&outside);
	}
	rig_expect_refused(&syn);
	cr_assert(!rig_has_flow(&syn));
	rig_expect_counters(.dropped_no_port = 1, .resets_sent = 1);
	cr_assert_eq(rig_usage(TENANT).refused, 1);
}

static void fill_up(void)
{
	struct packet_spec syn = rig_inside(false, SYN);

	for (int i = 0; i < 2; i++, syn.source_port++)
		cr_assert_eq(rig_run(EGRESS, &syn, 0, NULL), -1);
	for (int i = 0; i < 10; i++, syn.source_port++)
		rig_expect_refused(&syn);
	rig_expect_flows(2);
	rig_expect_counters(.flows_opened = 2, .dropped_table_full = 10, .resets_sent = 10);
	cr_assert_eq(rig_usage(TENANT).flows, 2);
	cr_assert_eq(rig_usage(TENANT).refused, 10);
	cr_assert_eq(rig_address_usage(NORMAL4_ID).flows, 2);
}

Test(packet_flows, a_full_table_of_flows_leaves_no_half_pair, .init = small_flows)
{
	fill_up();
}

Test(packet_flows, a_full_table_of_returns_leaves_no_half_pair, .init = small_returns)
{
	fill_up();
}

Test(packet_flows, a_full_table_lets_live_flows_go_on, .init = small_flows)
{
	struct packet_spec data = rig_inside(false, ACK | PSH),
			   outside = rig_outside(false, ACK | PSH);

	fill_up();
	rig_expect_through(EGRESS, &data, &outside);
}

Test(packet_flows, simultaneous_open_is_translated)
{
	struct packet_spec syn = rig_inside(false, SYN), outside = rig_outside(false, SYN);
	struct packet_spec theirs = packet_reply(&outside), expected = packet_reply(&syn);

	rig_run(EGRESS, &syn, 0, NULL);
	rig_expect_through(INGRESS, &theirs, &expected);
	rig_expect_flows(1);
}

Test(packet_flows, a_reply_from_another_port_or_host_is_not_theirs)
{
	struct packet_spec syn = rig_inside(false, SYN), outside = rig_outside(false, SYN | ACK);
	struct packet_spec reply = packet_reply(&outside);

	rig_run(EGRESS, &syn, 0, NULL);
	reply.source_port = 2525;
	rig_expect_untouched(INGRESS, &reply);
	reply.source_port = 25;
	reply.source = "203.0.113.26";
	rig_expect_untouched(INGRESS, &reply);
	cr_assert_eq(rig_return(&outside).in.packets, 0);
}

Test(packet_flows, events_that_find_the_ring_full_are_counted)
{
	struct packet_spec data = rig_inside(false, ACK | PSH);
	struct event event;
	int written;

	for (int i = 0; i < 5000; i++)
		rig_run(EGRESS, &data, 0, NULL);
	written = rig_events(&event);
	cr_assert_gt(written, 1000);
	cr_assert_lt(written, 5000);
	rig_expect_counters(.dropped_no_flow = 5000, .resets_sent = 5000,
			    .events_lost = 5000 - written);
}
