/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finds the sender by fwmark, exact address, cgroup, uid, longest prefix, in this order; the first
 * match wins. Only for packets without a flow. Kinds of selectors that no sender has are skipped.
 */
#pragma once

#include "generation.h"
#include "maps.h"
#include "packet.h"

/*
 * Levels of ancestors, root included, that are compared; a deeper cgroup matches by its own id
 * only.
 */
#define SENDER_CGROUP_LEVELS 16

static __always_inline __u32 sender_by_number(enum selector_kind kind, __u64 number)
{
	struct selector selector = {.kind = kind, .number = number};
	struct sender_ref *ref = bpf_map_lookup_elem(&postern_senders, &selector);

	return ref ? ref->sender : SENDER_UNKNOWN;
}

static __always_inline __u32 sender_by_address(const __u8 *address)
{
	struct selector selector = {.kind = SELECTOR_ADDRESS};
	struct sender_ref *ref;

	address_copy(selector.address, address);
	ref = bpf_map_lookup_elem(&postern_senders, &selector);
	return ref ? ref->sender : SENDER_UNKNOWN;
}

/*
 * The socket's cgroup, then its ancestors upwards. Id 0: no socket, or no ancestor at that level.
 * Not static: the verifier checks the loop once, not at each call.
 */
__noinline __u32 sender_by_cgroup(struct __sk_buff *skb)
{
	__u64 own = bpf_skb_cgroup_id(skb);
	__u32 sender;

	if (!own)
		return SENDER_UNKNOWN;
	sender = sender_by_number(SELECTOR_CGROUP, own);
	for (int level = SENDER_CGROUP_LEVELS - 1; level >= 0 && !sender; level--) {
		__u64 id = bpf_skb_ancestor_cgroup_id(skb, level);

		if (id && id != own)
			sender = sender_by_number(SELECTOR_CGROUP, id);
	}
	return sender;
}

static __always_inline __u32 sender_by_prefix(const __u8 *address)
{
	struct net net = {.prefix_length = 128};
	struct sender_ref *ref;

	address_copy(net.address, address);
	ref = bpf_map_lookup_elem(&postern_nets, &net);
	return ref ? ref->sender : SENDER_UNKNOWN;
}

/* A forwarded packet has no socket, hence neither cgroup nor uid. */
static __noinline __u32 sender_among(struct __sk_buff *skb, const struct packet *packet,
				     __u32 kinds)
{
	__u32 sender = SENDER_UNKNOWN;

	if (kinds & 1 << SELECTOR_MARK && skb->mark)
		sender = sender_by_number(SELECTOR_MARK, skb->mark);
	if (!sender && kinds & 1 << SELECTOR_ADDRESS)
		sender = sender_by_address(packet->key.source);
	if (!sender && kinds & 1 << SELECTOR_CGROUP && skb->sk)
		sender = sender_by_cgroup(skb);
	if (!sender && kinds & 1 << SELECTOR_UID && skb->sk)
		sender = sender_by_number(SELECTOR_UID, bpf_get_socket_uid(skb));
	if (!sender && kinds & 1 << SELECTOR_NET)
		sender = sender_by_prefix(packet->key.source);
	return sender;
}

static __always_inline __u32 sender_find(struct __sk_buff *skb, const struct packet *packet)
{
	struct control *control = control_get();

	return sender_among(skb, packet, control ? control->selector_kinds : ~0U);
}
