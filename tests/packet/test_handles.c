/* SPDX-License-Identifier: BSD-2-Clause */
/* A verdict that names one address, as the handle of an address has it, in both families. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "packet/rig.h"

TestSuite(packet_handles, .init = rig_init, .fini = rig_done, .timeout = 10);

#define MISSING_ID 999

/* Each test runs for IPv4 and for IPv6. */
#define FAMILY_TEST(name)                                                                          \
	ParameterizedTestParameters(packet_handles, name)                                          \
	{                                                                                          \
		static bool families[] = {false, true};                                            \
		return cr_make_param_array(bool, families, 2);                                     \
	}                                                                                          \
	static void name(bool ipv6);                                                               \
	ParameterizedTest(bool *ipv6, packet_handles, name)                                        \
	{                                                                                          \
		name(*ipv6);                                                                       \
	}                                                                                          \
	static void name(bool ipv6)

static uint32_t normal_id(bool ipv6)
{
	return ipv6 ? NORMAL6_ID : NORMAL4_ID;
}

/* The pool's slots point to an address of the other pool. */
static void name_address(bool ipv6, uint32_t address)
{
	rig_put_verdict(TENANT, &(struct verdict){.action = VERDICT_STEER,
						  .reason = REASON_HANDLE,
						  .pool = POOL_NORMAL,
						  .address = address});
	rig_fill_slots(POOL_NORMAL, ipv6 ? SLOT_IPV6 : SLOT_IPV4, ipv6 ? RISK6_ID : RISK4_ID);
}

FAMILY_TEST(new_flows_leave_by_it_whatever_the_slots_say_and_wherever_they_go)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), outside = rig_outside(ipv6, SYN);

	name_address(ipv6, normal_id(ipv6));
	for (uint16_t port = 40000; port < 40020; port++) {
		inside.source_port = outside.source_port = port;
		rig_expect_through(EGRESS, &inside, &outside);
	}
	rig_expect_pair(&inside, &outside, TENANT, POOL_NORMAL);
	rig_expect_counters(.flows_opened = 20);
	cr_assert_eq(rig_address_usage(normal_id(ipv6)).flows, 20);
	cr_assert_eq(rig_flow(&inside).address_id, normal_id(ipv6));
}

FAMILY_TEST(where_it_names_none_they_are_held)
{
	struct packet_spec inside = rig_inside(ipv6, SYN);
	struct event event;

	name_address(ipv6, VERDICT_NO_ADDRESS);
	rig_expect_refused(&inside);
	rig_expect_counters(.dropped_pool_empty = 1, .resets_sent = 1);
	rig_expect_flows(0);
	cr_assert_eq(rig_usage(TENANT).refused, 1);
	cr_assert_eq(rig_events(&event), 1);
	cr_assert_eq(event.pool, POOL_NORMAL);
}

/* Slots and verdict still lead to it: the guard has told the programs first. */
FAMILY_TEST(an_address_that_the_host_lacks_takes_no_new_flow)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), stranger = rig_stranger(ipv6, SYN);

	name_address(ipv6, normal_id(ipv6));
	rig_hold_address(normal_id(ipv6));
	rig_hold_address(ipv6 ? RISK6_ID : RISK4_ID);
	rig_expect_refused(&inside);
	rig_expect_refused(&stranger);
	rig_expect_counters(.dropped_pool_empty = 2, .resets_sent = 2);
	rig_expect_flows(0);
}

FAMILY_TEST(flows_that_live_go_on_when_it_is_held)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), outside = rig_outside(ipv6, SYN);

	name_address(ipv6, normal_id(ipv6));
	rig_expect_through(EGRESS, &inside, &outside);
	name_address(ipv6, VERDICT_NO_ADDRESS);
	inside.flags = outside.flags = ACK;
	rig_expect_through(EGRESS, &inside, &outside);
	rig_expect_flows(1);
}

FAMILY_TEST(past_its_time_the_verdict_has_another)
{
	struct packet_spec inside = rig_inside(ipv6, SYN), outside = rig_outside(ipv6, SYN);

	name_address(ipv6, VERDICT_ANY_ADDRESS);
	rig_put_verdict(TENANT, &(struct verdict){.action = VERDICT_DROP,
						  .reason = REASON_MANUAL,
						  .until_ns = 1,
						  .after_action = VERDICT_STEER,
						  .after_pool = POOL_NORMAL,
						  .after_address = normal_id(ipv6)});
	rig_expect_through(EGRESS, &inside, &outside);
}

FAMILY_TEST(one_that_is_gone_or_of_the_other_family_lets_nothing_out)
{
	struct packet_spec inside = rig_inside(ipv6, SYN);

	name_address(ipv6, MISSING_ID);
	rig_expect_refused(&inside);
	name_address(ipv6, normal_id(!ipv6));
	rig_expect_refused(&inside);
	rig_expect_counters(.dropped_error = 2, .resets_sent = 2);
	rig_expect_flows(0);
}
