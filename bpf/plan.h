/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Decides a new flow: its sender's verdict and limits, the pool's address. Writes no map of flows.
 */
#pragma once

#include "counters.h"
#include "flow.h"
#include "generation.h"
#include "limit.h"
#include "maps.h"
#include "packet.h"
#include "steer.h"

/* A flow that is about to open, in the map `scratch`. */
struct opening {
	struct return_key returns; /* the claimed external address and port */
	__u32 sequence;		   /* of the SYN */
	struct return_entry entry;
	struct flow flow;
	struct taken taken;
	__u32 timestamp;    /* TCP timestamp of the SYN; 0: none */
	__u32 decider;	    /* struct senders; its first match is flow.sender */
	__u32 limited;	    /* struct senders */
	struct taken other; /* from the limit of `limited` */
	int error;	    /* of the last claim() */
	__u32 reported;	    /* of the sender's verdict */
};

_Static_assert(sizeof(struct opening) <= sizeof(struct scratch), "the map has the space");

static __always_inline struct opening *opening_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratch, &zero);
}

static __always_inline void fill_return(struct opening *opening, const struct packet *packet)
{
	address_copy(opening->returns.address, opening->flow.address);
	address_copy(opening->returns.remote, packet->key.destination);
	opening->returns.port = packet->key.source_port;
	opening->returns.remote_port = packet->key.destination_port;
	address_copy(opening->entry.source, packet->key.source);
	opening->entry.source_port = packet->key.source_port;
}

/*
 * Takes a token and a flow from the sender's limits. COUNTERS, `steering` holds; or the drop's
 * counter.
 */
static __noinline enum counter take_limits(const struct packet *packet,
					   const struct verdict *verdict, struct usage *usage,
					   struct opening *opening, struct steering *steering)
{
	__u32 sender = opening->flow.sender;
	__u64 now = opening->flow.opened_ns;

	if (!limit_take_flow(verdict, usage, &opening->taken)) {
		limit_report_flows(packet, sender, usage, now);
		return COUNTER_dropped_flow_limit;
	}
	if (!steer_is_limited(verdict, now) ||
	    limit_take_token(verdict, usage, &opening->taken, now))
		return COUNTERS;
	if (verdict->over_action)
		steer_to(verdict->over_action, verdict->over_pool, VERDICT_ANY_ADDRESS, steering);
	limit_report_over(packet, sender, steering->pool, usage, now);
	return steering->action == VERDICT_DROP ? COUNTER_dropped_over_limit : COUNTERS;
}

/*
 * A token of another match: no sender leaves its limit behind by binding to a handle. Over the
 * limit the stricter verdict holds. COUNTERS, or the drop's counter.
 */
static __noinline enum counter take_other_limit(const struct packet *packet,
						struct opening *opening, struct steering *steering)
{
	__u32 sender = opening->limited;
	const struct verdict *verdict = bpf_map_lookup_elem(&postern_verdict, &sender);
	struct usage *usage = bpf_map_lookup_elem(&postern_usage, &sender);
	__u64 now = opening->flow.opened_ns;
	struct steering over = *steering;

	if (!verdict || !usage || !steer_is_limited(verdict, now) ||
	    limit_take_token(verdict, usage, &opening->other, now))
		return COUNTERS;
	if (verdict->over_action)
		steer_to(verdict->over_action, verdict->over_pool, VERDICT_ANY_ADDRESS, &over);
	limit_report_over(packet, sender, over.pool, usage, now);
	if (steer_strictness(&over) > steer_strictness(steering)) {
		*steering = over;
		opening->flow.decider = sender;
	}
	return steering->action == VERDICT_DROP ? COUNTER_dropped_over_limit : COUNTERS;
}

/* Takes `only`, or an address of the pool. COUNTERS, or the drop's counter. */
static __noinline enum counter choose_address(const struct packet *packet, struct flow *flow,
					      __u32 only)
{
	const struct address_entry *address;

	flow->address_id = only == VERDICT_ANY_ADDRESS
				   ? steer_address(flow->pool, flow->sender, packet)
				   : only;
	if (!flow->address_id || flow->address_id == VERDICT_NO_ADDRESS)
		return COUNTER_dropped_pool_empty;
	address = bpf_map_lookup_elem(&postern_addrs, &flow->address_id);
	if (!address || address_is_ipv4(address->address) != (packet->version == 4))
		return COUNTER_dropped_error;
	if (address->held)
		return COUNTER_dropped_pool_empty;
	flow->pool = address->pool;
	address_copy(flow->address, address->address);
	/* A flow from an address to itself would loop back. */
	return address_equal(flow->address, packet->key.destination) ? COUNTER_dropped_error
								     : COUNTERS;
}

/* -ENOENT: the decider has no verdict. `own` is the verdict of the first match. */
static __always_inline int steer_decider(const struct opening *opening, const struct steering *own,
					 struct steering *ret)
{
	if (opening->decider != opening->flow.sender)
		return steer_sender(opening->decider, ret);
	*ret = *own;
	return 0;
}

/*
 * By the stricter of two verdicts: of flow.sender, whose limits apply, and of the decider. A drop
 * counts for the decider. `usage` is flow.sender's. COUNTERS, `opening` is filled in; or the drop's
 * counter.
 */
static __noinline enum counter plan(const struct packet *packet, struct usage *usage,
				    struct opening *opening)
{
	struct control *control = control_get();
	struct flow *flow = &opening->flow;
	const struct verdict *verdict;
	struct steering steering, decided;
	enum counter drop;

	/*
	 * Before the verdict is read: a cut by the next verdict reaches every flow opened by this
	 * one.
	 */
	flow->opened_ns = bpf_ktime_get_ns();
	flow->cut_seen = control ? control->cuts : 0;
	if (half_update(&flow->out, packet, EGRESS, flow->opened_ns))
		flow->timestamp = opening->timestamp;
	verdict = bpf_map_lookup_elem(&postern_verdict, &flow->sender);
	if (!verdict || steer_verdict(verdict, flow->opened_ns, &steering) ||
	    steer_decider(opening, &steering, &decided))
		return COUNTER_dropped_error;
	if (decided.action == VERDICT_DROP) {
		flow->sender = opening->decider;
		return COUNTER_dropped_blocked;
	}
	opening->reported = verdict->reported;
	drop = take_limits(packet, verdict, usage, opening, &steering);
	flow->decider = flow->sender;
	if (opening->decider != flow->sender &&
	    steer_strictness(&decided) > steer_strictness(&steering)) {
		steering = decided;
		flow->decider = opening->decider;
	}
	if (drop == COUNTERS && opening->limited)
		drop = take_other_limit(packet, opening, &steering);
	flow->pool = steering.pool;
	if (drop == COUNTERS && steering.action == VERDICT_STEER)
		drop = choose_address(packet, flow, steering.address);
	else
		address_copy(flow->address, packet->key.source);
	fill_return(opening, packet);
	return drop;
}
