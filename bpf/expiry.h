/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Flows expire without the agent. Every flow has an entry in the queue postern_expiry. One timer
 * checks the entries at the head, ends flows whose timeout has passed and re-queues the others at
 * the tail. It checks each flow every quarter of the transitory timeout, so a flow ends within that
 * time after its timeout, and each tick does an equal share of the work.
 *
 * One timer serves all flows, instead of a bpf_timer in each: bpf_timer_init() allocates, and since
 * Linux 6.18 it fails for most of the flows that open in a burst.
 *
 * A check reads both halves of the flow, so no flow ends that has just seen a packet. An entry
 * whose flow has ended otherwise is dropped at its next check; until then it takes space in the
 * queue. `queued` counts the entries and keeps them below expiry_max, so that re-queueing always
 * succeeds.
 */
#pragma once

#include <linux/time.h>

#include "flow.h"
#include "generation.h"
#include "maps.h"

#define EXPIRY_PART    4 /* of the transitory timeout: a flow is checked this often */
#define EXPIRY_TICK_NS 100000000ULL
#define EXPIRY_BUSY_NS 10000000ULL /* after a tick that left entries due */
#define EXPIRY_BATCH   4096	   /* entries per tick: a millisecond's work */

static __always_inline struct expiry_timer *timer_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&postern_timer, &zero);
}

/*
 * True where the flow ended. An operator may have deleted the return entry: then only the flow
 * ends.
 */
static __noinline bool end_if_due(const struct flow_key *key, const struct flow *flow, __u64 now)
{
	struct control *control = control_get();
	const struct return_entry *entry;
	struct return_key returns;
	__u64 due = flow->out.last_ns;

	return_key_of(key, flow, &returns);
	entry = bpf_map_lookup_elem(&postern_returns, &returns);
	if (!control)
		return false;
	if (entry && entry->in.last_ns > due)
		due = entry->in.last_ns;
	due += flow_state(flow, entry) == FLOW_ESTABLISHED ? control->established_ns
							   : control->transitory_ns;
	if (due > now)
		return false;
	if (!(entry ? flow_remove(key, flow) : flow_forget(key, flow)))
		count(COUNTER_flows_expired);
	return true;
}

/* An entry checked less than `part_ns` ago is not due. */
struct tick {
	__u64 now;
	__u64 part_ns;
};

static __always_inline void unqueue(struct expiry_timer *timer)
{
	__sync_fetch_and_add(&timer->queued, -1);
}

/* For bpf_loop(), which 1 ends. Only the timer pops, so it pops the entry that it peeked at. */
static long check_next(__u32 i __attribute__((unused)), struct tick *tick)
{
	struct expiry_timer *timer = timer_get();
	struct expiry_entry entry;
	struct flow *flow;

	if (!timer || bpf_map_peek_elem(&postern_expiry, &entry))
		return 1;
	if (entry.checked_ns + tick->part_ns > tick->now ||
	    bpf_map_pop_elem(&postern_expiry, &entry))
		return 1;
	flow = bpf_map_lookup_elem(&postern_flows, &entry.key);
	if (!flow || flow->opened_ns != entry.opened_ns ||
	    end_if_due(&entry.key, flow, tick->now)) {
		unqueue(timer);
		return 0;
	}
	entry.checked_ns = tick->now;
	if (bpf_map_push_elem(&postern_expiry, &entry, 0)) {
		flow_remove(&entry.key, flow);
		unqueue(timer);
	}
	return 0;
}

/*
 * The time between two checks of an entry. A local end that opens the same connection again and
 * again leaves two entries of ended flows each time, and must not fill the queue for others: while
 * the queue is nearly full, every entry is due at every tick. Live flows fill two thirds of the
 * queue at most.
 */
static __always_inline __u64 part_ns(const struct expiry_timer *timer,
				     const struct control *control)
{
	return timer->queued > expiry_max - expiry_max / 8 ? 1
							   : control->transitory_ns / EXPIRY_PART;
}

static int tick(void *map __attribute__((unused)), __u32 *key __attribute__((unused)),
		struct expiry_timer *timer)
{
	struct control *control = control_get();
	struct tick tick = {.now = bpf_ktime_get_ns()};
	bool busy = false;

	if (!control)
		return 0;
	tick.part_ns = part_ns(timer, control);
	if (!generation_is_paused())
		busy = bpf_loop(EXPIRY_BATCH, check_next, &tick, 0) == EXPIRY_BATCH;
	bpf_timer_start(&timer->timer, busy ? EXPIRY_BUSY_NS : EXPIRY_TICK_NS, 0);
	return 0;
}

/*
 * -EBUSY of bpf_timer_init(): an earlier load has started the timer; from now on it runs this load.
 */
static __noinline int expiry_start(void)
{
	struct expiry_timer *timer = timer_get();
	int error;

	if (!timer)
		return -ENOENT;
	error = bpf_timer_init(&timer->timer, &postern_timer, CLOCK_MONOTONIC);
	if (error && error != -EBUSY)
		return error;
	error = bpf_timer_set_callback(&timer->timer, tick);
	if (!error)
		error = bpf_timer_start(&timer->timer, EXPIRY_BUSY_NS, 0);
	if (!error)
		timer->runs = 1;
	return error;
}

/* Queues a flow that was just inserted. -E2BIG: the queue is full, and the caller ends the flow. */
static __noinline int expiry_add(const struct flow_key *key, const struct flow *flow)
{
	struct expiry_entry entry = {
		.key = *key, .opened_ns = flow->opened_ns, .checked_ns = flow->out.last_ns};
	struct expiry_timer *timer = timer_get();

	if (!timer)
		return -ENOENT;
	if (!timer->runs)
		expiry_start();
	if (__sync_fetch_and_add(&timer->queued, 1) < expiry_max &&
	    !bpf_map_push_elem(&postern_expiry, &entry, 0))
		return 0;
	unqueue(timer);
	return -E2BIG;
}
