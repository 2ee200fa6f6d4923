/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way out. A packet of a known flow needs one lookup and is translated; all else (a SYN, a packet
 * in mid-stream without a flow, a flow that may have been cut, what cannot be translated) is settled
 * out of line.
 *
 *   settle() -> a flow: translate the packet by it; NULL: *ret_action holds.
 */
#pragma once

#include "flow.h"
#include "icmp.h"
#include "maps.h"
#include "packet.h"
#include "report.h"
#include "reset.h"
#include "rewrite.h"
#include "sender.h"
#include "steer.h"

static __always_inline __u32 find_sender(struct __sk_buff *skb, const struct packet *packet)
{
	struct control *control = control_get();

	return sender_find(skb, packet, control ? control->selector_kinds : ~0U);
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

/* By the verdict of flow.sender: COUNTERS and all of `opening`, or the counter of the drop. */
static __noinline enum counter plan(const struct packet *packet, struct opening *opening)
{
	struct control *control = control_get();
	const struct address_entry *address;
	struct flow *flow = &opening->flow;
	struct steering steering;

	flow->opened_ns = bpf_ktime_get_ns();
	flow->cut_seen = control ? control->cuts : 0;
	if (steer_verdict(flow->sender, flow->opened_ns, &steering))
		return COUNTER_dropped_error;
	if (steering.action == VERDICT_DROP)
		return COUNTER_dropped_blocked;
	flow->pool = steering.pool;
	if (steering.action == VERDICT_PASS) {
		address_copy(flow->address, packet->key.source);
	} else {
		flow->address_id = steer_address(steering.pool, flow->sender, packet);
		if (!flow->address_id)
			return COUNTER_dropped_pool_empty;
		address = bpf_map_lookup_elem(&postern_addrs, &flow->address_id);
		if (!address || address_is_ipv4(address->address) != (packet->version == 4))
			return COUNTER_dropped_error;
		flow->pool = address->pool;
		address_copy(flow->address, address->address);
	}
	fill_return(opening, packet);
	return COUNTERS;
}

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

/* A SYN without a flow, or with a closed one that it replaces. Returns like settle(). */
static __noinline struct flow *open_flow(const struct packet *packet, __u32 sender,
					 const struct flow *old, int *ret_action)
{
	struct opening opening = {.flow.sender = sender};
	enum counter drop = plan(packet, &opening);
	struct flow *flow;
	int error;

	if (drop == COUNTERS) {
		error = flow_open(packet, &opening, old);
		if (!error || error == -EEXIST) {
			flow = bpf_map_lookup_elem(&postern_flows, &packet->key);
			if (flow)
				return flow;
		}
		drop = counter_of(error);
	}
	*ret_action = report_drop(packet, sender, opening.flow.pool, drop);
	return NULL;
}

/*
 * In mid-stream without a flow: what a known sender sends must not leave as it is, unless it may pass.
 * The connections of nobody in particular that were there before the datapath go on as they are.
 */
static __noinline int without_flow(struct __sk_buff *skb, const struct packet *packet)
{
	__u32 sender = find_sender(skb, packet);
	struct steering steering;

	if (sender == SENDER_UNKNOWN || (!steer_verdict(sender, bpf_ktime_get_ns(), &steering) &&
					 steering.action == VERDICT_PASS)) {
		count(COUNTER_untouched);
		return TC_ACT_UNSPEC;
	}
	report_drop(packet, sender, POOL_NONE, COUNTER_dropped_no_flow);
	return reset_local(skb, packet);
}

/*
 * A flow is cut where its sender's verdict says so for flows as old as it is. Remembered for those that
 * are not; those that are keep being found so, and end after the transitory timeout.
 */
static __noinline bool is_cut(struct flow *flow, __u64 cuts)
{
	const struct verdict *verdict = bpf_map_lookup_elem(&postern_verdict, &flow->sender);

	if (!verdict || verdict->cut_ns < flow->opened_ns) {
		flow->cut_seen = cuts;
		return false;
	}
	if (!flow->out.rst_seen) {
		flow->out.rst_seen = 1;
		flow_closes(flow);
	}
	return true;
}

/* A SYN on a flow: a new connection of the same addresses and ports, rather than the same SYN again? */
static __noinline bool is_new_connection(const struct packet *packet, const struct flow *flow)
{
	struct return_key returns;

	return_key_of(&packet->key, flow, &returns);
	switch (flow_state(flow, bpf_map_lookup_elem(&postern_returns, &returns))) {
	case FLOW_OPENING:
		return packet->sequence + 1 != flow->out.sequence;
	case FLOW_CLOSING:
		return true;
	default: /* the remote end answers with a challenge ACK (RFC 5961 section 4) */
		return false;
	}
}

/*
 * A packet may pass two hooked interfaces (a VLAN and its parent, a bond and its port), or two hooks of one
 * while `up` changes over. The second finds a source that is the first one's translation, and must
 * not take it for traffic of nobody in particular. The first leaves a sign in skb->tc_index, which no
 * socket can set; that there is a return entry too keeps apart what two hosts on one kernel sign.
 */
#define TRANSLATED 0x5053

static __noinline bool is_translated(struct __sk_buff *skb, const struct packet *packet)
{
	return skb->tc_index == TRANSLATED && bpf_map_lookup_elem(&postern_returns, &packet->key);
}

static __always_inline struct flow *settle(struct __sk_buff *skb, const struct packet *packet,
					   struct flow *flow, __u64 cuts, int *ret_action)
{
	bool cut;

	if (!flow && is_translated(skb, packet)) {
		*ret_action = TC_ACT_UNSPEC;
		return NULL;
	}
	if (!flow && packet_opens(packet))
		return open_flow(packet, find_sender(skb, packet), NULL, ret_action);
	if (!flow) {
		*ret_action = without_flow(skb, packet);
		return NULL;
	}
	cut = flow->cut_seen != cuts && is_cut(flow, cuts);
	if (packet_opens(packet) && is_new_connection(packet, flow))
		return open_flow(packet, find_sender(skb, packet), flow, ret_action);
	if (!cut)
		return flow;
	report_drop(packet, flow->sender, flow->pool, COUNTER_dropped_cut);
	*ret_action = reset_local(skb, packet);
	return NULL;
}

/*
 * Fragments, headers cut short, endless extension headers. They pass where nothing would have been
 * translated: of a passed flow or sender, or of nobody in particular in mid-stream. A first fragment that
 * hides its flags may be a SYN, and counts as one (RFC 1858).
 */
static __noinline int untranslatable(struct __sk_buff *skb, const struct packet *packet,
				     enum packet_kind kind)
{
	enum counter drop = COUNTER_dropped_malformed;
	struct steering steering = {};
	bool may_open = false;
	struct flow *flow;
	__u32 sender;

	if (kind != PACKET_OPAQUE && packet->fragment) {
		drop = COUNTER_dropped_fragment;
		may_open = kind == PACKET_SHORT || packet_opens(packet);
		flow = bpf_map_lookup_elem(&postern_flows, &packet->key);
		if (flow && flow->pool == POOL_NONE)
			return TC_ACT_UNSPEC;
		if (flow)
			return report_drop(packet, flow->sender, flow->pool, drop);
	}
	sender = find_sender(skb, packet);
	if (sender == SENDER_UNKNOWN && !may_open)
		return TC_ACT_UNSPEC;
	if (!steer_verdict(sender, bpf_ktime_get_ns(), &steering) &&
	    steering.action == VERDICT_PASS)
		return TC_ACT_UNSPEC;
	return report_drop(packet, sender, steering.pool, drop);
}

static __always_inline int egress(struct __sk_buff *skb, __u32 link_header)
{
	struct control *control = control_get();
	int action = TC_ACT_SHOT;
	struct packet packet;
	enum packet_kind kind;
	struct flow *flow;

	kind = packet_parse((struct frame){.context = skb}, link_header, EGRESS, &packet);
	if (kind == PACKET_OTHER || !control)
		return TC_ACT_UNSPEC;
	if (kind == PACKET_ICMP)
		return icmp_egress(skb, &packet);
	if (kind != PACKET_TCP || packet.fragment)
		return untranslatable(skb, &packet, kind);

	flow = bpf_map_lookup_elem(&postern_flows, &packet.key);
	if (!flow || packet_opens(&packet) || flow->cut_seen != control->cuts) {
		flow = settle(skb, &packet, flow, control->cuts, &action);
		if (!flow)
			return action;
	}
	if (half_update(&flow->out, &packet, bpf_ktime_get_coarse_ns()))
		flow_closes(flow);
	if (rewrite(skb, &packet, EGRESS, flow->address, flow->port))
		return report_drop(&packet, flow->sender, flow->pool, COUNTER_dropped_error);
	skb->tc_index = TRANSLATED;
	return TC_ACT_UNSPEC;
}
