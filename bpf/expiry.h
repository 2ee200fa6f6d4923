/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How flows end by themselves, with no agent. Every flow stands in postern_expiry, a queue; a single timer,
 * the timer, looks at those at its head, ends the ones whose time is over and puts the others back at its
 * end. A flow is looked at every quarter of the transitory timeout, so it goes within that much after its
 * time, and the work is spread evenly: some at each tick, however many there are.
 *
 * One timer for all rather than a bpf_timer in each flow: bpf_timer_init() allocates, and since Linux 6.18 it
 * fails for most of the flows that are opened in a burst.
 *
 * Nothing is deleted that was just seen: both halves are read when the flow is looked at. Entries of
 * flows that ended otherwise are dropped when their turn comes; until then they take room in the queue.
 * timer.queued counts the entries and keeps them below expiry_max, so that putting back always succeeds.
 */
#pragma once

#include <linux/time.h>

#include "flow.h"
#include "generation.h"
#include "maps.h"

#define EXPIRY_PART    4 /* of the transitory timeout: how often a flow is looked at */
#define EXPIRY_TICK_NS 100000000ULL
#define EXPIRY_BUSY_NS 10000000ULL /* where a tick did not do it all */
#define EXPIRY_BATCH   4096	   /* at one tick: a millisecond's work */

static __always_inline struct expiry_timer *timer_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&postern_timer, &zero);
}

/* True where the flow was ended. Without a return entry it is half a pair, that an operator may have left. */
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

/* What was looked at within `part_ns` is not looked at again. */
struct tick {
	__u64 now;
	__u64 part_ns;
};

static __always_inline void unqueue(struct expiry_timer *timer)
{
	__sync_fetch_and_add(&timer->queued, -1);
}

/* For bpf_loop(): 1 ends it. Only the timer pops, so what was peeked at is what is popped. */
static long look(__u32 i __attribute__((unused)), struct tick *tick)
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
 * How long an entry waits for its turn. A local end that opens the same connection again and again leaves two
 * entries of gone flows each time, and must not keep others from opening theirs: so where the queue is
 * nearly full none waits, but is looked at once a tick. Flows that live are two thirds of it at most.
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
		busy = bpf_loop(EXPIRY_BATCH, look, &tick, 0) == EXPIRY_BATCH;
	bpf_timer_start(&timer->timer, busy ? EXPIRY_BUSY_NS : EXPIRY_TICK_NS, 0);
	return 0;
}

/* -EBUSY of init: it is there already, of an earlier load; it is this program's from now on. */
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

/* Of a flow that has just been inserted, seen now. -E2BIG: the queue is full; the flow must not stay. */
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
