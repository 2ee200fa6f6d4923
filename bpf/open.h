/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Opens flows: plans one (plan.h), claims its port (port.h), inserts both entries of the pair,
 * queues it for expiry (expiry.h).
 *
 * A local end may open another connection with the addresses and ports of a closed flow, whose
 * external port is still reserved (port.h). Then the old flow is set aside: re-inserted with its
 * external address and port as its source. The new flow takes over its port, or gets another one.
 */
#pragma once

#include <asm/errno.h>

#include "counters.h"
#include "expiry.h"
#include "flow.h"
#include "limit.h"
#include "maps.h"
#include "packet.h"
#include "plan.h"
#include "port.h"
#include "sender.h"

/*
 * A local end with a pool's address may have the external end of another flow as its own. At a
 * second hook (translated.h) the packets of both look alike: those of this key are compared each.
 */
static __always_inline void open_set_ambiguous(struct flow *flow)
{
	flow->ambiguous = 1;
	flow->cut_seen = ~0ULL;
}

static __always_inline void note_ambiguous(struct opening *opening)
{
	struct flow *other = bpf_map_lookup_elem(&postern_flows, &opening->returns);

	if (other)
		open_set_ambiguous(other);
}

/*
 * Inserts the flow of `opening`, which from then on owns what limit_take_flow() added to the gauge.
 * -EEXIST: another CPU has just opened it; other errors as for claim_port().
 */
static __noinline int open_pair(const struct flow_key *key, struct usage *usage,
				struct opening *opening)
{
	int error = claim_port(opening);

	if (error)
		return error;
	note_ambiguous(opening);
	opening->flow.port = opening->returns.port;
	opening->flow.key_hash = key_hash(key);
	error = bpf_map_update_elem(&postern_flows, key, &opening->flow, BPF_NOEXIST);
	if (error) {
		unclaim(opening);
		return error;
	}
	report_opened(&opening->flow, usage);
	/* A reader of the event finds the flow counted. */
	if (opening->reported)
		emit(key, opening->flow.sender, opening->flow.pool, COUNTER_flows_opened);
	opening->taken.flow = 0;
	if (expiry_add(key, &opening->flow)) {
		flow_remove(key, &opening->flow);
		return -E2BIG;
	}
	if (opening->flow.pool == POOL_NONE)
		count(COUNTER_passed);
	else if (opening->flow.port != key->source_port)
		count(COUNTER_ports_changed);
	return 0;
}

/* ---- a closed flow with the same key */

/* The fields that reserve the port, and that may_follow() reads. */
static __always_inline void describe_aside(const struct flow_key *key, const struct flow *old,
					   struct opening *aside)
{
	struct flow *flow = &aside->flow;

	__builtin_memset(aside, 0, sizeof(*aside));
	return_key_of(key, old, &aside->returns);
	address_copy(aside->entry.source, old->address);
	aside->entry.source_port = old->port;
	address_copy(flow->address, old->address);
	flow->key_hash = key_hash(&aside->returns);
	flow->port = old->port;
	flow->sender = flow->decider = old->sender;
	flow->pool = old->pool;
	flow->address_id = old->address_id;
	flow->opened_ns = old->opened_ns;
	flow->cut_seen = old->cut_seen;
	flow->timestamp = old->timestamp;
	flow->out.sequence = old->out.sequence;
	flow->out.last_ns = bpf_ktime_get_ns();
	flow->out.rst_seen = 1;
}

/* set_aside() has deleted as many entries before: this works in a full table. */
static __always_inline int insert_aside(struct opening *aside)
{
	const struct flow_key *key = (const struct flow_key *)&aside->returns;

	if (claim(aside))
		return aside->error;
	aside->error = bpf_map_update_elem(&postern_flows, key, &aside->flow, BPF_NOEXIST);
	if (aside->error) {
		unclaim(aside);
		return aside->error;
	}
	if (expiry_add(key, &aside->flow))
		flow_remove(key, &aside->flow);
	return 0;
}

/*
 * Frees the key of a closed flow for a new connection. -EEXIST: another CPU is doing it. Between
 * the two steps another flow may claim the port: then the old flow ends here.
 */
static __noinline int set_aside(const struct flow_key *key, const struct flow *old)
{
	struct opening *aside = opening_get();

	if (!aside)
		return -EIO;
	describe_aside(key, old, aside);
	/* The same lock as in flow_remove(). */
	if (!is_entry_of(&old->key_hash, key) ||
	    bpf_map_delete_elem(&postern_returns, &aside->returns))
		return -EEXIST;
	if (bpf_map_delete_elem(&postern_flows, key))
		return 0;
	if (insert_aside(aside)) {
		report_ended(aside->flow.sender, aside->flow.address_id);
		count(COUNTER_flows_replaced);
	}
	return 0;
}

/*
 * A flow whose external end is its source (passed, or set aside already) has no second key: the new
 * connection replaces it. For a passed flow the local end alone decides, as without a datapath.
 */
static __noinline int replace(const struct flow_key *key, const struct flow *old, __u32 sequence,
			      __u32 timestamp)
{
	if (old->pool != POOL_NONE && !may_follow(old, sequence, timestamp))
		return -EADDRINUSE;
	if (flow_remove(key, old))
		return -EEXIST;
	count(COUNTER_flows_replaced);
	return 0;
}

/* Errors as for open_pair(). */
static __always_inline int free_key(const struct flow_key *key, const struct flow *old,
				    __u32 sequence, __u32 timestamp)
{
	if (old->port == key->source_port && address_equal(old->address, key->source))
		return replace(key, old, sequence, timestamp);
	return set_aside(key, old);
}

/* ---- a SYN */

static __always_inline enum counter counter_of(int error)
{
	switch (error) {
	case -EADDRINUSE:
		return COUNTER_dropped_no_port;
	case -E2BIG:
	case -ENOMEM:
		return COUNTER_dropped_table_full;
	default:
		return COUNTER_dropped_error;
	}
}

/*
 * 0 or -EEXIST: the flow exists now. Otherwise *ret_drop is the counter of the drop. The agent
 * removes a sender's usage after its verdict, so none of both is left without the other.
 */
static __noinline int try_open(const struct packet *packet, bool is_ambiguous,
			       struct opening *opening, enum counter *ret_drop)
{
	__u32 sender = opening->flow.sender;
	struct usage *usage = bpf_map_lookup_elem(&postern_usage, &sender);
	int error = -EPERM;

	*ret_drop = COUNTER_dropped_error;
	if (!usage)
		return error;
	*ret_drop = plan(packet, usage, opening);
	if (is_ambiguous)
		open_set_ambiguous(&opening->flow);
	if (*ret_drop == COUNTERS) {
		error = open_pair(&packet->key, usage, opening);
		*ret_drop = counter_of(error);
	}
	if (error)
		limit_give_back(opening->flow.sender, &opening->taken);
	if (error && opening->limited)
		limit_give_back(opening->limited, &opening->other);
	return error;
}

static __always_inline bool is_held_as_lost(struct __sk_buff *skb, const struct packet *packet,
					    const struct senders *senders)
{
	const struct control *control;

	if (senders->is_marked || !socket_is_lost(skb, packet))
		return false;
	control = control_get();
	return control && control->forwarded_masquerade == MASQUERADE_HOLD;
}

/* A SYN for a new connection. */
struct syn {
	const struct flow *old; /* the flow of the connection before, with the same key; or NULL */
	__u32 timestamp;	/* of TCP; 0: none */
	__u32 is_ambiguous;	/* its source is the external end of another flow, too */
};

static __always_inline void describe(struct __sk_buff *skb, const struct packet *packet,
				     const struct syn *syn, const struct senders *senders,
				     struct opening *opening)
{
	__builtin_memset(opening, 0, sizeof(*opening));
	opening->sequence = packet->sequence;
	opening->timestamp = syn->timestamp;
	opening->flow.sender = senders->first;
	__builtin_memcpy(opening->flow.others, senders->others, sizeof(senders->others));
	opening->decider = senders->decider;
	opening->limited = senders->limited;
	opening->flow.ingress_ifindex = skb->ingress_ifindex;
}

/*
 * Opens a flow that has counted the SYN already, and returns the CPU's copy of it, enough for
 * translating the SYN. NULL: *ret_action holds, or *ret_other is a flow that another CPU has just
 * opened for such a SYN.
 */
static __noinline const struct flow *open_flow(struct __sk_buff *skb, const struct packet *packet,
					       const struct syn *syn, struct flow **ret_other,
					       int *ret_action)
{
	struct opening *opening = opening_get();
	enum counter drop = COUNTER_dropped_error;
	struct senders senders;
	int error = 0;

	*ret_other = NULL;
	if (!opening)
		return NULL;
	senders = sender_find(skb, packet);
	if (is_held_as_lost(skb, packet, &senders)) {
		*ret_action =
			report_drop(packet, senders.first, POOL_NONE, COUNTER_translated_before);
		return NULL;
	}
	if (syn->old)
		error = free_key(&packet->key, syn->old, packet->sequence, syn->timestamp);
	describe(skb, packet, syn, &senders, opening);
	if (error)
		drop = counter_of(error);
	else
		error = try_open(packet, syn->is_ambiguous, opening, &drop);
	if (!error)
		return &opening->flow;
	if (error == -EEXIST) {
		*ret_other = bpf_map_lookup_elem(&postern_flows, &packet->key);
		if (*ret_other)
			return NULL;
	}
	*ret_action = report_drop(packet, opening->flow.sender, opening->flow.pool, drop);
	return NULL;
}
