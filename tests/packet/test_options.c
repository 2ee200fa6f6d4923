/* SPDX-License-Identifier: BSD-2-Clause */
/* Steered connections are plain TCP: MPTCP (RFC 8684) is taken out of a SYN. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "packet/rig.h"

TestSuite(packet_options, .init = rig_init, .fini = rig_done, .timeout = 20);

#define CAPABLE 0x01 /* subtype MP_CAPABLE, version 1 */
#define JOIN	0x10

struct syn {
	uint8_t before[40];
	uint8_t after[40];
	size_t bytes;
	bool ipv6;
};

static void take_out(const struct syn *syn)
{
	struct packet_spec inside = rig_inside(syn->ipv6, SYN);
	struct packet_spec outside = rig_outside(syn->ipv6, SYN);

	inside.tcp_option_bytes = outside.tcp_option_bytes = syn->bytes;
	inside.tcp_options = syn->before;
	outside.tcp_options = syn->after;
	rig_expect_through(EGRESS, &inside, &outside);
	rig_expect_pair(&inside, &outside, TENANT, POOL_NORMAL);
	rig_expect_counters(.flows_opened = 1, .mptcp_removed = 1);
	/* Sent again, it must not ask for MPTCP either. */
	rig_expect_through(EGRESS, &inside, &outside);
	rig_expect_counters(.flows_opened = 1, .mptcp_removed = 2);
}

/* As Linux sends it; at an odd offset; as the last of 37 NOPs; of version 0, with a key. */
ParameterizedTestParameters(packet_options, a_syn_that_asks_for_mptcp_leaves_as_plain_tcp)
{
	static struct syn all[] = {
		{{2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7, 30, 4, CAPABLE, 1},
		 {2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7, 1, 1, 1, 1},
		 24,
		 false},
		{{2, 4, 5, 180, 1, 30, 4, CAPABLE, 1, 0, 0, 0},
		 {2, 4, 5, 180, 1, 1, 1, 1, 1, 0, 0, 0},
		 12,
		 true},
		{{30, 12, 0, 1, 7, 7, 7, 7, 7, 7, 7, 7, 2, 4, 5, 180},
		 {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 5, 180},
		 16,
		 false},
		{{[0 ... 36] = 1, 30, 3, CAPABLE}, {[0 ... 39] = 1}, 40, true},
	};

	return cr_make_param_array(struct syn, all, sizeof(all) / sizeof(*all));
}

ParameterizedTest(struct syn *syn, packet_options, a_syn_that_asks_for_mptcp_leaves_as_plain_tcp)
{
	take_out(syn);
}

Test(packet_options, a_syn_that_joins_is_refused)
{
	static const uint8_t join[] = {2, 4, 5, 180, 30, 12, JOIN, 1, 9, 9, 9, 9, 8, 8, 8, 8};

	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct packet_spec syn = rig_stranger(ipv6, SYN);

		syn.tcp_option_bytes = sizeof(join);
		syn.tcp_options = join;
		rig_expect_refused(&syn);
	}
	rig_expect_flows(0);
	rig_expect_counters(.dropped_join = 2, .resets_sent = 2);
}

/* A passed connection is cut and blocked as others are. */
Test(packet_options, a_passed_syn_leaves_as_plain_tcp)
{
	static const uint8_t before[] = {30, 4, CAPABLE, 1}, after[] = {1, 1, 1, 1};
	struct packet_spec syn = rig_inside(false, SYN), plain = syn;

	rig_set_verdict(TENANT, VERDICT_PASS, POOL_NONE);
	syn.tcp_option_bytes = plain.tcp_option_bytes = sizeof(before);
	syn.tcp_options = before;
	plain.tcp_options = after;
	rig_expect_through(EGRESS, &syn, &plain);
	rig_expect_counters(.flows_opened = 1, .passed = 1, .mptcp_removed = 1);
}

/* Twice, or behind the end of the header: no kernel sends it. */
Test(packet_options, a_broken_option_is_dropped)
{
	static const uint8_t twice[] = {30, 4, CAPABLE, 1, 30, 4, CAPABLE, 1};
	static const uint8_t behind[] = {1, 1, 1, 1, 30, 12, CAPABLE, 1};
	struct packet_spec syn = rig_inside(false, SYN);

	syn.tcp_option_bytes = sizeof(twice);
	syn.tcp_options = twice;
	rig_expect_drop(EGRESS, &syn);
	syn.tcp_options = behind;
	rig_expect_drop(EGRESS, &syn);
	rig_expect_flows(0);
	rig_expect_counters(.dropped_malformed = 1, .dropped_error = 1);
}

Test(packet_options, other_ports_and_later_packets_keep_theirs)
{
	static const uint8_t capable[] = {30, 4, CAPABLE, 1};
	struct packet_spec other = rig_inside(false, SYN), data = rig_inside(false, ACK);
	struct packet_spec outside = rig_outside(false, ACK), syn = rig_inside(false, SYN);

	other.destination_port = 443;
	other.tcp_option_bytes = data.tcp_option_bytes = outside.tcp_option_bytes = 4;
	other.tcp_options = data.tcp_options = outside.tcp_options = capable;
	rig_expect_untouched(EGRESS, &other);
	rig_run(EGRESS, &syn, 0, NULL);
	rig_expect_through(EGRESS, &data, &outside);
	rig_expect_counters(.flows_opened = 1);
}
