/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Forwarded packets from an address of this host: a masquerade before the programs has taken their
 * sender. The host of these tests has OWN4 and OWN6; every packet is forwarded.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <linux/pkt_cls.h>

#include "packet/rig.h"

TestSuite(packet_translated_before, .init = rig_init_forwarded, .fini = rig_done, .timeout = 10);

/* Each test runs for IPv4 and for IPv6. */
#define FAMILY_TEST(name)                                                                          \
	ParameterizedTestParameters(packet_translated_before, name)                                \
	{                                                                                          \
		static bool families[] = {false, true};                                            \
		return cr_make_param_array(bool, families, 2);                                     \
	}                                                                                          \
	static void name(bool ipv6);                                                               \
	ParameterizedTest(bool *ipv6, packet_translated_before, name)                              \
	{                                                                                          \
		name(*ipv6);                                                                       \
	}                                                                                          \
	static void name(bool ipv6)

static struct packet_spec masqueraded(bool ipv6)
{
	struct packet_spec packet = rig_stranger(ipv6, SYN);

	packet.source = ipv6 ? OWN6 : OWN4;
	return packet;
}

FAMILY_TEST(a_syn_from_an_address_of_this_host_is_held)
{
	struct packet_spec syn = masqueraded(ipv6);
	struct event event;

	rig_expect_refused(&syn);
	rig_expect_flows(0);
	rig_expect_counters(.translated_before = 1, .resets_sent = 1);
	cr_assert_eq(rig_events(&event), 1);
	cr_assert_eq(event.counter, COUNTER_translated_before);
	cr_assert_eq(event.sender, SENDER_UNKNOWN);
}

FAMILY_TEST(even_where_a_prefix_has_that_address)
{
	struct packet_spec syn = masqueraded(ipv6);

	rig_select_net(syn.source, ipv6 ? 64 : 96 + 24, TENANT);
	rig_expect_refused(&syn);
	rig_expect_counters(.translated_before = 1, .resets_sent = 1);
}

FAMILY_TEST(other_forwarded_packets_are_steered)
{
	struct packet_spec syn = rig_inside(ipv6, SYN), stranger = rig_stranger(ipv6, SYN);

	cr_assert_eq(rig_run(EGRESS, &syn, 0, NULL), TC_ACT_UNSPEC);
	cr_assert_eq(rig_run(EGRESS, &stranger, 0, NULL), TC_ACT_UNSPEC);
	rig_expect_flows(2);
	rig_expect_counters(.flows_opened = 2, .ports_changed = 1);
}

FAMILY_TEST(by_forwarded_masquerade_it_is_an_unknown_sender_s)
{
	struct control control = rig_control();
	struct packet_spec syn = masqueraded(ipv6), outside = rig_outside(ipv6, SYN);

	control.forwarded_masquerade = MASQUERADE_DEFAULT;
	rig_set_control(&control);
	rig_expect_through(EGRESS, &syn, &outside);
	rig_expect_pair(&syn, &outside, SENDER_UNKNOWN, POOL_NORMAL);
}
