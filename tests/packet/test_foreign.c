/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets that still have the socket of another network namespace, as a bridge and a macvlan leave
 * it: that socket's uid and mark name no sender of this host.
 */
#include <criterion/criterion.h>
#include <linux/pkt_cls.h>

#include "packet/rig.h"

TestSuite(packet_foreign, .init = rig_init_foreign, .fini = rig_done, .timeout = 10);

#define MARK 7

static void expect_sender(uint32_t sender)
{
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct packet_spec inside = rig_stranger(ipv6, SYN);

		cr_assert_eq(rig_run(EGRESS, &inside, MARK, NULL), TC_ACT_UNSPEC);
		cr_assert_eq(rig_flow(&inside).sender, sender);
	}
}

Test(packet_foreign, a_uid_of_another_namespace_names_nobody)
{
	rig_add_sender(OTHER);
	rig_select_number(SELECTOR_UID, 0, OTHER);
	expect_sender(SENDER_UNKNOWN);
}

Test(packet_foreign, a_mark_of_another_namespace_names_nobody)
{
	rig_add_sender(OTHER);
	rig_select_number(SELECTOR_MARK, MARK, OTHER);
	expect_sender(SENDER_UNKNOWN);
}

Test(packet_foreign, its_address_does)
{
	rig_add_sender(OTHER);
	rig_select_net(STRANGER4, 96 + 24, OTHER);
	rig_select_net(STRANGER6, 64, OTHER);
	expect_sender(OTHER);
}

/* The kernel gives each cgroup one id, whatever the namespace. */
Test(packet_foreign, its_cgroup_does)
{
	rig_add_sender(OTHER);
	rig_select_number(SELECTOR_CGROUP, 1, OTHER);
	expect_sender(OTHER);
}
