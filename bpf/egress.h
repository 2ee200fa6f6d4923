/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Egress. A packet of a known flow costs one look-up and is translated. settle() handles, out of
 * line: a SYN, a packet in mid-stream without a flow, a flow that may have been cut.
 * untranslatable() handles fragments and broken headers.
 *
 *   settle() -> a flow: translate the packet by it; NULL: *ret_action holds. *ret_is_known: as of
 *   steer_packet().
 */
#pragma once

#include "child.h"
#include "counters.h"
#include "flow.h"
#include "generation.h"
#include "handle.h"
#include "icmp.h"
#include "maps.h"
#include "open.h"
#include "options.h"
#include "packet.h"
#include "reset.h"
#include "reuse.h"
#include "rewrite.h"
#include "sender.h"
#include "steer.h"
#include "translated.h"
#include "uplink.h"

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

/* Were this sender's flows cut at or after `opened_ns`? */
static __always_inline bool has_cut(__u32 sender, __u64 opened_ns)
{
	const struct verdict *verdict = bpf_map_lookup_elem(&postern_verdict, &sender);

	return verdict && verdict->cut_ns >= opened_ns;
}

/*
 * A flow is cut if it opened at or before the cut_ns of a verdict: of its sender, or of another
 * sender that matched its SYN. `cut_seen` remembers a flow that is not cut; a cut flow is compared
 * again at each packet, and ends after the transitory timeout.
 */
static __noinline bool is_cut(struct flow *flow, __u64 cuts)
{
	bool cut = has_cut(flow->sender, flow->opened_ns);

	for (int i = 0; i < POSTERN_OTHERS && !cut && flow->others[i]; i++)
		cut = has_cut(flow->others[i], flow->opened_ns);
	if (!cut) {
		flow->cut_seen = flow->ambiguous ? ~0ULL : cuts;
		return false;
	}
	if (!flow->out.rst_seen) {
		flow->out.rst_seen = 1;
		flow->out.last_ns = bpf_ktime_get_ns();
	}
	return true;
}

enum source {
	SOURCE_INNER,	 /* a local end's own */
	SOURCE_EXTERNAL, /* or another host's; *ret_action holds */
	SOURCE_BOTH,	 /* a local end's own, and the external end of another flow */
};

/*
 * Is the packet's source the external end of a flow? A packet that an earlier hook has translated
 * passes. Another one that came in is in a routing loop: a pool's address is routed to this host,
 * but is not on it, and each round would translate the packet once more. A socket of this host may
 * have that address, too. A packet of a macvlan is another host's. Not static: as sender_match().
 */
__noinline int source_of(struct __sk_buff *skb, const struct packet *packet, int *ret_action)
{
	const struct return_entry *entry;

	if (!packet || !ret_action)
		return SOURCE_EXTERNAL;
	*ret_action = TC_ACT_UNSPEC;
	entry = packet_return(packet);
	if (!entry)
		return packet->ip && child_is_source(skb) ? SOURCE_EXTERNAL : SOURCE_INNER;
	if (translated_by_us(skb, packet, entry))
		return SOURCE_EXTERNAL;
	if (!skb->ingress_ifindex)
		return SOURCE_BOTH;
	*ret_action = report_drop(packet, SENDER_UNKNOWN, POOL_NONE, COUNTER_dropped_loop);
	return SOURCE_EXTERNAL;
}

/* Address and port that a packet leaves by. */
struct external {
	__u8 address[16];
	__u32 port;
};

/*
 * The local end is reset, so the connection is over: a SYN has left nothing outside that could
 * answer; else the flow closes, and keeps its port for as long as RFC 7857 asks.
 */
static __noinline int hold_by_uplink(struct __sk_buff *skb, const struct packet *packet,
				     const struct flow *flow)
{
	struct flow_key key = packet->key;
	struct flow *entry = bpf_map_lookup_elem(&postern_flows, &key);

	report_drop(packet, flow->sender, flow->pool, COUNTER_dropped_uplink);
	if (entry && packet_opens(packet))
		flow_remove(&key, entry);
	else if (entry)
		entry->out.rst_seen = 1;
	return reset_local(skb, packet);
}

/* An error leaves the packet half changed: it is dropped. */
static __always_inline int send(struct __sk_buff *skb, const struct packet *packet,
				const struct flow *flow, const struct external *from,
				bool by_source)
{
	__u32 uplink = UPLINK_HERE;

	if (by_source)
		uplink = uplink_of(skb, from->address, packet->ip);
	if (uplink == UPLINK_HOLD)
		return hold_by_uplink(skb, packet, flow);
	if (rewrite(skb, packet, EGRESS, from->address, from->port))
		return report_drop(packet, flow->sender, flow->pool, COUNTER_dropped_error);
	return uplink_send(uplink);
}

/* The SYN that opened `flow`, which has counted it. Not static: the verifier checks it once. */
__noinline int send_first(struct __sk_buff *skb, const struct packet *packet,
			  const struct flow *flow)
{
	const struct generation *generation = generation_get();
	struct external from;

	if (!packet || !flow)
		return TC_ACT_SHOT;
	from.port = flow->port;
	address_copy(from.address, flow->address);
	return send(skb, packet, flow, &from, generation && generation->by_source);
}

/*
 * A SYN for a new connection. Held is fast: the reset of its
 * local end makes an MTA go on to the next address or family at once. Forwarded ends get it too, as
 * they do in mid-stream: RFC 5508 REQ-8 asks for an answer, and TCP stacks report ICMP's code 13
 * only in the end.
 */
static __always_inline struct flow *open_or_reset(struct __sk_buff *skb,
						  const struct packet *packet,
						  const struct syn *syn, bool *ret_is_known,
						  int *ret_action)
{
	struct flow *other;
	const struct flow *flow = open_flow(skb, packet, syn, &other, ret_action);

	*ret_is_known = flow && flow->pool != POOL_NONE;
	if (flow)
		*ret_action = send_first(skb, packet, flow);
	else if (!other)
		*ret_action = reset_local(skb, packet);
	return other;
}

/* The SYN of a subflow: it has no sender of its own. */
static __always_inline int drop_join(struct __sk_buff *skb, const struct packet *packet)
{
	struct senders senders = sender_find(skb, packet);

	report_drop(packet, senders.first, POOL_NONE, COUNTER_dropped_join);
	return reset_local(skb, packet);
}

/*
 * TC_ACT_UNSPEC: the SYN asks for no MPTCP any more. Else it is dropped: it joins, or has an option
 * twice or behind the end of its header. Not static: see reset_local().
 */
__noinline int make_plain(struct __sk_buff *skb, const struct packet *packet, __u64 word)
{
	union options options = {.word = word};

	if (!packet)
		return TC_ACT_SHOT;
	if (options.joins)
		return drop_join(skb, packet);
	if (options_blank(skb, packet, word))
		return report_drop(packet, SENDER_UNKNOWN, POOL_NONE, COUNTER_dropped_error);
	options.word = options_read(skb, packet->tcp, options_size(packet));
	if (options.mptcp_bytes)
		return report_drop(packet, SENDER_UNKNOWN, POOL_NONE, COUNTER_dropped_malformed);
	count(COUNTER_mptcp_removed);
	return TC_ACT_UNSPEC;
}

/* False: a SYN sent again. True: *flow is another CPU's for it, or NULL and *ret_action holds. */
static __always_inline bool settle_syn(struct __sk_buff *skb, const struct packet *packet,
				       struct flow **flow, enum source source, bool *ret_is_known,
				       int *ret_action)
{
	union options options = {.word = options_read(skb, packet->tcp, options_size(packet))};

	if (options.mptcp_bytes) {
		*ret_action = make_plain(skb, packet, options.word);
		if (*ret_action != TC_ACT_UNSPEC) {
			*flow = NULL;
			return true;
		}
	}
	if (*flow && !reuse_is_new(skb, packet, *flow))
		return false;
	*flow = open_or_reset(skb, packet,
			      &(struct syn){.old = *flow,
					    .timestamp = options.timestamp,
					    .is_ambiguous = source == SOURCE_BOTH},
			      ret_is_known, ret_action);
	return true;
}

static __always_inline struct flow *settle(struct __sk_buff *skb, const struct packet *packet,
					   struct flow *flow, __u64 cuts, bool *ret_is_known,
					   int *ret_action)
{
	enum source source = SOURCE_INNER;
	bool cut;

	if (!flow && is_retired(packet->key.destination_port)) {
		*ret_action = TC_ACT_UNSPEC;
		return NULL;
	}
	if (!flow || flow->ambiguous)
		source = source_of(skb, packet, ret_action);
	if (source == SOURCE_EXTERNAL)
		return NULL;
	cut = flow && flow->cut_seen != cuts && is_cut(flow, cuts);
	if (packet_opens(packet) &&
	    settle_syn(skb, packet, &flow, source, ret_is_known, ret_action))
		return flow;
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
 * fragment without TCP flags may be a SYN, and counts as one (RFC 1858). A later fragment of an
 * unknown sender passes: it may be any traffic, and a steered one lacks its first. Behind too many
 * extension headers is a SYN that hides. Not static: as sender_match().
 */
__noinline int untranslatable(struct __sk_buff *skb, const struct packet *packet, __u32 kind)
{
	enum counter drop = COUNTER_dropped_malformed;
	struct steering steering = {};
	bool has_ports = kind != PACKET_OPAQUE && kind != PACKET_LATER, may_open = false;
	struct senders senders;
	struct flow *flow;

	if (!packet)
		return TC_ACT_SHOT;
	if (kind == PACKET_LATER)
		drop = COUNTER_dropped_fragment;
	if (has_ports && packet->fragment) {
		drop = COUNTER_dropped_fragment;
		may_open = kind == PACKET_SHORT || packet_opens(packet);
		flow = packet_flow(packet);
		if (flow && flow->pool == POOL_NONE)
			return TC_ACT_UNSPEC;
		if (flow)
			return report_drop(packet, flow->sender, flow->pool, drop);
	}
	if ((has_ports && is_retired(packet->key.destination_port)) ||
	    (packet->ip && child_is_source(skb)))
		return TC_ACT_UNSPEC;
	senders = sender_find(skb, packet);
	if (has_ports ? !may_open && is_older(&senders)
		      : kind == PACKET_LATER && senders.first == SENDER_UNKNOWN)
		return TC_ACT_UNSPEC;
	if (!steer_sender(senders.decider, &steering) && steering.action == VERDICT_PASS)
		return TC_ACT_UNSPEC;
	return report_drop(packet, senders.first, steering.pool, drop);
}

/* Copies the address and port: the map may re-use `flow` for another key meanwhile. */
static __always_inline int translate(struct __sk_buff *skb, const struct packet *packet,
				     struct flow *flow, bool by_source)
{
	struct external from = {.port = flow->port};

	address_copy(from.address, flow->address);
	if (!is_entry_of(&flow->key_hash, &packet->key))
		return report_drop(packet, SENDER_UNKNOWN, POOL_NONE, COUNTER_dropped_error);
	flow->ingress_ifindex = skb->ingress_ifindex;
	/* The FIN or RST: may_follow() compares a later SYN with its timestamp. */
	if (half_update(&flow->out, packet, EGRESS, bpf_ktime_get_coarse_ns()))
		flow->timestamp = options_timestamp(skb, packet);
	return send(skb, packet, flow, &from, by_source);
}

/* *ret_is_known becomes true where the packet's flow decides. */
static __always_inline int steer_packet(struct __sk_buff *skb, __u32 link_header,
					bool *ret_is_known)
{
	const struct generation *generation;
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
	generation = generation_get();
	if (generation_pauses(generation)) {
		count(COUNTER_dropped_moving);
		return TC_ACT_SHOT;
	}
	if (kind != PACKET_TCP || packet.fragment)
		return untranslatable(skb, &packet, kind);
	flow = bpf_map_lookup_elem(&postern_flows, &packet.key);
	*ret_is_known = true;
	if (!flow || packet_opens(&packet) || flow->cut_seen != control->cuts) {
		*ret_is_known = false;
		flow = settle(skb, &packet, flow, control->cuts, ret_is_known, &action);
		if (!flow)
			return action;
		*ret_is_known = flow->pool != POOL_NONE;
	}
	return translate(skb, &packet, flow, generation && generation->by_source);
}

static __always_inline int egress(struct __sk_buff *skb, __u32 link_header)
{
	bool is_known = false;
	int action = steer_packet(skb, link_header, &is_known);

	return action == TC_ACT_UNSPEC && !is_known ? handle_leave(skb, link_header) : action;
}
