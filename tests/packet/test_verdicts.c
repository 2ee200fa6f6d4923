/* SPDX-License-Identifier: BSD-2-Clause */
/* SYNs under each verdict, in both families. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "packet/rig.h"

TestSuite(packet_verdicts, .init = rig_init, .fini = rig_done, .timeout = 10);

#define SECOND_NS 1000000000ULL

/* Each test runs for IPv4 and for IPv6. */
#define FAMILY_TEST(name)                                                                          \
	ParameterizedTestParameters(packet_verdicts, name)                                         \
	{                                                                                          \
		static bool families[] = {false, true};                                            \
		return cr_make_param_array(bool, families, 2);                                     \
	}                                                                                          \
	static void name(bool ipv6);                                                               \
	ParameterizedTest(bool *ipv6, packet_verdicts, name)                                       \
	{                                                                                          \
		name(*ipv6);                                                                       \
	}                                                                                          \
	static void name(bool ipv6)

FAMILY_TEST(steer_opens_a_flow_by_the_pool)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), outside = rig_outside(ipv6, SYN);
	uint32_t address_id = ipv6 ? NORMAL6_ID : NORMAL4_ID;
	uint64_t before = rig_now_ns();
	struct flow flow;

	rig_expect_through(EGRESS, &inside, &outside);
	rig_expect_pair(&inside, &outside, TENANT, POOL_NORMAL);
	rig_expect_flows(1);
	rig_expect_counters(.flows_opened = 1);
	flow = rig_flow(&inside);
	cr_assert_eq(flow.address_id, address_id);
	cr_assert_geq(flow.opened_ns, before);
	cr_assert_eq(flow.out.packets, 1);
	cr_assert_eq(flow.out.bytes, ipv6 ? 60 : 40);
	cr_assert_eq(flow.out.sequence, inside.sequence + 1);
	cr_assert_eq(rig_usage(TENANT).connections, 1);
	cr_assert_eq(rig_usage(TENANT).flows, 1);
	cr_assert_eq(rig_usage(TENANT).refused, 0);
	cr_assert_eq(rig_usage(TENANT).last_ns, flow.opened_ns);
	cr_assert_eq(rig_address_usage(address_id).connections, 1);
	cr_assert_eq(rig_address_usage(address_id).flows, 1);
}

FAMILY_TEST(steer_goes_by_the_pool_that_it_names)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), outside = rig_outside(ipv6, SYN);

	outside.source = ipv6 ? RISK6 : RISK4;
	rig_set_verdict(TENANT, VERDICT_STEER, POOL_HIGH_RISK);
	rig_expect_through(EGRESS, &inside, &outside);
	rig_expect_pair(&inside, &outside, TENANT, POOL_HIGH_RISK);
	cr_assert_eq(rig_address_usage(ipv6 ? RISK6_ID : RISK4_ID).flows, 1);
}

FAMILY_TEST(a_flow_keeps_its_pool_when_the_verdict_changes)
{
	struct packet_spec syn = rig_inside(ipv6, SYN);
	struct packet_spec data = rig_inside(ipv6, ACK | PSH),
			   outside = rig_outside(ipv6, ACK | PSH);

	rig_run(EGRESS, &syn, 0, NULL);
	rig_set_verdict(TENANT, VERDICT_STEER, POOL_HIGH_RISK);
	rig_expect_through(EGRESS, &data, &outside);
	rig_set_verdict(TENANT, VERDICT_DROP, POOL_NONE);
	rig_expect_through(EGRESS, &data, &outside);
	rig_expect_counters(.flows_opened = 1);
}

FAMILY_TEST(pass_opens_a_flow_that_leaves_as_it_is)
{
	struct packet_spec syn = rig_inside(ipv6, SYN), data = rig_inside(ipv6, ACK | PSH);
	struct packet_spec reply = packet_reply(&data);
	struct flow flow;

	rig_set_verdict(TENANT, VERDICT_PASS, POOL_NONE);
	rig_expect_untouched(EGRESS, &syn);
	rig_expect_pair(&syn, &syn, TENANT, POOL_NONE);
	cr_assert_eq(rig_flow(&syn).address_id, 0);
	rig_expect_untouched(INGRESS, &reply);
	rig_set_verdict(TENANT, VERDICT_STEER, POOL_HIGH_RISK);
	rig_expect_untouched(EGRESS, &data);
	flow = rig_flow(&syn);
	cr_assert_eq(flow.out.packets, 2);
	cr_assert_eq(rig_return(&syn).in.packets, 1);
	cr_assert_eq(rig_usage(TENANT).flows, 1);
	rig_expect_flows(1);
	rig_expect_counters(.flows_opened = 1, .passed = 1);
}

FAMILY_TEST(pass_without_its_own_port_free_is_dropped)
{
	struct packet_spec syn = rig_inside(ipv6, SYN);

	rig_set_verdict(TENANT, VERDICT_PASS, POOL_NONE);
	rig_take_port(&syn);
	rig_expect_drop(EGRESS, &syn);
	rig_expect_counters(.dropped_no_port = 1);
	cr_assert(!rig_has_flow(&syn));
}

FAMILY_TEST(drop_drops_the_syn_and_tells)
{
	struct packet_spec syn = rig_inside(ipv6, SYN);
	struct event event;

	rig_set_verdict(TENANT, VERDICT_DROP, POOL_NONE);
	rig_expect_refused(&syn);
	rig_expect_counters(.dropped_blocked = 1, .resets_sent = 1);
	rig_expect_flows(0);
	cr_assert_eq(rig_usage(TENANT).refused, 1);
	cr_assert_neq(rig_usage(TENANT).last_ns, 0);
	cr_assert_eq(rig_usage(TENANT).connections, 0);
	cr_assert_eq(rig_events(&event), 1);
	cr_assert_eq(event.counter, COUNTER_dropped_blocked);
	cr_assert_eq(event.sender, TENANT);
	cr_assert_eq(event.source_port, 40000);
	cr_assert_eq(event.destination_port, 25);
	cr_assert_eq(event.source[15], 5);
	cr_assert_eq(event.destination[15], ipv6 ? 0x25 : 25);
}

FAMILY_TEST(a_verdict_past_its_time_gives_way_to_what_it_names)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), outside = rig_outside(ipv6, SYN);
	struct verdict verdict = {.action = VERDICT_STEER,
				  .pool = POOL_HIGH_RISK,
				  .after_action = VERDICT_DROP,
				  .until_ns = rig_now_ns()};

	rig_put_verdict(TENANT, &verdict);
	rig_expect_refused(&inside);
	rig_expect_counters(.dropped_blocked = 1, .resets_sent = 1);
	verdict.after_action = VERDICT_STEER;
	verdict.after_pool = POOL_NORMAL;
	rig_put_verdict(TENANT, &verdict);
	rig_expect_through(EGRESS, &inside, &outside);
	rig_expect_pair(&inside, &outside, TENANT, POOL_NORMAL);
}

FAMILY_TEST(a_verdict_before_its_time_holds)
{
	struct packet_spec syn = rig_inside(ipv6, SYN);
	struct verdict verdict = {.action = VERDICT_DROP,
				  .until_ns = rig_now_ns() + 100 * SECOND_NS};

	rig_put_verdict(TENANT, &verdict);
	rig_expect_refused(&syn);
	rig_expect_counters(.dropped_blocked = 1, .resets_sent = 1);
}

FAMILY_TEST(a_pool_with_nothing_active_holds)
{
	struct packet_spec syn = rig_inside(ipv6, SYN);
	struct event event;

	rig_fill_slots(POOL_NORMAL, ipv6 ? SLOT_IPV6 : SLOT_IPV4, 0);
	rig_expect_refused(&syn);
	rig_expect_counters(.dropped_pool_empty = 1, .resets_sent = 1);
	rig_expect_flows(0);
	cr_assert_eq(rig_usage(TENANT).refused, 1);
	cr_assert_eq(rig_events(&event), 1);
	cr_assert_eq(event.pool, POOL_NORMAL);
}

/* The agent fills an empty pool's slots from its `when_empty` pool. */
FAMILY_TEST(a_flow_is_of_the_pool_that_its_address_is_of)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), outside = rig_outside(ipv6, SYN);

	outside.source = ipv6 ? RISK6 : RISK4;
	rig_fill_slots(POOL_NORMAL, ipv6 ? SLOT_IPV6 : SLOT_IPV4, ipv6 ? RISK6_ID : RISK4_ID);
	rig_expect_through(EGRESS, &inside, &outside);
	rig_expect_pair(&inside, &outside, TENANT, POOL_HIGH_RISK);
}

FAMILY_TEST(an_address_of_the_other_family_is_never_used)
{
	struct packet_spec syn = rig_inside(ipv6, SYN);

	rig_fill_slots(POOL_NORMAL, ipv6 ? SLOT_IPV6 : SLOT_IPV4, ipv6 ? NORMAL4_ID : NORMAL6_ID);
	rig_expect_refused(&syn);
	rig_expect_counters(.dropped_error = 1, .resets_sent = 1);
	rig_expect_flows(0);
}

FAMILY_TEST(a_sender_without_any_verdict_sends_nothing)
{
	struct packet_spec syn = rig_inside(ipv6, SYN);

	rig_select_net(syn.source, 128, OTHER);
	rig_expect_refused(&syn);
	rig_expect_counters(.dropped_error = 1, .resets_sent = 1);
	rig_expect_flows(0);
}

FAMILY_TEST(an_unknown_sender_gets_the_default)
{
	struct packet_spec inside = rig_stranger(ipv6, SYN), outside = rig_outside(ipv6, SYN);

	rig_set_verdict(SENDER_UNKNOWN, VERDICT_DROP, POOL_NONE);
	rig_expect_refused(&inside);
	rig_expect_counters(.dropped_blocked = 1, .resets_sent = 1);
	rig_set_verdict(SENDER_UNKNOWN, VERDICT_STEER, POOL_NORMAL);
	rig_expect_through(EGRESS, &inside, &outside);
	rig_expect_pair(&inside, &outside, SENDER_UNKNOWN, POOL_NORMAL);
	cr_assert_eq(rig_usage(SENDER_UNKNOWN).flows, 1);
}

FAMILY_TEST(an_unknown_sender_may_pass)
{
	struct packet_spec syn = rig_stranger(ipv6, SYN);

	rig_set_verdict(SENDER_UNKNOWN, VERDICT_PASS, POOL_NONE);
	rig_expect_untouched(EGRESS, &syn);
	rig_expect_pair(&syn, &syn, SENDER_UNKNOWN, POOL_NONE);
}

FAMILY_TEST(the_second_steered_port_is_steered_too)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), outside = rig_outside(ipv6, SYN);

	inside.destination_port = outside.destination_port = 2525;
	rig_expect_through(EGRESS, &inside, &outside);
	rig_expect_pair(&inside, &outside, TENANT, POOL_NORMAL);
}
