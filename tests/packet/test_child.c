/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames of a macvlan on the hooked interface, which are another host's. */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <string.h>

#include "packet/rig.h"

TestSuite(packet_child, .init = rig_init_child, .fini = rig_done, .timeout = 10);

static void expect_untouched(const struct packet_spec *spec)
{
	rig_expect_untouched(EGRESS, spec);
	rig_expect_flows(0);
}

Test(packet_child, no_packet_of_it_is_steered)
{
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct packet_spec of_nobody = rig_stranger(ipv6, SYN),
				   known = rig_inside(ipv6, SYN);

		expect_untouched(&of_nobody);
		expect_untouched(&known);
		known.flags = ACK | PSH;
		known.payload_bytes = 99;
		expect_untouched(&known);
		known.flags = RST;
		expect_untouched(&known);
		known.fragment = FIRST_FRAGMENT;
		expect_untouched(&known);
		known.fragment = LATER_FRAGMENT;
		expect_untouched(&known);
	}
	rig_expect_counters(.flows_opened = 0);
}

/* An ipvlan has the MAC address of its parent; the device of these runs, lo, has zeros. */
Test(packet_child, with_the_address_of_the_interface_it_is_steered)
{
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct packet_spec spec = rig_inside(ipv6, SYN);
		struct packet_bytes packet;
		LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet.bytes, .repeat = 1);

		packet_build(&spec, &packet);
		memset(packet.bytes + ETH_ALEN, 0, ETH_ALEN);
		options.data_size_in = packet.size;
		cr_assert_eq(bpf_prog_test_run_opts(rig_program_fd(EGRESS), &options), 0);
		cr_assert_eq((int)options.retval, TC_ACT_UNSPEC);
		cr_assert(rig_has_flow(&spec));
	}
	rig_expect_counters(.flows_opened = 2);
}
