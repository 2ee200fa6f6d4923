/* SPDX-License-Identifier: BSD-2-Clause */
/* A pool's address that the host routes by another interface: postern_uplinks. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <linux/pkt_cls.h>
#include <string.h>

#include "base/address.h"
#include "packet/rig.h"
#include "postern.skel.h"

TestSuite(packet_uplink, .init = rig_init, .fini = rig_done, .timeout = 20);

#define LOOPBACK 1 /* BPF_PROG_TEST_RUN: the interface of each packet */

static void put_uplink(const char *text, uint32_t wrong, uint32_t right)
{
	struct generation generation = {.by_source = 1};
	struct uplink_key key = {.ifindex = wrong};
	struct uplink uplink = {.ifindex = right};
	struct address address;

	cr_assert_eq(address_parse(text, &address), 0);
	memcpy(key.address, address.bytes, sizeof(key.address));
	cr_assert_eq(bpf_map_update_elem(bpf_map__fd(rig_maps()->maps.postern_uplinks), &key,
					 &uplink, BPF_ANY),
		     0);
	cr_assert_eq(bpf_map_update_elem(bpf_map__fd(rig_maps()->maps.postern_gen), &(uint32_t){0},
					 &generation, BPF_ANY),
		     0);
}

Test(packet_uplink, the_packet_is_translated_and_leaves_by_the_right_interface)
{
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct packet_spec inside = rig_inside(ipv6, SYN), outside = rig_outside(ipv6, SYN);
		struct packet_bytes packet;

		put_uplink(outside.source, LOOPBACK, LOOPBACK);
		cr_assert_eq(rig_run(EGRESS, &inside, 0, &packet), TC_ACT_REDIRECT);
		packet_expect(&packet, &outside);
	}
	rig_expect_counters(.flows_opened = 2);
}

Test(packet_uplink, without_a_right_interface_it_is_held)
{
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct packet_spec inside = rig_inside(ipv6, SYN), outside = rig_outside(ipv6, SYN);

		put_uplink(outside.source, LOOPBACK, 0);
		rig_expect_refused(&inside);
	}
	rig_expect_counters(.flows_opened = 2, .dropped_uplink = 2, .resets_sent = 2);
	rig_expect_flows(0);
	cr_expect_eq(rig_usage(TENANT).flows, 0);
}

/* Its local end is reset, so the flow is over. */
Test(packet_uplink, a_flow_that_loses_it_closes)
{
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct packet_spec inside = rig_inside(ipv6, SYN), outside = rig_outside(ipv6, SYN);

		rig_expect_through(EGRESS, &inside, &outside);
		put_uplink(outside.source, LOOPBACK, 0);
		inside.flags = ACK | PSH;
		inside.payload_bytes = 9;
		rig_expect_reset(EGRESS, &inside);
		cr_expect_eq(rig_flow(&inside).out.rst_seen, 1);
	}
	rig_expect_counters(.flows_opened = 2, .dropped_uplink = 2, .resets_sent = 2);
}

Test(packet_uplink, other_interfaces_and_other_addresses_are_right)
{
	struct packet_spec inside = rig_inside(false, SYN), outside = rig_outside(false, SYN);

	put_uplink(NORMAL4, LOOPBACK + 1, 0);
	put_uplink(RISK4, LOOPBACK, 0);
	rig_expect_through(EGRESS, &inside, &outside);
	rig_expect_counters(.flows_opened = 1);
}
