/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nobody keeps a flow as a way out for later: a SYN on a flow that looks established is subject to
 * the sender, the verdict, the limit and the pool of its own moment.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <linux/pkt_cls.h>

#include "packet/rig.h"

TestSuite(packet_reserve, .init = rig_init, .fini = rig_done, .timeout = 10);

#define LATER_SYN 7000

/* Each test runs for IPv4 and for IPv6. */
#define FAMILY_TEST(name)                                                                          \
	ParameterizedTestParameters(packet_reserve, name)                                          \
	{                                                                                          \
		static bool families[] = {false, true};                                            \
		return cr_make_param_array(bool, families, 2);                                     \
	}                                                                                          \
	static void name(bool ipv6);                                                               \
	ParameterizedTest(bool *ipv6, packet_reserve, name)                                        \
	{                                                                                          \
		name(*ipv6);                                                                       \
	}                                                                                          \
	static void name(bool ipv6)

static void send(struct packet_spec packet, uint8_t flags)
{
	packet.flags = flags;
	packet.sequence = flags == SYN ? 1000 : 1001;
	packet.acknowledgement = flags & ACK ? 5001 : 0;
	cr_assert_eq(rig_run(EGRESS, &packet, 0, NULL), TC_ACT_UNSPEC);
}

/* The flow of a connection whose ends have both died. */
static void establish(const struct packet_spec *inside, const char *outside)
{
	struct packet_spec answer = *inside;

	send(*inside, SYN);
	answer.source = outside;
	answer.flags = SYN | ACK;
	answer = packet_reply(&answer);
	cr_assert_eq(rig_run(INGRESS, &answer, 0, NULL), TC_ACT_UNSPEC);
	send(*inside, ACK);
}

static const char *normal(bool ipv6)
{
	return ipv6 ? NORMAL6 : NORMAL4;
}

static const char *risk(bool ipv6)
{
	return ipv6 ? RISK6 : RISK4;
}

static struct packet_spec later(struct packet_spec inside)
{
	inside.flags = SYN;
	inside.sequence = LATER_SYN;
	return inside;
}

/* The SYN opens a new flow from this address. */
static void expect_from(const struct packet_spec *syn, const char *address)
{
	struct packet_spec outside = *syn;

	outside.source = address;
	rig_expect_through(EGRESS, syn, &outside);
	cr_assert_eq(rig_flow(syn).out.packets, 1, "it went on by the old flow");
}

FAMILY_TEST(a_change_of_the_verdict_meets_the_next_syn)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), syn = later(inside);

	establish(&inside, normal(ipv6));
	rig_set_verdict(TENANT, VERDICT_STEER, POOL_HIGH_RISK);
	expect_from(&syn, risk(ipv6));
	rig_expect_flows(2);
	rig_expect_counters(.flows_opened = 2);
}

FAMILY_TEST(the_same_sequence_number_is_no_way_round)
{
	struct packet_spec inside = rig_inside(ipv6, SYN);

	establish(&inside, normal(ipv6));
	rig_set_verdict(TENANT, VERDICT_STEER, POOL_HIGH_RISK);
	expect_from(&inside, risk(ipv6));
}

FAMILY_TEST(a_blocked_sender_has_no_flow_left)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), syn = later(inside);

	establish(&inside, normal(ipv6));
	rig_set_verdict(TENANT, VERDICT_DROP, POOL_NONE);
	rig_expect_refused(&syn);
	rig_expect_refused(&syn);
	rig_expect_counters(.flows_opened = 1, .dropped_blocked = 2, .resets_sent = 2);
}

FAMILY_TEST(a_disabled_pool_holds_the_next_syn)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), syn = later(inside);

	establish(&inside, normal(ipv6));
	rig_fill_slots(POOL_NORMAL, ipv6 ? SLOT_IPV6 : SLOT_IPV4, 0);
	rig_expect_refused(&syn);
	rig_expect_counters(.flows_opened = 1, .dropped_pool_empty = 1, .resets_sent = 1);
}

FAMILY_TEST(an_address_that_the_host_lacks_leaves_the_next_syn_to_another)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), syn = later(inside);

	establish(&inside, normal(ipv6));
	rig_hold_address(ipv6 ? NORMAL6_ID : NORMAL4_ID);
	rig_expect_refused(&syn);
	rig_expect_counters(.flows_opened = 1, .dropped_pool_empty = 1, .resets_sent = 1);
}

FAMILY_TEST(a_pool_that_falls_back_leads_the_next_syn_to_the_other)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), syn = later(inside);

	establish(&inside, normal(ipv6));
	rig_fill_slots(POOL_NORMAL, ipv6 ? SLOT_IPV6 : SLOT_IPV4, ipv6 ? RISK6_ID : RISK4_ID);
	expect_from(&syn, risk(ipv6));
}

FAMILY_TEST(another_sender_never_takes_over_a_flow)
{
	struct packet_spec inside = rig_stranger(ipv6, SYN), syn = later(inside);

	establish(&inside, normal(ipv6));
	rig_add_sender(OTHER);
	rig_select_address(inside.source, OTHER);
	expect_from(&syn, normal(ipv6));
	cr_assert_eq(rig_flow(&syn).sender, OTHER);
	cr_assert_eq(rig_usage(SENDER_UNKNOWN).flows, 0);
	cr_assert_eq(rig_usage(OTHER).flows, 1);
}

FAMILY_TEST(another_selector_that_decides_counts_as_well)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), syn = later(inside);

	establish(&inside, normal(ipv6));
	rig_add_sender(OTHER);
	rig_set_verdict(OTHER, VERDICT_STEER, POOL_HIGH_RISK);
	rig_select_net(inside.source, 128, OTHER);
	rig_select_address(inside.source, TENANT);
	expect_from(&syn, risk(ipv6));
}

FAMILY_TEST(the_same_verdict_continues_the_flow)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), syn = later(inside), outside = syn;

	establish(&inside, normal(ipv6));
	outside.source = normal(ipv6);
	rig_expect_through(EGRESS, &syn, &outside);
	cr_assert_eq(rig_flow(&syn).out.packets, 3);
	rig_expect_flows(1);
	rig_expect_counters(.flows_opened = 1);
}

static void limit(enum verdict_action over)
{
	rig_put_verdict(
		TENANT,
		&(struct verdict){.action = VERDICT_STEER,
				  .pool = POOL_NORMAL,
				  .connections_per_min = 1,
				  .burst = 1,
				  .over_action = over,
				  .over_pool = over == VERDICT_STEER ? POOL_HIGH_RISK : POOL_NONE});
}

FAMILY_TEST(the_limit_of_new_connections_counts_it)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), syn = later(inside);

	limit(VERDICT_DROP);
	establish(&inside, normal(ipv6));
	rig_expect_refused(&syn);
	cr_assert_geq(rig_usage(TENANT).over_limit, 1);
	cr_assert_eq(rig_usage(TENANT).connections, 1);
}

FAMILY_TEST(over_the_limit_it_leaves_by_the_over_limit_pool)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), syn = later(inside);

	limit(VERDICT_STEER);
	establish(&inside, normal(ipv6));
	expect_from(&syn, risk(ipv6));
}

FAMILY_TEST(a_flow_of_the_over_limit_pool_stays_in_it)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), syn, outside;

	limit(VERDICT_STEER);
	send(inside, SYN);
	inside.source_port++;
	establish(&inside, risk(ipv6));
	syn = outside = later(inside);
	outside.source = risk(ipv6);
	rig_expect_through(EGRESS, &syn, &outside);
	cr_assert_eq(rig_flow(&syn).out.packets, 3);
	rig_expect_flows(2);
}

FAMILY_TEST(an_address_that_drains_is_left)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), syn = later(inside);

	establish(&inside, normal(ipv6));
	rig_set_address_state(ipv6 ? NORMAL6_ID : NORMAL4_ID, ADDRESS_DRAINING);
	rig_fill_slots(POOL_NORMAL, ipv6 ? SLOT_IPV6 : SLOT_IPV4, 0);
	rig_expect_refused(&syn);
}

FAMILY_TEST(a_passed_flow_is_steered_when_its_sender_no_longer_passes)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), syn = later(inside);

	rig_set_verdict(TENANT, VERDICT_PASS, POOL_NONE);
	establish(&inside, inside.source);
	rig_set_verdict(TENANT, VERDICT_STEER, POOL_NORMAL);
	expect_from(&syn, normal(ipv6));
}

FAMILY_TEST(a_reset_that_left_is_not_taken_back_by_an_empty_ack)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), syn = later(inside);

	establish(&inside, normal(ipv6));
	send(inside, RST);
	send(inside, ACK);
	cr_assert_eq(rig_flow(&inside).out.rst_seen, 1);
	expect_from(&syn, normal(ipv6));
	rig_expect_counters(.flows_opened = 2, .flows_replaced = 1);
}

FAMILY_TEST(data_after_a_reset_continues_the_connection)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), data = rig_inside(ipv6, PSH | ACK);

	establish(&inside, normal(ipv6));
	send(inside, RST);
	cr_assert_eq(rig_run(EGRESS, &data, 0, NULL), TC_ACT_UNSPEC);
	cr_assert_eq(rig_flow(&inside).out.rst_seen, 0);
}
