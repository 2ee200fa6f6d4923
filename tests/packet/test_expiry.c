/* SPDX-License-Identifier: BSD-2-Clause */
/* The queue and its timer: every flow is checked, and no entry takes space for ever. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <unistd.h>

#include "packet/rig.h"
#include "postern.skel.h"

TestSuite(packet_expiry, .init = rig_init, .fini = rig_done, .timeout = 20);

#define TRANSITORY_NS 20000000ULL
#define LONG_NS	      60000000000ULL

static struct expiry_timer timer_now(void)
{
	struct expiry_timer timer;

	cr_assert_eq(bpf_map_lookup_elem(bpf_map__fd(rig_maps()->maps.postern_timer),
					 &(uint32_t){0}, &timer),
		     0);
	return timer;
}

static void await_queued(uint64_t count)
{
	uint64_t end = rig_now_ns() + RIG_WAIT_NS;

	while (timer_now().queued != count && rig_now_ns() < end)
		usleep(1000);
	cr_assert_eq(timer_now().queued, count, "%llu entries in the queue, not %llu",
		     (unsigned long long)timer_now().queued, (unsigned long long)count);
}

static void open_flow(uint16_t port)
{
	struct packet_spec syn = rig_inside(false, SYN);

	syn.source_port = port;
	cr_assert_eq(rig_run(EGRESS, &syn, 0, NULL), -1);
}

Test(packet_expiry, every_flow_has_one_entry)
{
	for (uint16_t port = 40000; port < 40008; port++)
		open_flow(port);
	rig_expect_flows(8);
	cr_assert_eq(timer_now().queued, 8);
	cr_assert_eq(timer_now().runs, 1);
}

Test(packet_expiry, the_first_flow_starts_the_timer_or_one_that_follows, .init = rig_init_idle)
{
	for (uint16_t port = 40000; port < 40000 + RIG_FLOWS_MAX && !timer_now().runs; port++)
		open_flow(port);
	cr_assert_eq(timer_now().runs, 1);
	rig_set_transitory(TRANSITORY_NS);
	await_queued(0);
	rig_expect_flows(0);
}

Test(packet_expiry, due_flows_end_and_leave_the_queue)
{
	rig_set_transitory(TRANSITORY_NS);
	for (uint16_t port = 40000; port < 40008; port++)
		open_flow(port);
	await_queued(0);
	rig_expect_flows(0);
}

static void establish(uint16_t port)
{
	struct packet_spec out = rig_outside(false, SYN | ACK), answer;

	open_flow(port);
	out.source_port = port;
	answer = packet_reply(&out);
	cr_assert_eq(rig_run(INGRESS, &answer, 0, NULL), -1);
}

/* When the timer last checked the entry at the head; it has checked all others since. */
static uint64_t checked_ns(void)
{
	struct expiry_entry next;

	cr_assert_eq(bpf_map_lookup_elem(bpf_map__fd(rig_maps()->maps.postern_expiry), NULL, &next),
		     0, "the queue is empty");
	return next.checked_ns;
}

static void await_look(void)
{
	uint64_t start = rig_now_ns(), end = start + RIG_WAIT_NS;

	while (checked_ns() < start && rig_now_ns() < end)
		usleep(1000);
	cr_assert_geq(checked_ns(), start, "the timer checked nothing");
}

Test(packet_expiry, live_flows_are_checked_repeatedly_and_stay)
{
	for (uint16_t port = 40000; port < 40004; port++)
		establish(port);
	rig_set_timeouts(LONG_NS, TRANSITORY_NS);
	for (int i = 0; i < 3; i++)
		await_look();
	rig_expect_flows(4);
	cr_assert_eq(timer_now().queued, 4);
	rig_set_timeouts(TRANSITORY_NS, TRANSITORY_NS);
	await_queued(0);
	rig_expect_flows(0);
}

Test(packet_expiry, an_entry_of_an_ended_flow_leaves_the_queue)
{
	struct flow_key key;
	int flows = bpf_map__fd(rig_maps()->maps.postern_flows);

	open_flow(40000);
	cr_assert_eq(bpf_map_get_next_key(flows, NULL, &key), 0);
	cr_assert_eq(bpf_map_delete_elem(flows, &key), 0);
	rig_set_transitory(TRANSITORY_NS);
	await_queued(0);
}

/* Each connection leaves entries of ended flows; none of them is due during the test. */
Test(packet_expiry, connections_opened_again_and_again_do_not_fill_the_queue)
{
	struct packet_spec syn = rig_inside(false, SYN);

	for (int i = 0; i < 4 * RIG_FLOWS_MAX; i++) {
		uint64_t end = rig_now_ns() + RIG_WAIT_NS;

		while (timer_now().queued > 2 * RIG_FLOWS_MAX * 7 / 8 && rig_now_ns() < end)
			usleep(1000);
		cr_assert_eq(rig_run(EGRESS, &syn, 0, NULL), -1, "connection %d", i);
		syn.sequence += 1000;
	}
	rig_expect_flows(1);
}

Test(packet_expiry, a_flow_with_the_key_of_an_earlier_one_has_its_own_entry)
{
	struct flow_key key;
	struct flow flow;
	int flows = bpf_map__fd(rig_maps()->maps.postern_flows);

	rig_set_transitory(LONG_NS);
	open_flow(40000);
	cr_assert_eq(bpf_map_get_next_key(flows, NULL, &key), 0);
	cr_assert_eq(bpf_map_lookup_elem(flows, &key, &flow), 0);
	flow.opened_ns++;
	cr_assert_eq(bpf_map_update_elem(flows, &key, &flow, BPF_EXIST), 0);
	rig_set_transitory(4 * TRANSITORY_NS);
	await_queued(0);
	/* The entry was the old flow's: no entry ends the new flow. */
	rig_expect_flows(1);
}

Test(packet_expiry, a_full_queue_opens_nothing_and_leaves_nothing_half_open)
{
	struct packet_spec syn = rig_inside(false, SYN);
	struct expiry_timer timer;

	open_flow(40000);
	timer = timer_now();
	timer.queued = 1U << 30;
	cr_assert_eq(bpf_map_update_elem(bpf_map__fd(rig_maps()->maps.postern_timer),
					 &(uint32_t){0}, &timer, BPF_EXIST),
		     0);
	syn.source_port = 40001;
	rig_expect_refused(&syn);
	rig_expect_flows(1);
	rig_expect_counters(.flows_opened = 2, .dropped_table_full = 1, .resets_sent = 1);
}
