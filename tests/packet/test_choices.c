/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several selectors match one SYN: the first names the sender, the strictest verdict decides. The
 * stranger's address is the handle of the normal pool, a selector of sender HANDLE. Packets of
 * BPF_PROG_TEST_RUN have a socket of uid 0 in the cgroup of the test.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <linux/pkt_cls.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "packet/rig.h"

TestSuite(packet_choices, .init = rig_init, .fini = rig_done, .timeout = 10);

#define HANDLE OTHER
#define OWN    ANOTHER
#define MARK   7

/* The second selector, and the family of the packet. */
struct choice {
	enum selector_kind kind;
	bool ipv6;
};

static struct choice choices[] = {
	{SELECTOR_CGROUP, false}, {SELECTOR_CGROUP, true}, {SELECTOR_UID, false},
	{SELECTOR_UID, true},	  {SELECTOR_NET, false},   {SELECTOR_NET, true},
};

#define CHOICE_TEST(name)                                                                          \
	ParameterizedTestParameters(packet_choices, name)                                          \
	{                                                                                          \
		return cr_make_param_array(struct choice, choices, 6);                             \
	}                                                                                          \
	static void name(const struct choice *choice);                                             \
	ParameterizedTest(struct choice *choice, packet_choices, name)                             \
	{                                                                                          \
		name(choice);                                                                      \
	}                                                                                          \
	static void name(const struct choice *choice)

/* The root cgroup has inode 1 on each mount, and is an ancestor of every cgroup. */
#define ROOT_CGROUP 1

static void select_own(const struct choice *choice, const char *source, uint32_t sender)
{
	if (choice->kind == SELECTOR_NET)
		rig_select_net(source, choice->ipv6 ? 64 : 96 + 24, sender);
	else
		rig_select_number(choice->kind, choice->kind == SELECTOR_CGROUP ? ROOT_CGROUP : 0,
				  sender);
}

static struct packet_spec bound(const struct choice *choice, uint8_t flags)
{
	struct packet_spec packet = rig_stranger(choice->ipv6, flags);

	rig_add_sender(HANDLE);
	rig_add_sender(OWN);
	rig_select_address(packet.source, HANDLE);
	select_own(choice, packet.source, OWN);
	return packet;
}

static struct packet_spec outside(const struct choice *choice, uint32_t pool)
{
	struct packet_spec packet = rig_outside(choice->ipv6, SYN);

	if (pool == POOL_HIGH_RISK)
		packet.source = choice->ipv6 ? RISK6 : RISK4;
	return packet;
}

static void expect_pool(const struct choice *choice, const struct packet_spec *inside,
			uint32_t pool)
{
	struct packet_spec expected = outside(choice, pool);

	rig_expect_through(EGRESS, inside, &expected);
	rig_expect_pair(inside, &expected, HANDLE, pool);
	cr_assert_eq(rig_usage(HANDLE).connections, 1);
	cr_assert_eq(rig_usage(OWN).connections, 0);
}

CHOICE_TEST(a_blocked_sender_is_blocked_at_every_handle)
{
	struct packet_spec inside = bound(choice, SYN);
	struct event event;

	rig_set_verdict(OWN, VERDICT_DROP, POOL_NONE);
	rig_expect_refused(&inside);
	rig_expect_flows(0);
	rig_expect_counters(.dropped_blocked = 1, .resets_sent = 1);
	cr_assert_eq(rig_events(&event), 1);
	cr_assert_eq(event.sender, OWN, "the event names the blocked sender");
	cr_assert_eq(rig_usage(OWN).refused, 1);
	cr_assert_eq(rig_usage(HANDLE).refused, 0);
	cr_assert_eq(rig_usage(HANDLE).flows, 0);
}

CHOICE_TEST(a_high_risk_sender_is_so_at_every_handle)
{
	struct packet_spec inside = bound(choice, SYN);

	rig_set_verdict(OWN, VERDICT_STEER, POOL_HIGH_RISK);
	expect_pool(choice, &inside, POOL_HIGH_RISK);
}

/* ---- what a flow remembers */

static void expect_choice(const struct packet_spec *inside, uint32_t decider, uint32_t other)
{
	struct flow flow = rig_flow(inside);

	cr_assert_eq(flow.sender, HANDLE);
	cr_assert_eq(flow.decider, decider);
	cr_assert_eq(flow.others[0], other);
	cr_assert_eq(flow.others[1], 0);
}

CHOICE_TEST(a_flow_names_all_its_senders_and_the_one_that_decided)
{
	struct packet_spec inside = bound(choice, SYN);

	rig_run(EGRESS, &inside, 0, NULL);
	expect_choice(&inside, HANDLE, OWN);
	rig_forget_flows();
	rig_set_verdict(OWN, VERDICT_STEER, POOL_HIGH_RISK);
	rig_run(EGRESS, &inside, 0, NULL);
	expect_choice(&inside, OWN, OWN);
}

CHOICE_TEST(a_cut_of_any_match_ends_the_flow)
{
	struct packet_spec inside = bound(choice, SYN), data;

	rig_run(EGRESS, &inside, 0, NULL);
	data = inside;
	data.flags = ACK | PSH;
	data.sequence++;
	data.payload_bytes = 10;
	rig_cut(TENANT);
	cr_assert_eq(rig_run(EGRESS, &data, 0, NULL), TC_ACT_UNSPEC, "a cut of a stranger");
	rig_cut(OWN);
	rig_expect_reset(EGRESS, &data);
	rig_expect_counters(.flows_opened = 1, .dropped_cut = 1, .resets_sent = 1);
}

/* The flow would be listed and cut for a program that has ended. */
CHOICE_TEST(a_syn_of_other_matches_is_a_new_connection)
{
	struct packet_spec inside = bound(choice, SYN), outer = outside(choice, POOL_NORMAL);
	struct packet_spec reply = packet_reply(&outer);

	rig_run(EGRESS, &inside, 0, NULL);
	reply.flags = SYN | ACK;
	rig_run(INGRESS, &reply, 0, NULL);
	inside.sequence += 1000;
	rig_run(EGRESS, &inside, 0, NULL);
	expect_choice(&inside, HANDLE, OWN);
	rig_expect_flows(1);
	select_own(choice, inside.source, TENANT);
	rig_run(EGRESS, &inside, 0, NULL);
	expect_choice(&inside, HANDLE, TENANT);
}

CHOICE_TEST(past_its_time_a_restriction_decides_no_more)
{
	struct packet_spec inside = bound(choice, SYN);

	rig_put_verdict(OWN, &(struct verdict){.action = VERDICT_STEER,
					       .pool = POOL_HIGH_RISK,
					       .reason = REASON_RESTRICTED,
					       .until_ns = 1,
					       .after_action = VERDICT_STEER,
					       .after_pool = POOL_NORMAL});
	expect_pool(choice, &inside, POOL_NORMAL);
}

CHOICE_TEST(a_good_sender_may_choose_high_risk)
{
	struct packet_spec inside = bound(choice, SYN);

	rig_set_verdict(HANDLE, VERDICT_STEER, POOL_HIGH_RISK);
	expect_pool(choice, &inside, POOL_HIGH_RISK);
}

CHOICE_TEST(a_drop_of_the_handle_holds_for_a_high_risk_sender)
{
	struct packet_spec inside = bound(choice, SYN);

	rig_set_verdict(HANDLE, VERDICT_DROP, POOL_NONE);
	rig_set_verdict(OWN, VERDICT_STEER, POOL_HIGH_RISK);
	rig_expect_refused(&inside);
	cr_assert_eq(rig_usage(HANDLE).refused, 1);
}

CHOICE_TEST(a_passed_selector_does_not_let_a_blocked_sender_pass)
{
	struct packet_spec inside = bound(choice, SYN), fragment = inside;

	rig_set_verdict(HANDLE, VERDICT_PASS, POOL_NONE);
	rig_set_verdict(OWN, VERDICT_DROP, POOL_NONE);
	rig_expect_refused(&inside);
	fragment.fragment = FIRST_FRAGMENT;
	rig_expect_drop(EGRESS, &fragment);
	inside.flags = ACK;
	rig_expect_reset(EGRESS, &inside);
}

CHOICE_TEST(of_three_the_drop_decides_whatever_its_place)
{
	struct packet_spec inside = bound(choice, SYN);

	rig_add_sender(TENANT);
	rig_select_number(SELECTOR_MARK, MARK, TENANT);
	rig_set_verdict(HANDLE, VERDICT_STEER, POOL_HIGH_RISK);
	rig_set_verdict(OWN, VERDICT_DROP, POOL_NONE);
	cr_assert_eq(rig_run(EGRESS, &inside, MARK, NULL), TC_ACT_REDIRECT);
	cr_assert_eq(rig_usage(OWN).refused, 1);
}

CHOICE_TEST(limits_are_the_first_match_s_and_never_weaken_the_decision)
{
	struct packet_spec inside = bound(choice, SYN), next, expected;

	rig_put_verdict(HANDLE, &(struct verdict){.action = VERDICT_STEER,
						  .pool = POOL_HIGH_RISK,
						  .connections_per_min = 1,
						  .burst = 1,
						  .over_action = VERDICT_STEER,
						  .over_pool = POOL_NORMAL});
	rig_set_verdict(OWN, VERDICT_STEER, POOL_HIGH_RISK);
	expect_pool(choice, &inside, POOL_HIGH_RISK);
	next = inside;
	next.source_port++;
	expected = outside(choice, POOL_HIGH_RISK);
	expected.source_port++;
	rig_put_verdict(HANDLE, &(struct verdict){.action = VERDICT_STEER,
						  .pool = POOL_NORMAL,
						  .connections_per_min = 1,
						  .burst = 1,
						  .over_action = VERDICT_STEER,
						  .over_pool = POOL_NORMAL});
	rig_expect_through(EGRESS, &next, &expected);
	cr_assert_eq(rig_usage(HANDLE).over_limit, 1);
}

/* Its limit of new connections is used up by the first SYN. */
static void limit_own(enum verdict_action over)
{
	rig_put_verdict(OWN, &(struct verdict){.action = VERDICT_STEER,
					       .pool = POOL_NORMAL,
					       .connections_per_min = 1,
					       .burst = 1,
					       .over_action = over,
					       .over_pool = over == VERDICT_STEER ? POOL_HIGH_RISK
										  : POOL_NONE});
}

CHOICE_TEST(no_handle_ends_a_sender_s_limit_of_new_connections)
{
	struct packet_spec inside = bound(choice, SYN), expected;

	limit_own(VERDICT_STEER);
	expect_pool(choice, &inside, POOL_NORMAL);
	inside.source_port++;
	expected = outside(choice, POOL_HIGH_RISK);
	expected.source_port++;
	rig_expect_through(EGRESS, &inside, &expected);
	cr_assert_eq(rig_usage(OWN).over_limit, 1);
	cr_assert_eq(rig_usage(HANDLE).over_limit, 0);
	cr_assert_eq(rig_usage(HANDLE).flows, 2);
}

CHOICE_TEST(over_a_limit_that_drops_no_handle_lets_it_out)
{
	struct packet_spec inside = bound(choice, SYN);

	limit_own(VERDICT_DROP);
	expect_pool(choice, &inside, POOL_NORMAL);
	inside.source_port++;
	rig_expect_refused(&inside);
	rig_expect_counters(.flows_opened = 1, .over_limit = 1, .dropped_over_limit = 1,
			    .resets_sent = 1);
	cr_assert_eq(rig_usage(HANDLE).flows, 1);
}

CHOICE_TEST(a_syn_that_opens_nothing_takes_no_token_of_another_match)
{
	struct packet_spec inside = bound(choice, SYN);

	limit_own(VERDICT_DROP);
	rig_fill_slots(POOL_NORMAL, choice->ipv6 ? SLOT_IPV6 : SLOT_IPV4, 0);
	rig_expect_refused(&inside);
	rig_expect_refused(&inside);
	cr_assert_eq(rig_usage(OWN).over_limit, 0);
}
