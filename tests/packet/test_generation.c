/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which generation of programs is in force, and that it changes nothing while paused: postern_gen.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "packet/rig.h"
#include "postern.skel.h"

TestSuite(packet_generation, .init = rig_init, .fini = rig_done, .timeout = 20);

#define SECOND_NS 1000000000ULL

static void set_generation(uint64_t in_force, uint64_t paused_until_ns)
{
	const struct generation generation = {.in_force = in_force,
					      .paused_until_ns = paused_until_ns};

	cr_assert_eq(bpf_map_update_elem(bpf_map__fd(rig_maps()->maps.postern_gen), &(uint32_t){0},
					 &generation, BPF_ANY),
		     0);
}

/*
 * An open flow's packets and its end, a new connection, an ICMP error, a fragment: all are dropped.
 */
static void expect_drops(void)
{
	struct packet_spec in = rig_inside(false, ACK), out = rig_outside(false, ACK);
	struct packet_spec back = packet_reply(&out), syn = rig_inside(false, SYN);
	struct packet_spec fin = rig_inside(false, FIN | ACK), stranger = rig_stranger(false, SYN);
	struct packet_spec quote = packet_reply(&in), fragment = rig_inside(false, ACK);
	struct packet_spec error = {.source = TENANT4,
				    .destination = REMOTE4,
				    .protocol = IPPROTO_ICMP,
				    .icmp_type = 3,
				    .quote = &quote};
	struct flow flow_before = rig_flow(&in), flow_after;
	struct return_entry entry_before = rig_return(&out), entry_after;
	struct usage usage = rig_usage(TENANT);

	quote.no_link = true;
	syn.source_port++;
	fragment.fragment = FIRST_FRAGMENT;
	rig_expect_drop(EGRESS, &in);
	rig_expect_drop(EGRESS, &syn);
	rig_expect_drop(EGRESS, &fin);
	rig_expect_drop(EGRESS, &stranger);
	rig_expect_drop(EGRESS, &fragment);
	rig_expect_drop(EGRESS, &error);
	rig_expect_drop(INGRESS, &back);
	rig_expect_flows(1);
	flow_after = rig_flow(&in);
	entry_after = rig_return(&out);
	cr_assert_arr_eq(&flow_after, &flow_before, sizeof(flow_before));
	cr_assert_arr_eq(&entry_after, &entry_before, sizeof(entry_before));
	cr_assert_eq(rig_usage(TENANT).refused, usage.refused);
	rig_expect_counters(.flows_opened = 1, .dropped_moving = 7);
}

static void open_flow(void)
{
	struct packet_spec in = rig_inside(false, SYN), out = rig_outside(false, SYN);

	rig_expect_through(EGRESS, &in, &out);
}

static void expect_at_work(void)
{
	struct packet_spec in = rig_inside(false, ACK), out = rig_outside(false, ACK);
	struct packet_spec back = packet_reply(&out), inner = packet_reply(&in);

	rig_expect_through(EGRESS, &in, &out);
	rig_expect_through(INGRESS, &back, &inner);
}

Test(packet_generation, a_paused_generation_drops_packets_and_changes_nothing)
{
	open_flow();
	set_generation(0, rig_now_ns() + 60 * SECOND_NS);
	expect_drops();
	set_generation(0, 0);
	expect_at_work();
}

Test(packet_generation, programs_out_of_force_drop_packets_and_change_nothing)
{
	open_flow();
	set_generation(GENERATION_NONE, 0);
	expect_drops();
	set_generation(1, 0);
	rig_expect_counters(.flows_opened = 1, .dropped_moving = 7);
}

Test(packet_generation, a_pause_expires)
{
	open_flow();
	set_generation(0, rig_now_ns() - 1);
	expect_at_work();
}

Test(packet_generation, packets_of_other_ports_pass_during_a_pause)
{
	struct packet_spec other = rig_inside(false, SYN), icmp = rig_inside(false, 0);

	set_generation(GENERATION_NONE, 0);
	other.destination_port = 80;
	rig_expect_untouched(EGRESS, &other);
	icmp.protocol = IPPROTO_UDP;
	rig_expect_untouched(EGRESS, &icmp);
}

Test(packet_generation, no_flow_ends_during_a_pause)
{
	open_flow();
	set_generation(0, rig_now_ns() + 60 * SECOND_NS);
	rig_set_timeouts(1, 1);
	usleep(500000); /* some ticks, in which nothing may happen */
	rig_expect_flows(1);
	set_generation(0, 0);
	rig_await_flows(0);
}
