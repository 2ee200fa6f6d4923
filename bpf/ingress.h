/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way back: what comes from a steered port to a pool's address and external port goes to where the
 * flow came from. All else, and what cannot be translated, is left to the stack untouched.
 */
#pragma once

#include "flow.h"
#include "maps.h"
#include "packet.h"
#include "report.h"
#include "rewrite.h"

/* The flow, for what concerns both halves; its key follows from the return key and entry. */
static __noinline void closes(const struct packet *packet, const struct return_entry *entry)
{
	struct flow_key key = packet->key;
	struct flow *flow;

	address_copy(key.source, entry->source);
	key.source_port = entry->source_port;
	flow = bpf_map_lookup_elem(&postern_flows, &key);
	if (flow)
		flow_closes(flow);
}

static __always_inline int ingress(struct __sk_buff *skb, __u32 link_header)
{
	struct return_entry *entry;
	struct packet packet;

	if (packet_parse(skb, link_header, INGRESS, &packet) != PACKET_TCP || packet.fragment)
		return TC_ACT_UNSPEC;
	entry = bpf_map_lookup_elem(&postern_returns, &packet.key);
	if (!entry)
		return TC_ACT_UNSPEC;
	if (half_update(&entry->in, &packet, bpf_ktime_get_coarse_ns()))
		closes(&packet, entry);
	if (rewrite(skb, &packet, INGRESS, entry->source, entry->source_port))
		return report_drop(&packet, SENDER_UNKNOWN, POOL_NONE, COUNTER_dropped_error);
	return TC_ACT_UNSPEC;
}
