/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Decides for a SYN on a flow: does it open a new connection of the same addresses and ports, or
 * continue the flow?
 *
 *   state of the flow   the SYN continues the flow if
 *   opening             it repeats the flow's SYN, and its sender may use the flow now
 *   established         its sender may use the flow now, and has a token: the remote end answers by
 *                       a challenge ACK (RFC 5961 section 4), or has lost the connection
 *   closing             never
 *
 * So nobody keeps a flow as a way out for later: every connection is subject to the verdict of its
 * own SYN.
 */
#pragma once

#include "flow.h"
#include "limit.h"
#include "maps.h"
#include "packet.h"
#include "sender.h"
#include "steer.h"

/* Is the flow's address one that a new flow by `steering` may have? */
static __noinline bool leads_to(const struct packet *packet, const struct flow *flow,
				const struct steering *steering)
{
	const struct address_entry *own, *slot;
	__u32 id = steering->address;

	if (steering->action != VERDICT_STEER)
		return steering->action == VERDICT_PASS && flow->pool == POOL_NONE;
	if (id != VERDICT_ANY_ADDRESS)
		return id == flow->address_id;
	id = steer_address(steering->pool, flow->sender, packet);
	slot = bpf_map_lookup_elem(&postern_addrs, &id);
	id = flow->address_id;
	own = bpf_map_lookup_elem(&postern_addrs, &id);
	return slot && own && own->state == ADDRESS_ACTIVE && !own->held &&
	       own->pool == flow->pool && slot->pool == flow->pool;
}

/* Over its limit the sender keeps a flow of the over-limit pool only. */
static __always_inline bool is_within_limit(const struct flow *flow, const struct verdict *verdict)
{
	__u32 sender = flow->sender;
	struct usage *usage = bpf_map_lookup_elem(&postern_usage, &sender);
	__u64 now = bpf_ktime_get_ns();
	struct taken taken = {};

	return !usage || !steer_is_limited(verdict, now) ||
	       limit_take_token(verdict, usage, &taken, now);
}

static __always_inline bool is_over_pool(const struct packet *packet, const struct flow *flow,
					 const struct verdict *verdict)
{
	struct steering over = {};

	if (!verdict->connections_per_min || verdict->over_action != VERDICT_STEER)
		return false;
	steer_to(VERDICT_STEER, verdict->over_pool, VERDICT_ANY_ADDRESS, &over);
	return leads_to(packet, flow, &over);
}

/* `counts`: the SYN takes a token. */
static __noinline bool may_use(const struct packet *packet, const struct flow *flow, __u32 decider,
			       bool counts)
{
	__u32 sender = flow->sender;
	const struct verdict *verdict = bpf_map_lookup_elem(&postern_verdict, &sender);
	struct steering steering = {};

	if (!verdict || steer_sender(decider, &steering) || steering.action == VERDICT_DROP)
		return false;
	if (is_over_pool(packet, flow, verdict))
		return true;
	return leads_to(packet, flow, &steering) && (!counts || is_within_limit(flow, verdict));
}

/* Who may cut the flow. */
static __always_inline bool has_same_others(const struct flow *flow, const struct senders *senders)
{
	for (int i = 0; i < POSTERN_OTHERS; i++)
		if (flow->others[i] != senders->others[i])
			return false;
	return true;
}

/* Not static: as sender_match(). */
__noinline int reuse_is_new(struct __sk_buff *skb, const struct packet *packet,
			    const struct flow *flow)
{
	struct return_key returns;
	struct senders senders;
	enum flow_state state;

	if (!packet || !flow)
		return true;
	return_key_of(&packet->key, flow, &returns);
	state = flow_state(flow, bpf_map_lookup_elem(&postern_returns, &returns));
	if (state == FLOW_CLOSING ||
	    (state == FLOW_OPENING && packet->sequence + 1 != flow->out.sequence))
		return true;
	senders = sender_find(skb, packet);
	return senders.first != flow->sender || !has_same_others(flow, &senders) ||
	       (senders.limited && state == FLOW_ESTABLISHED) ||
	       !may_use(packet, flow, senders.decider, state == FLOW_ESTABLISHED);
}
