// SPDX-License-Identifier: BSD-2-Clause
// Flows whose timer found no memory: each waits in postern_untimed and gets one in the end.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <unistd.h>

#include "packet/rig.h"
#include "postern.skel.h"

TestSuite(packet_untimed, .init = rig_init, .fini = rig_done, .timeout = 10);

#define TRANSITORY_NS 20000000ULL

static int map_of(struct bpf_map *map)
{
	return bpf_map__fd(map);
}

static void set_transitory(uint64_t ns)
{
	struct control control = rig_control();

	control.transitory_ns = ns;
	rig_set_control(&control);
}

/* Takes the flow that a SYN opened for another one without a timer: written by hand, it has none. */
static struct untimed lose_timer(void)
{
	struct packet_spec syn = rig_inside(false, SYN);
	struct untimed untimed = {0};
	struct flow flow;
	int flows = map_of(rig_maps()->maps.postern_flows);

	cr_assert_eq(rig_run(EGRESS, &syn, 0, NULL), -1);
	cr_assert_eq(bpf_map_get_next_key(flows, NULL, &untimed.key), 0);
	flow = rig_flow(&syn);
	cr_assert_eq(bpf_map_delete_elem(flows, &untimed.key), 0);
	cr_assert_eq(bpf_map_update_elem(flows, &untimed.key, &flow, BPF_NOEXIST), 0);
	untimed.opened_ns = flow.opened_ns;
	return untimed;
}

static void queue(const struct untimed *untimed)
{
	struct janitor janitor = {.waiting = 1};

	cr_assert_eq(bpf_map_update_elem(map_of(rig_maps()->maps.postern_untimed), NULL, untimed,
					 BPF_ANY),
		     0);
	cr_assert_eq(bpf_map_update_elem(map_of(rig_maps()->maps.postern_janitor), &(uint32_t){0},
					 &janitor, BPF_EXIST),
		     0);
}

static struct janitor janitor_now(void)
{
	struct janitor janitor;

	cr_assert_eq(bpf_map_lookup_elem(map_of(rig_maps()->maps.postern_janitor), &(uint32_t){0},
					 &janitor),
		     0);
	return janitor;
}

static void open_another(void)
{
	struct packet_spec syn = rig_stranger(false, SYN);

	cr_assert_eq(rig_run(EGRESS, &syn, 0, NULL), -1);
}

static bool nothing_waits(void)
{
	struct untimed untimed;

	return bpf_map_lookup_elem(map_of(rig_maps()->maps.postern_untimed), NULL, &untimed) != 0;
}

static void await_empty_queue(void)
{
	uint64_t end = rig_now_ns() + 2000000000ULL;

	while (!(nothing_waits() && !janitor_now().waiting) && rig_now_ns() < end)
		usleep(1000);
	cr_assert(nothing_waits());
	cr_assert_eq(janitor_now().waiting, 0);
}

Test(packet_untimed, a_flow_without_a_timer_stays)
{
	set_transitory(TRANSITORY_NS);
	lose_timer();
	open_another();
	rig_await_flows(1);
}

Test(packet_untimed, a_flow_that_waits_gets_its_timer_when_another_one_is_opened)
{
	struct untimed untimed;

	set_transitory(TRANSITORY_NS);
	untimed = lose_timer();
	queue(&untimed);
	open_another();
	rig_await_flows(0);
	await_empty_queue();
	rig_expect_counters(.flows_opened = 2, .flows_expired = 2, .ports_changed = 1);
}

Test(packet_untimed, the_janitor_comes_again_for_those_that_wait_later)
{
	struct untimed untimed;

	set_transitory(TRANSITORY_NS);
	for (int i = 0; i < 2; i++) {
		untimed = lose_timer();
		queue(&untimed);
		open_another();
		rig_await_flows(0);
		await_empty_queue();
	}
}

Test(packet_untimed, more_than_one_batch_is_worked_off)
{
	struct untimed untimed;

	set_transitory(TRANSITORY_NS);
	untimed = lose_timer();
	untimed.opened_ns++; /* of flows that are gone */
	for (int i = 0; i < 1000; i++)
		queue(&untimed);
	untimed.opened_ns--;
	queue(&untimed);
	open_another();
	rig_await_flows(0);
	await_empty_queue();
}

Test(packet_untimed, a_flow_that_has_a_timer_is_not_started_for_ever)
{
	struct packet_spec syn = rig_inside(false, SYN);
	struct untimed untimed = {0};

	cr_assert_eq(rig_run(EGRESS, &syn, 0, NULL), -1);
	cr_assert_eq(
		bpf_map_get_next_key(map_of(rig_maps()->maps.postern_flows), NULL, &untimed.key),
		0);
	untimed.opened_ns = rig_flow(&syn).opened_ns;
	queue(&untimed);
	open_another();
	await_empty_queue();
	rig_expect_flows(2);
}

Test(packet_untimed, another_flow_of_the_same_key_is_left_alone)
{
	struct untimed untimed;

	set_transitory(TRANSITORY_NS);
	untimed = lose_timer();
	untimed.opened_ns++;
	queue(&untimed);
	open_another();
	await_empty_queue();
	rig_await_flows(1);
}
