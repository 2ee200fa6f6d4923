/* SPDX-License-Identifier: BSD-2-Clause */
/* From the first SYN to the end of a flow: repeated SYNs, replaced connections, timeouts, cuts. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <unistd.h>

#include "packet/rig.h"
#include "postern.skel.h"

TestSuite(packet_life, .init = rig_init, .fini = rig_done, .timeout = 10);

#define MILLISECOND_NS 1000000ULL
#define HOUR_NS	       (3600 * 1000 * MILLISECOND_NS)

static void send(uint8_t flags)
{
	struct packet_spec packet = rig_inside(false, flags);

	cr_assert_eq(rig_run(EGRESS, &packet, 0, NULL), -1);
}

static void receive(uint8_t flags)
{
	struct packet_spec out = rig_outside(false, flags), packet = packet_reply(&out);

	cr_assert_eq(rig_run(INGRESS, &packet, 0, NULL), -1);
}

static void establish(void)
{
	send(SYN);
	receive(SYN | ACK);
	send(ACK);
}

/* Opens a connection with the same addresses and ports; it must leave by the high-risk pool. */
static struct flow connect_again(uint32_t sequence)
{
	struct packet_spec syn = rig_inside(false, SYN), outside = rig_outside(false, SYN);

	syn.sequence = outside.sequence = sequence;
	outside.source = RISK4;
	rig_expect_through(EGRESS, &syn, &outside);
	rig_expect_pair(&syn, &outside, TENANT, POOL_HIGH_RISK);
	/* The old flow keeps its port at the other address. */
	rig_expect_flows(2);
	cr_assert_eq(rig_usage(TENANT).flows, 2);
	cr_assert_eq(rig_address_usage(NORMAL4_ID).flows, 1);
	cr_assert_eq(rig_address_usage(RISK4_ID).flows, 1);
	rig_expect_counters(.flows_opened = 2);
	return rig_flow(&syn);
}

Test(packet_life, the_same_syn_again_keeps_the_mapping)
{
	struct packet_spec syn = rig_inside(false, SYN), outside = rig_outside(false, SYN);

	send(SYN);
	rig_expect_through(EGRESS, &syn, &outside);
	cr_assert_eq(rig_flow(&syn).out.packets, 2);
	rig_expect_counters(.flows_opened = 1);
}

Test(packet_life, the_same_syn_again_without_its_data_keeps_the_mapping)
{
	struct packet_spec syn = rig_inside(false, SYN), outside = rig_outside(false, SYN);

	syn.payload_bytes = 100; /* RFC 7413 */
	rig_run(EGRESS, &syn, 0, NULL);
	syn.payload_bytes = 0;
	rig_expect_through(EGRESS, &syn, &outside);
	rig_expect_counters(.flows_opened = 1);
}

Test(packet_life, another_syn_before_an_answer_is_another_connection)
{
	send(SYN);
	rig_set_verdict(TENANT, VERDICT_STEER, POOL_HIGH_RISK);
	connect_again(7000);
}

Test(packet_life, the_same_syn_again_after_a_change_of_the_verdict_follows_it)
{
	send(SYN);
	rig_set_verdict(TENANT, VERDICT_STEER, POOL_HIGH_RISK);
	connect_again(1000);
}

Test(packet_life, a_syn_in_an_established_flow_is_translated)
{
	struct packet_spec syn = rig_inside(false, SYN), outside = rig_outside(false, SYN);

	establish();
	syn.sequence = outside.sequence = 7000;
	rig_expect_through(EGRESS, &syn, &outside);
	cr_assert_eq(rig_flow(&syn).out.packets, 3);
	rig_expect_counters(.flows_opened = 1);
}

Test(packet_life, a_syn_in_an_established_flow_whose_verdict_has_changed_is_another_connection)
{
	establish();
	rig_set_verdict(TENANT, VERDICT_STEER, POOL_HIGH_RISK);
	connect_again(7000);
}

struct closing {
	bool inwards;
	uint8_t flags;
};

static struct criterion_test_params closings(void)
{
	static struct closing all[] = {
		{false, FIN | ACK}, {false, RST}, {true, FIN | ACK}, {true, RST | ACK}};

	return cr_make_param_array(struct closing, all, 4);
}

static void close_by(const struct closing *closing)
{
	if (closing->inwards)
		receive(closing->flags);
	else
		send(closing->flags);
}

ParameterizedTestParameters(packet_life, after_the_end_a_syn_follows_the_new_verdict)
{
	return closings();
}

ParameterizedTest(struct closing *closing, packet_life, after_the_end_a_syn_follows_the_new_verdict)
{
	establish();
	close_by(closing);
	rig_set_verdict(TENANT, VERDICT_STEER, POOL_HIGH_RISK);
	cr_assert_eq(connect_again(7000).out.packets, 1);
}

Test(packet_life, after_the_end_a_syn_may_be_rejected)
{
	struct packet_spec syn = rig_inside(false, SYN);

	establish();
	send(FIN | ACK);
	rig_set_verdict(TENANT, VERDICT_DROP, POOL_NONE);
	syn.sequence = 7000;
	rig_expect_refused(&syn);
	rig_expect_counters(.flows_opened = 1, .dropped_blocked = 1, .resets_sent = 1);
}

Test(packet_life, a_later_sequence_gets_the_old_port_at_once)
{
	struct packet_spec syn = rig_inside(false, SYN), outside = rig_outside(false, SYN);

	establish();
	send(FIN | ACK); /* ends at 1002 */
	syn.sequence = outside.sequence = 1002;
	rig_expect_through(EGRESS, &syn, &outside);
	rig_expect_flows(1);
	rig_expect_counters(.flows_opened = 2, .flows_replaced = 1);
}

Test(packet_life, an_earlier_sequence_gets_another_port)
{
	struct packet_spec syn = rig_inside(false, SYN), outside = rig_outside(false, SYN);

	establish();
	send(FIN | ACK); /* ends at 1002 */
	syn.sequence = outside.sequence = 1001;
	cr_assert_eq(rig_run(EGRESS, &syn, 0, NULL), -1);
	outside.source_port = rig_flow(&syn).port;
	cr_assert_neq(outside.source_port, 40000);
	rig_expect_pair(&syn, &outside, TENANT, POOL_NORMAL);
	rig_expect_flows(2);
	cr_assert_eq(rig_usage(TENANT).flows, 2);
	rig_expect_counters(.flows_opened = 2, .ports_changed = 1);
}

Test(packet_life, data_after_a_reset_opens_again)
{
	struct packet_spec out = rig_outside(false, ACK), syn = rig_inside(false, SYN);

	establish();
	receive(RST);
	cr_assert_eq(rig_return(&out).in.rst_seen, 1);
	receive(ACK | PSH);
	cr_assert_eq(rig_return(&out).in.rst_seen, 0);
	syn.sequence = 7000;
	rig_run(EGRESS, &syn, 0, NULL);
	rig_expect_counters(.flows_opened = 1);
}

/* ---- timeouts */

/* RFC 7857 section 2.2: an endless series of RSTs must not reserve a port for ever. */
Test(packet_life, a_reset_does_not_refresh)
{
	struct packet_spec syn = rig_inside(false, SYN), out = rig_outside(false, SYN);
	uint64_t last_out_ns, last_in_ns;

	establish();
	send(RST); /* the first RST of each end starts the transitory timeout */
	receive(RST);
	last_out_ns = rig_flow(&syn).out.last_ns;
	last_in_ns = rig_return(&out).in.last_ns;
	for (int i = 0; i < 20; i++) {
		send(RST);
		receive(RST);
		usleep(1000);
	}
	cr_assert_eq(rig_flow(&syn).out.last_ns, last_out_ns);
	cr_assert_eq(rig_return(&out).in.last_ns, last_in_ns);
}

static void expect_expired(void)
{
	rig_await_flows(0);
	rig_expect_counters(.flows_opened = 1, .flows_expired = 1);
	cr_assert_eq(rig_usage(TENANT).flows, 0);
	cr_assert_eq(rig_usage(TENANT).connections, 1);
	cr_assert_eq(rig_address_usage(NORMAL4_ID).flows, 0);
}

Test(packet_life, a_flow_without_an_answer_expires)
{
	send(SYN);
	rig_expect_flows(1);
	rig_set_timeouts(HOUR_NS, 20 * MILLISECOND_NS);
	expect_expired();
}

Test(packet_life, a_passed_flow_expires)
{
	rig_set_timeouts(HOUR_NS, 20 * MILLISECOND_NS);
	rig_set_verdict(TENANT, VERDICT_PASS, POOL_NONE);
	send(SYN);
	rig_await_flows(0);
	rig_expect_counters(.flows_opened = 1, .passed = 1, .flows_expired = 1);
	cr_assert_eq(rig_usage(TENANT).flows, 0);
}

Test(packet_life, an_established_flow_has_the_long_timeout)
{
	struct packet_spec syn = rig_inside(false, SYN);
	uint64_t last_ns;

	establish();
	last_ns = rig_flow(&syn).out.last_ns;
	rig_set_timeouts(500 * MILLISECOND_NS, 20 * MILLISECOND_NS);
	expect_expired();
	cr_assert_geq(rig_now_ns() - last_ns, 500 * MILLISECOND_NS);
}

/* As if neither direction had seen a packet since the host booted. */
static void let_age(void)
{
	struct packet_spec syn = rig_inside(false, SYN), out = rig_outside(false, SYN);
	struct flow flow = rig_flow(&syn);
	struct return_entry entry = rig_return(&out);
	struct return_key returns;
	struct flow_key key;
	int flow_fd = bpf_map__fd(rig_maps()->maps.postern_flows);
	int return_fd = bpf_map__fd(rig_maps()->maps.postern_returns);

	flow.out.last_ns = entry.in.last_ns = 1;
	cr_assert_eq(bpf_map_get_next_key(flow_fd, NULL, &key), 0);
	cr_assert_eq(bpf_map_update_elem(flow_fd, &key, &flow, BPF_EXIST), 0);
	cr_assert_eq(bpf_map_get_next_key(return_fd, NULL, &returns), 0);
	cr_assert_eq(bpf_map_update_elem(return_fd, &returns, &entry, BPF_EXIST), 0);
}

/* Checks come soon and often, and end the flow once it has aged. */
static void let_end(void)
{
	rig_set_timeouts(rig_now_ns() / 2, 20 * MILLISECOND_NS);
}

Test(packet_life, packets_of_either_direction_keep_a_flow_alive)
{
	void (*const directions[])(uint8_t) = {send, receive};

	establish();
	for (int i = 0; i < 2; i++) {
		rig_set_timeouts(UINT64_MAX / 4, UINT64_MAX / 4);
		let_age();
		directions[i](ACK);
		let_end();
		usleep(300000); /* some ticks, in which nothing may happen */
		rig_expect_flows(1);
	}
	let_age();
	expect_expired();
}

ParameterizedTestParameters(packet_life, a_closing_flow_has_the_short_timeout)
{
	return closings();
}

ParameterizedTest(struct closing *closing, packet_life, a_closing_flow_has_the_short_timeout)
{
	struct packet_spec syn = rig_inside(false, SYN);

	rig_set_timeouts(HOUR_NS, HOUR_NS);
	establish();
	rig_set_timeouts(HOUR_NS, 20 * MILLISECOND_NS);
	cr_assert(rig_has_flow(&syn));
	close_by(closing);
	expect_expired();
}

/* ---- cut */

Test(packet_life, a_cut_flow_sends_nothing_more_and_ends)
{
	struct packet_spec data = rig_inside(false, ACK | PSH);
	struct event event;

	establish();
	rig_cut(TENANT);
	rig_expect_reset(EGRESS, &data);
	rig_expect_reset(EGRESS, &data);
	cr_assert_eq(rig_flow(&data).out.rst_seen, 1);
	cr_assert_eq(rig_events(&event), 2);
	cr_assert_eq(event.counter, COUNTER_dropped_cut);
	cr_assert_eq(event.pool, POOL_NORMAL);
	rig_set_timeouts(HOUR_NS, 20 * MILLISECOND_NS);
	rig_await_flows(0);
	rig_expect_counters(.flows_opened = 1, .flows_expired = 1, .dropped_cut = 2,
			    .resets_sent = 2);
}

Test(packet_life, a_flow_opened_after_the_cut_goes_on)
{
	struct packet_spec data = rig_inside(false, ACK | PSH),
			   outside = rig_outside(false, ACK | PSH);

	outside.source = RISK4;
	rig_cut(TENANT);
	establish();
	rig_cut(OTHER);
	rig_expect_through(EGRESS, &data, &outside);
	cr_assert_eq(rig_flow(&data).cut_seen, 2);
}

Test(packet_life, a_cut_of_another_sender_is_none)
{
	struct packet_spec data = rig_inside(false, ACK | PSH),
			   outside = rig_outside(false, ACK | PSH);

	establish();
	rig_cut(OTHER);
	rig_expect_through(EGRESS, &data, &outside);
}

Test(packet_life, a_syn_on_a_cut_flow_follows_the_new_verdict)
{
	establish();
	rig_cut(TENANT);
	connect_again(7000);
}
