/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How flows end by themselves, with no agent. Every flow stands in postern_watch, a queue; a single timer,
 * the janitor, looks at those at its head, ends the ones whose time is over and puts the others back at its
 * end. A flow is looked at every quarter of the transitory timeout, so it goes within that much after its
 * time, and the work is spread evenly: some at each tick, however many there are.
 *
 * One timer for all rather than a bpf_timer in each flow: bpf_timer_init() allocates, and since Linux 6.18 it
 * fails for most of the flows that are opened in a burst.
 *
 * Nothing is deleted that was just seen: both halves are read when the flow is looked at. Entries of
 * flows that ended otherwise are dropped when their turn comes; until then they take room in the queue.
 * janitor.queued counts the entries and keeps them below watch_max, so that putting back always succeeds.
 */
#pragma once

#include "flow.h"
#include "maps.h"

#define WATCH_PART    4 /* of the transitory timeout: how often a flow is looked at */
#define WATCH_TICK_NS 100000000ULL
#define WATCH_BUSY_NS 10000000ULL /* where a tick did not do it all */
#define WATCH_BATCH   4096	  /* at one tick: a millisecond's work */

static __always_inline struct janitor *janitor_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&postern_janitor, &zero);
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

static __always_inline void unqueue(struct janitor *janitor)
{
	__sync_fetch_and_add(&janitor->queued, -1);
}

/* For bpf_loop(): 1 ends it. Only the janitor pops, so what was peeked at is what is popped. */
static long look(__u32 i __attribute__((unused)), struct tick *tick)
{
	struct janitor *janitor = janitor_get();
	struct watched watched;
	struct flow *flow;

	if (!janitor || bpf_map_peek_elem(&postern_watch, &watched))
		return 1;
	if (watched.looked_ns + tick->part_ns > tick->now ||
	    bpf_map_pop_elem(&postern_watch, &watched))
		return 1;
	flow = bpf_map_lookup_elem(&postern_flows, &watched.key);
	if (!flow || flow->opened_ns != watched.opened_ns ||
	    end_if_due(&watched.key, flow, tick->now)) {
		unqueue(janitor);
		return 0;
	}
	watched.looked_ns = tick->now;
	if (bpf_map_push_elem(&postern_watch, &watched, 0)) {
		flow_remove(&watched.key, flow);
		unqueue(janitor);
	}
	return 0;
}

/*
 * How long an entry waits for its turn. A local end that opens the same connection again and again leaves two
 * entries of gone flows each time, and must not keep others from opening theirs: so where the queue is
 * nearly full none waits, but is looked at once a tick. Flows that live are two thirds of it at most.
 */
static __always_inline __u64 part_ns(const struct janitor *janitor, const struct control *control)
{
	return janitor->queued > watch_max - watch_max / 8 ? 1
							   : control->transitory_ns / WATCH_PART;
}

static int tick(void *map __attribute__((unused)), __u32 *key __attribute__((unused)),
		struct janitor *janitor)
{
	struct control *control = control_get();
	struct tick tick = {.now = bpf_ktime_get_ns()};
	bool busy = false;

	if (!control)
		return 0;
	tick.part_ns = part_ns(janitor, control);
	if (!must_keep_still())
		busy = bpf_loop(WATCH_BATCH, look, &tick, 0) == WATCH_BATCH;
	bpf_timer_start(&janitor->timer, busy ? WATCH_BUSY_NS : WATCH_TICK_NS, 0);
	return 0;
}

/* -EBUSY of init: it is there already, of an earlier load; it is this program's from now on. */
static __noinline int janitor_start(void)
{
	struct janitor *janitor = janitor_get();
	int error;

	if (!janitor)
		return -ENOENT;
	error = bpf_timer_init(&janitor->timer, &postern_janitor, CLOCK_MONOTONIC);
	if (error && error != -EBUSY)
		return error;
	error = bpf_timer_set_callback(&janitor->timer, tick);
	if (!error)
		error = bpf_timer_start(&janitor->timer, WATCH_BUSY_NS, 0);
	if (!error)
		janitor->runs = 1;
	return error;
}

/* Of a flow that has just been inserted, seen now. -E2BIG: the queue is full; the flow must not stay. */
static __noinline int watch(const struct flow_key *key, const struct flow *flow)
{
	struct watched watched = {
		.key = *key, .opened_ns = flow->opened_ns, .looked_ns = flow->out.last_ns};
	struct janitor *janitor = janitor_get();

	if (!janitor)
		return -ENOENT;
	if (!janitor->runs)
		janitor_start();
	if (__sync_fetch_and_add(&janitor->queued, 1) < watch_max &&
	    !bpf_map_push_elem(&postern_watch, &watched, 0))
		return 0;
	unqueue(janitor);
	return -E2BIG;
}
