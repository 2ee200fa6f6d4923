/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces whose packets begin with the IP header. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "packet/rig.h"

TestSuite(packet_l3, .init = rig_init_l3, .fini = rig_done, .timeout = 10);

static struct criterion_test_params families(void)
{
	static bool each[] = {false, true};

	return cr_make_param_array(bool, each, 2);
}

ParameterizedTestParameters(packet_l3, a_flow_is_translated_both_ways)
{
	return families();
}

ParameterizedTest(bool *ipv6, packet_l3, a_flow_is_translated_both_ways)
{
	struct packet_spec syn = rig_inside(*ipv6, SYN), data = rig_inside(*ipv6, ACK | PSH);
	struct packet_spec syn_outside = rig_outside(*ipv6, SYN);
	struct packet_spec data_outside = rig_outside(*ipv6, ACK | PSH);
	struct packet_spec reply = packet_reply(&data_outside), expected = packet_reply(&data);

	rig_expect_through(EGRESS, &syn, &syn_outside);
	rig_expect_through(EGRESS, &data, &data_outside);
	rig_expect_through(INGRESS, &reply, &expected);
	rig_expect_pair(&syn, &syn_outside, TENANT, POOL_NORMAL);
	rig_expect_counters(.flows_opened = 1);
}

ParameterizedTestParameters(packet_l3, options_and_extension_headers_are_walked)
{
	return families();
}

ParameterizedTest(bool *ipv6, packet_l3, options_and_extension_headers_are_walked)
{
	struct packet_spec inside = rig_inside(*ipv6, SYN), outside = rig_outside(*ipv6, SYN);

	inside.ip_option_bytes = outside.ip_option_bytes = *ipv6 ? 0 : 8;
	inside.n_extensions = outside.n_extensions = *ipv6 ? 2 : 0;
	rig_expect_through(EGRESS, &inside, &outside);
}

ParameterizedTestParameters(packet_l3, a_connection_without_a_flow_is_reset)
{
	return families();
}

ParameterizedTest(bool *ipv6, packet_l3, a_connection_without_a_flow_is_reset)
{
	struct packet_spec data = rig_inside(*ipv6, ACK | PSH);

	rig_expect_reset(EGRESS, &data);
	rig_expect_counters(.dropped_no_flow = 1, .resets_sent = 1);
}

ParameterizedTestParameters(packet_l3, other_ports_are_not_touched)
{
	return families();
}

ParameterizedTest(bool *ipv6, packet_l3, other_ports_are_not_touched)
{
	struct packet_spec packet = rig_inside(*ipv6, SYN);

	packet.destination_port = 443;
	rig_expect_untouched(EGRESS, &packet);
	rig_expect_untouched(INGRESS, &packet);
	rig_expect_counters();
}
