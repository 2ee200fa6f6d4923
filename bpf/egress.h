/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way out. A packet of a known flow needs one lookup and is translated; all else (a SYN, a packet
 * in mid-stream without a flow, a flow that may have been cut, what cannot be translated) is settled
 * out of line.
 *
 *   settle() -> a flow: translate the packet by it; NULL: *ret_action holds.
 */
#pragma once

#include "counters.h"
#include "flow.h"
#include "generation.h"
#include "icmp.h"
#include "maps.h"
#include "mark.h"
#include "open.h"
#include "packet.h"
#include "reset.h"
#include "rewrite.h"
#include "sender.h"
#include "steer.h"

/*
 * In mid-stream without a flow: what a known sender sends must not leave as it is, unless it may pass.
 * The connections of nobody in particular that were there before the datapath go on as they are.
 */
static __noinline int without_flow(struct __sk_buff *skb, const struct packet *packet)
{
	__u32 sender = sender_find(skb, packet);
	struct steering steering;

	if (sender == SENDER_UNKNOWN ||
	    (!steer_sender(sender, &steering) && steering.action == VERDICT_PASS)) {
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
		flow->out.last_ns = bpf_ktime_get_ns();
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
 * socket can set and ingress takes off; that there is a return entry too keeps apart what two hosts on one
 * kernel sign.
 */
static __always_inline bool is_translated(struct __sk_buff *skb, const struct packet *packet)
{
	return mark_is_set(skb) && bpf_map_lookup_elem(&postern_returns, &packet->key);
}

/*
 * Sent to an address of a pool that is routed to this host but not on it, a packet that was translated comes
 * back in and is forwarded out again. It would be given another address and port each time round.
 */
static __always_inline bool has_come_back(struct __sk_buff *skb, const struct packet *packet)
{
	return skb->ingress_ifindex && bpf_map_lookup_elem(&postern_returns, &packet->key);
}

static __always_inline struct flow *settle(struct __sk_buff *skb, const struct packet *packet,
					   struct flow *flow, __u64 cuts, int *ret_action)
{
	bool cut = flow && flow->cut_seen != cuts && is_cut(flow, cuts);

	if (!flow && is_retired(packet->key.destination_port)) {
		*ret_action = TC_ACT_UNSPEC;
		return NULL;
	}
	if (!flow && has_come_back(skb, packet)) {
		*ret_action = report_drop(packet, SENDER_UNKNOWN, POOL_NONE, COUNTER_dropped_loop);
		return NULL;
	}
	if (packet_opens(packet) && (!flow || is_new_connection(packet, flow)))
		return open_flow(skb, packet, flow, ret_action);
	if (!flow) {
		*ret_action = without_flow(skb, packet);
		return NULL;
	}
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
	if (kind != PACKET_OPAQUE && is_retired(packet->key.destination_port))
		return TC_ACT_UNSPEC;
	sender = sender_find(skb, packet);
	if (sender == SENDER_UNKNOWN && !may_open)
		return TC_ACT_UNSPEC;
	if (!steer_sender(sender, &steering) && steering.action == VERDICT_PASS)
		return TC_ACT_UNSPEC;
	return report_drop(packet, sender, steering.pool, drop);
}

/* By a copy of the address and port: `flow` may be re-used for another key while it is read. */
static __always_inline int translate(struct __sk_buff *skb, const struct packet *packet,
				     struct flow *flow)
{
	struct {
		__u8 address[16];
		__u32 port;
	} to = {.port = flow->port};

	address_copy(to.address, flow->address);
	if (!is_entry_of(&flow->key_hash, &packet->key))
		return report_drop(packet, SENDER_UNKNOWN, POOL_NONE, COUNTER_dropped_error);
	/* The end of what a flow sends: its last timestamp decides what may follow it. */
	if (half_update(&flow->out, packet, bpf_ktime_get_coarse_ns()))
		flow->timestamp = tcp_timestamp(skb, packet->tcp);
	if (rewrite(skb, packet, EGRESS, to.address, to.port))
		return report_drop(packet, flow->sender, flow->pool, COUNTER_dropped_error);
	mark_set(skb);
	return TC_ACT_UNSPEC;
}

static __always_inline int egress(struct __sk_buff *skb, __u32 link_header)
{
	struct control *control;
	int action = TC_ACT_SHOT;
	struct packet packet;
	enum packet_kind kind;
	struct flow *flow;

	kind = packet_parse((struct frame){.context = skb}, link_header, EGRESS, &packet);
	if (kind == PACKET_OTHER)
		return TC_ACT_UNSPEC;
	control = control_get();
	if (!control)
		return TC_ACT_UNSPEC;
	if (kind == PACKET_ICMP)
		return icmp_egress(skb, &packet);
	if (generation_is_paused()) {
		count(COUNTER_dropped_moving);
		return TC_ACT_SHOT;
	}
	if (kind != PACKET_TCP || packet.fragment)
		return untranslatable(skb, &packet, kind);
	if (is_translated(skb, &packet))
		return TC_ACT_UNSPEC;

	flow = bpf_map_lookup_elem(&postern_flows, &packet.key);
	if (!flow || packet_opens(&packet) || flow->cut_seen != control->cuts) {
		flow = settle(skb, &packet, flow, control->cuts, &action);
		if (!flow)
			return action;
	}
	return translate(skb, &packet, flow);
}
