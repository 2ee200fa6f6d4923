/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets from a handle that nothing translates: by the program of interfaces without hooks
 * (HANDLES) none leaves, by egress none to a port that is not steered.
 */
#include <criterion/criterion.h>
#include <linux/pkt_cls.h>
#include <netinet/in.h>

#include "packet/rig.h"

TestSuite(packet_kept, .init = rig_init, .fini = rig_done, .timeout = 10);
TestSuite(packet_kept_l3, .init = rig_init_l3, .fini = rig_done, .timeout = 10);
TestSuite(packet_kept_foreign, .init = rig_init_foreign, .fini = rig_done, .timeout = 10);

#define HANDLE4	   "100.127.0.2"
#define HANDLE6	   "fd70:6f73:7465::2"
#define NEIGHBOUR4 "100.127.0.3"
#define NEIGHBOUR6 "fd70:6f73:7465::3"
#define MARK	   7

/* A packet to a port that is not steered. */
static struct packet_spec from(const char *ipv4, const char *ipv6, bool is_ipv6)
{
	struct packet_spec spec = rig_inside(is_ipv6, SYN);

	spec.source = is_ipv6 ? ipv6 : ipv4;
	spec.destination_port = 587;
	return spec;
}

static void add_handles(void)
{
	rig_add_sender(OTHER);
	rig_select_handle(HANDLE4, OTHER);
	rig_select_handle(HANDLE6, OTHER);
}

static const enum rig_program programs[] = {EGRESS, HANDLES};

static void expect_connections_reset(const enum rig_program *tried, size_t count)
{
	struct event event;

	add_handles();
	for (size_t i = 0; i < count; i++)
		for (int ipv6 = 0; ipv6 < 2; ipv6++) {
			struct packet_spec spec = from(HANDLE4, HANDLE6, ipv6);

			rig_expect_reset(tried[i], &spec);
			cr_assert_eq(rig_events(&event), 1);
			cr_assert_eq(event.counter, COUNTER_dropped_handle);
			cr_assert_eq(event.destination_port, 587);
		}
	rig_expect_counters(.dropped_handle = 2 * count, .resets_sent = 2 * count);
	rig_expect_flows(0);
}

Test(packet_kept, connections_to_other_ports_are_reset)
{
	expect_connections_reset(programs, 2);
}

Test(packet_kept_l3, connections_to_other_ports_are_reset)
{
	expect_connections_reset(programs, 1);
}

Test(packet_kept, an_interface_without_hooks_carries_no_steered_port_either)
{
	add_handles();
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct packet_spec spec = from(HANDLE4, HANDLE6, ipv6), outside;

		spec.destination_port = 25;
		rig_expect_reset(HANDLES, &spec);
		outside = rig_outside(ipv6, SYN);
		rig_expect_through(EGRESS, &spec, &outside);
		spec.flags = outside.flags = ACK;
		rig_expect_through(EGRESS, &spec, &outside);
	}
	rig_expect_counters(.dropped_handle = 2, .resets_sent = 2, .flows_opened = 2);
}

/* What has no connection, or a form that no reset has. */
Test(packet_kept, all_else_from_a_handle_is_dropped)
{
	static const struct packet_spec forms[] = {
		{.protocol = IPPROTO_UDP},
		{.protocol = IPPROTO_UDP, .fragment = LATER_FRAGMENT},
		{.fragment = FIRST_FRAGMENT},
		{.missing_bytes = 12},
		{.protocol = IPPROTO_SCTP},
		{.vlan_tags = 1, .protocol = IPPROTO_UDP},
		{.vlan_tags = 2, .missing_bytes = 4},
	};
	uint64_t dropped = 0;

	add_handles();
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		for (int j = 0; j < 4; j++) {
			struct packet_spec spec = from(HANDLE4, HANDLE6, j & 1);

			spec.protocol = forms[i].protocol;
			spec.fragment = forms[i].fragment;
			spec.missing_bytes = forms[i].missing_bytes;
			spec.vlan_tags = forms[i].vlan_tags;
			cr_assert_eq(rig_run(programs[j / 2], &spec, 0, NULL), TC_ACT_SHOT,
				     "form %zu, %s, program %d", i, spec.source, j / 2);
			rig_expect_counters(.dropped_handle = ++dropped);
		}
}

Test(packet_kept, what_is_no_handle_leaves)
{
	add_handles();
	for (int j = 0; j < 4; j++) {
		struct packet_spec tenant = from(TENANT4, TENANT6, j & 1);
		struct packet_spec neighbour = from(NEIGHBOUR4, NEIGHBOUR6, j & 1);

		rig_expect_untouched(programs[j / 2], &tenant);
		rig_expect_untouched(programs[j / 2], &neighbour);
		neighbour.vlan_tags = 1;
		neighbour.protocol = IPPROTO_UDP;
		rig_expect_untouched(programs[j / 2], &neighbour);
		tenant.missing_bytes = 18;
		rig_expect_untouched(programs[j / 2], &tenant);
	}
	rig_expect_counters(.flows_opened = 0);
}

/* A selector before the handle, as a mark is one, may have a verdict that passes. */
Test(packet_kept, a_passed_connection_from_a_handle_does_not_leave)
{
	add_handles();
	rig_add_sender(ANOTHER);
	rig_set_verdict(ANOTHER, VERDICT_PASS, POOL_NONE);
	rig_select_number(SELECTOR_MARK, MARK, ANOTHER);
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct packet_spec spec = from(HANDLE4, HANDLE6, ipv6);

		spec.destination_port = 25;
		cr_assert_eq(rig_run(EGRESS, &spec, MARK, NULL), TC_ACT_REDIRECT, "no reset");
		cr_assert_eq(rig_run(EGRESS, &spec, MARK, NULL), TC_ACT_REDIRECT, "no reset");
	}
}

/* A bridged container may have such an address. */
Test(packet_kept_foreign, a_packet_of_another_namespace_leaves)
{
	add_handles();
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct packet_spec spec = from(HANDLE4, HANDLE6, ipv6);

		rig_expect_untouched(EGRESS, &spec);
		spec.protocol = IPPROTO_UDP;
		rig_expect_untouched(EGRESS, &spec);
	}
	rig_expect_counters(.flows_opened = 0);
}
