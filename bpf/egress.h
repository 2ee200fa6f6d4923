/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Egress. A packet of a known flow costs one look-up and is translated. settle() handles, out of
 * line: a SYN, a packet in mid-stream without a flow, a flow that may have been cut.
 * untranslatable() handles fragments and broken headers.
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
#include "reuse.h"
#include "rewrite.h"
#include "sender.h"
#include "steer.h"

/* Unknown senders' connections that are older than the datapath continue untranslated. */
static __always_inline bool is_older(const struct senders *senders)
{
	return senders->first == SENDER_UNKNOWN && generation_has_older();
}

/*
 * A packet in mid-stream without a flow must not leave untranslated, unless its verdict is pass or
 * its connection may be older than the datapath. An unknown sender's reset is no event: anybody
 * outside can make the stack send resets.
 */
static __noinline int without_flow(struct __sk_buff *skb, const struct packet *packet)
{
	struct senders senders = sender_find(skb, packet);
	struct steering steering;

	if (is_older(&senders) ||
	    (!steer_sender(senders.decider, &steering) && steering.action == VERDICT_PASS)) {
		count(COUNTER_untouched);
		return TC_ACT_UNSPEC;
	}
	if (senders.first == SENDER_UNKNOWN && packet->flags & TCP_RST) {
		count(COUNTER_dropped_no_flow);
		return TC_ACT_SHOT;
	}
	report_drop(packet, senders.first, POOL_NONE, COUNTER_dropped_no_flow);
	return reset_local(skb, packet);
}

/*
 * A flow is cut if it opened at or before the verdict's cut_ns. `cut_seen` remembers a flow that is
 * not cut; a cut flow is compared again at each packet, and ends after the transitory timeout.
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

/*
 * A packet may pass two hooked interfaces (a VLAN and its parent, a bond and its port), or two
 * hooks of one interface while `up` replaces one by the other. The second hook sees the translated
 * source and must not take it for an unknown sender's. Also require a return entry: two namespaces
 * of one kernel set the same mark.
 */
static __always_inline bool is_translated(struct __sk_buff *skb, const struct packet *packet)
{
	return mark_is_set(skb) && bpf_map_lookup_elem(&postern_returns, &packet->key);
}

/*
 * A routing loop: a translated packet to a pool's address that is routed to this host, but is not
 * on it, comes back in and is forwarded out again. Each round would translate it once more.
 */
static __always_inline bool is_looping(struct __sk_buff *skb, const struct packet *packet)
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
	if (!flow && is_looping(skb, packet)) {
		*ret_action = report_drop(packet, SENDER_UNKNOWN, POOL_NONE, COUNTER_dropped_loop);
		return NULL;
	}
	if (packet_opens(packet) && (!flow || reuse_is_new(skb, packet, flow)))
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
 * Fragments, headers cut short, too many extension headers. They pass where the whole packet would
 * leave untranslated: a passed flow or sender, an unknown sender's older connection. A first
 * fragment without TCP flags may be a SYN, and counts as one (RFC 1858). Without a port an unknown
 * sender's packet passes: it may be any traffic.
 */
static __noinline int untranslatable(struct __sk_buff *skb, const struct packet *packet,
				     enum packet_kind kind)
{
	enum counter drop = COUNTER_dropped_malformed;
	struct steering steering = {};
	bool may_open = false;
	struct senders senders;
	struct flow *flow;

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
	senders = sender_find(skb, packet);
	if (kind == PACKET_OPAQUE ? senders.first == SENDER_UNKNOWN
				  : !may_open && is_older(&senders))
		return TC_ACT_UNSPEC;
	if (!steer_sender(senders.decider, &steering) && steering.action == VERDICT_PASS)
		return TC_ACT_UNSPEC;
	return report_drop(packet, senders.first, steering.pool, drop);
}

/* Copies the address and port: the map may re-use `flow` for another key meanwhile. */
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
	/* The FIN or RST: may_follow() compares a later SYN with its timestamp. */
	if (half_update(&flow->out, packet, EGRESS, bpf_ktime_get_coarse_ns()))
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
