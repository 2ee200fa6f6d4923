/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets without a flow never leave untranslated, unless they may belong to a connection of an
 * unknown sender that is older than the datapath.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "packet/rig.h"

TestSuite(packet_untracked, .init = rig_init, .fini = rig_done, .timeout = 10);

struct variant {
	bool ipv6;
	uint8_t flags;
};

static struct criterion_test_params mid_stream(void)
{
	static struct variant variants[] = {
		{false, ACK | PSH}, {false, ACK},	{false, FIN | ACK}, {false, RST},
		{false, RST | ACK}, {false, SYN | ACK}, {false, FIN},	    {false, PSH},
		{true, PSH},	    {true, ACK | PSH},	{true, FIN | ACK},  {true, RST},
		{true, SYN | ACK},
	};

	return cr_make_param_array(struct variant, variants, sizeof(variants) / sizeof(*variants));
}

ParameterizedTestParameters(packet_untracked, a_known_sender_is_reset)
{
	return mid_stream();
}

ParameterizedTest(struct variant *variant, packet_untracked, a_known_sender_is_reset)
{
	struct packet_spec packet = rig_inside(variant->ipv6, variant->flags);
	bool answered = !(variant->flags & RST);
	struct event event;

	if (answered)
		rig_expect_reset(EGRESS, &packet);
	else
		rig_expect_drop(EGRESS, &packet);
	rig_expect_counters(.dropped_no_flow = 1, .resets_sent = answered);
	rig_expect_flows(0);
	cr_assert_eq(rig_usage(TENANT).refused, 0);
	cr_assert_eq(rig_events(&event), 1);
	cr_assert_eq(event.counter, COUNTER_dropped_no_flow);
	cr_assert_eq(event.sender, TENANT);
}

ParameterizedTestParameters(packet_untracked, an_unknown_sender_continues)
{
	return mid_stream();
}

ParameterizedTest(struct variant *variant, packet_untracked, an_unknown_sender_continues)
{
	struct packet_spec packet = rig_stranger(variant->ipv6, variant->flags);

	rig_expect_untouched(EGRESS, &packet);
	rig_expect_counters(.untouched = 1);
	rig_expect_flows(0);
}

static void end_older(void)
{
	struct control control = rig_control();

	control.first_up_ns = rig_now_ns() - control.established_ns;
	rig_set_control(&control);
}

ParameterizedTestParameters(packet_untracked,
			    when_no_older_connection_lives_an_unknown_sender_is_reset)
{
	return mid_stream();
}

ParameterizedTest(struct variant *variant, packet_untracked,
		  when_no_older_connection_lives_an_unknown_sender_is_reset)
{
	struct packet_spec packet = rig_stranger(variant->ipv6, variant->flags);
	bool answered = !(variant->flags & RST);
	struct event event;

	end_older();
	if (answered)
		rig_expect_reset(EGRESS, &packet);
	else
		rig_expect_drop(EGRESS, &packet);
	rig_expect_counters(.dropped_no_flow = 1, .resets_sent = answered);
	cr_assert_eq(rig_events(&event), answered);
}

Test(packet_untracked, when_no_older_connection_lives_a_default_of_pass_still_passes)
{
	struct packet_spec packet = rig_stranger(true, ACK | PSH), fragment = packet;

	end_older();
	rig_set_verdict(SENDER_UNKNOWN, VERDICT_PASS, POOL_NONE);
	rig_expect_untouched(EGRESS, &packet);
	fragment.fragment = FIRST_FRAGMENT;
	rig_expect_untouched(EGRESS, &fragment);
	rig_expect_counters(.untouched = 1);
}

Test(packet_untracked, when_no_older_connection_lives_fragments_and_short_headers_are_dropped)
{
	struct packet_spec fragment = rig_stranger(false, ACK | PSH), cut = fragment;

	end_older();
	fragment.fragment = FIRST_FRAGMENT;
	rig_expect_drop(EGRESS, &fragment);
	cut.missing_bytes = 100;
	rig_expect_drop(EGRESS, &cut);
	rig_expect_counters(.dropped_fragment = 1, .dropped_malformed = 1);
}

ParameterizedTestParameters(packet_untracked, replies_of_no_flow_go_to_the_stack)
{
	return mid_stream();
}

ParameterizedTest(struct variant *variant, packet_untracked, replies_of_no_flow_go_to_the_stack)
{
	struct packet_spec out = rig_outside(variant->ipv6, variant->flags);
	struct packet_spec packet = packet_reply(&out);

	rig_expect_untouched(INGRESS, &packet);
	rig_expect_counters();
}

Test(packet_untracked, a_sender_that_may_pass_continues)
{
	struct packet_spec packet = rig_inside(false, ACK | PSH);

	rig_set_verdict(TENANT, VERDICT_PASS, POOL_NONE);
	rig_expect_untouched(EGRESS, &packet);
	rig_expect_counters(.untouched = 1);
}

Test(packet_untracked, a_handle_is_reset)
{
	struct packet_spec packet = rig_inside(false, ACK | PSH);

	packet.source = "100.127.0.1";
	rig_add_sender(OTHER);
	rig_select_address(packet.source, OTHER);
	rig_expect_reset(EGRESS, &packet);
	rig_expect_counters(.dropped_no_flow = 1, .resets_sent = 1);
}

Test(packet_untracked, a_reset_keeps_tags_and_removes_options_and_payload)
{
	struct packet_spec packet = rig_inside(true, ACK | PSH);

	packet.vlan_tags = 2;
	packet.tcp_option_bytes = 12;
	packet.payload_bytes = 1001;
	rig_expect_reset(EGRESS, &packet);
}

Test(packet_untracked, with_options_it_is_dropped_without_a_reset)
{
	struct packet_spec ipv4 = rig_inside(false, ACK), ipv6 = rig_inside(true, ACK);

	ipv4.ip_option_bytes = 4;
	ipv6.n_extensions = 1;
	rig_expect_drop(EGRESS, &ipv4);
	rig_expect_drop(EGRESS, &ipv6);
	rig_expect_counters(.dropped_no_flow = 2);
}

/* Its source is the external address and port of another sender's flow. */
Test(packet_untracked, a_reset_never_enters_another_flow)
{
	struct packet_spec syn = rig_stranger(false, SYN), data = rig_outside(false, ACK | PSH);

	rig_run(EGRESS, &syn, 0, NULL);
	rig_select_net(data.source, 128, TENANT);
	rig_expect_drop(EGRESS, &data);
	rig_expect_counters(.flows_opened = 1, .dropped_no_flow = 1);
}

Test(packet_untracked, an_unknown_senders_headers_cut_short_pass)
{
	struct packet_spec packet = rig_stranger(false, ACK);

	packet.missing_bytes = 1;
	rig_expect_untouched(EGRESS, &packet);
	rig_expect_counters();
}

Test(packet_untracked, a_later_fragment_passes_of_an_unknown_or_passed_sender)
{
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct packet_spec unknown = rig_stranger(ipv6, 0), passed = rig_inside(ipv6, 0);

		rig_set_verdict(TENANT, VERDICT_PASS, POOL_NONE);
		unknown.fragment = passed.fragment = LATER_FRAGMENT;
		unknown.payload_bytes = passed.payload_bytes = 64;
		rig_expect_untouched(EGRESS, &unknown);
		rig_expect_untouched(EGRESS, &passed);
	}
	rig_expect_counters();
}

Test(packet_untracked, an_unknown_senders_fragment_in_mid_stream_passes)
{
	struct packet_spec packet = rig_stranger(false, ACK | PSH);

	packet.fragment = FIRST_FRAGMENT;
	rig_expect_untouched(EGRESS, &packet);
	rig_expect_counters();
}

Test(packet_untracked, an_unknown_senders_syn_in_fragments_is_dropped)
{
	struct packet_spec packet = rig_stranger(false, SYN);

	packet.fragment = FIRST_FRAGMENT;
	rig_expect_drop(EGRESS, &packet);
	packet.missing_bytes = 12; /* cuts off the flags */
	rig_expect_drop(EGRESS, &packet);
	rig_expect_counters(.dropped_fragment = 2);
	rig_expect_flows(0);
}

Test(packet_untracked, fragments_of_a_sender_that_may_pass_pass)
{
	struct packet_spec packet = rig_inside(true, SYN);

	packet.fragment = FIRST_FRAGMENT;
	rig_set_verdict(TENANT, VERDICT_PASS, POOL_NONE);
	rig_expect_untouched(EGRESS, &packet);
	rig_expect_counters();
}

Test(packet_untracked, fragments_of_a_passed_flow_pass)
{
	struct packet_spec syn = rig_inside(true, SYN), fragment = rig_inside(true, ACK | PSH);

	fragment.fragment = FIRST_FRAGMENT;
	rig_set_verdict(TENANT, VERDICT_PASS, POOL_NONE);
	rig_run(EGRESS, &syn, 0, NULL);
	rig_set_verdict(TENANT, VERDICT_STEER, POOL_NORMAL);
	rig_expect_untouched(EGRESS, &fragment);
	rig_expect_counters(.flows_opened = 1, .passed = 1);
}

Test(packet_untracked, packets_pass_before_the_maps_are_filled)
{
	struct packet_spec packet = rig_stranger(false, RST);

	packet.destination_port = 26;
	rig_expect_untouched(EGRESS, &packet);
	rig_expect_counters();
}
