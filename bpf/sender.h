/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finds the sender by fwmark, exact address, cgroup, uid, longest prefix, in this order. The first
 * match names the sender. The strictest verdict of all matches decides: a local end may bind to a
 * handle, but its own drop or high-risk verdict holds. Only for packets without a flow. Kinds of
 * selectors that no sender has are skipped.
 */
#pragma once

#include "generation.h"
#include "maps.h"
#include "packet.h"
#include "socket.h"
#include "steer.h"

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

struct senders {
	__u32 first;	 /* SENDER_UNKNOWN: no selector matches */
	__u32 decider;	 /* `first`, or the first match with a stricter verdict */
	__u32 is_marked; /* a mark names `first`: it stays with a packet that is translated */
	__u32 limited;	 /* the first of the others with a limit of new connections; 0: none */
	__u32 others[POSTERN_OTHERS]; /* further matches, in order; 0: none */
};

static __always_inline __u32 strictness_of(const struct verdict *verdict)
{
	struct steering steering;

	return steer_verdict(verdict, bpf_ktime_get_ns(), &steering) ? 0
								     : steer_strictness(&steering);
}

static __always_inline const struct verdict *verdict_of(__u32 sender)
{
	return bpf_map_lookup_elem(&postern_verdict, &sender);
}

/* False: the sender has matched before. One beyond the space decides, but is not remembered. */
static __always_inline bool remember(struct senders *senders, __u32 sender)
{
	for (int i = 0; i < POSTERN_OTHERS; i++) {
		if (senders->others[i] == sender)
			return false;
		if (!senders->others[i]) {
			senders->others[i] = sender;
			break;
		}
	}
	return true;
}

/* Not static: the verifier checks it once, not at each match. */
__noinline int sender_add_other(struct senders *senders, __u32 sender)
{
	const struct verdict *verdict;
	__u32 strictness;

	if (!senders || !remember(senders, sender))
		return 0;
	verdict = verdict_of(sender);
	strictness = strictness_of(verdict);
	if (!senders->limited && verdict && verdict->connections_per_min)
		senders->limited = sender;
	/* Most often 0: then the decider's verdict need not be looked up. */
	if (strictness && strictness > strictness_of(verdict_of(senders->decider)))
		senders->decider = sender;
	return 0;
}

/* One match alone costs no look-up of a verdict here. */
static __always_inline void add_match(struct senders *senders, __u32 sender)
{
	if (!senders->first)
		senders->first = senders->decider = sender;
	else if (sender && sender != senders->first)
		sender_add_other(senders, sender);
}

/* By the address that the local end is bound to: a masqueraded handle is still that handle. */
static __always_inline void match_bound(struct __sk_buff *skb, const struct flow_key *key,
					__u32 kinds, struct senders *ret)
{
	__u8 bound[16] __attribute__((aligned(8)));

	if (!skb->sk || !socket_address(skb, key, bound))
		return;
	if (kinds & 1 << SELECTOR_ADDRESS)
		add_match(ret, sender_by_address(bound));
	if (kinds & 1 << SELECTOR_NET)
		add_match(ret, sender_by_prefix(bound));
}

/* A match by what a socket of another network namespace says is none. */
static __always_inline __u32 unless_foreign(struct __sk_buff *skb, __u32 sender)
{
	return sender && skb->sk && !socket_is_own(skb) ? SENDER_UNKNOWN : sender;
}

/*
 * A forwarded packet has no socket of this host, hence neither cgroup nor uid; a mark it has from
 * this host's rules. The mark and uid of a socket of another network namespace say nothing: root of
 * a container chooses them. Not static: the verifier checks it once, not at each call.
 */
__noinline int sender_match(struct __sk_buff *skb, const struct flow_key *key, struct senders *ret)
{
	const struct control *control = control_get();
	__u32 kinds = control ? control->selector_kinds : ~0U;

	if (!key || !ret)
		return 0;
	if (kinds & 1 << SELECTOR_MARK && skb->mark)
		add_match(ret, unless_foreign(skb, sender_by_number(SELECTOR_MARK, skb->mark)));
	ret->is_marked = ret->first != SENDER_UNKNOWN;
	match_bound(skb, key, kinds, ret);
	if (kinds & 1 << SELECTOR_ADDRESS)
		add_match(ret, sender_by_address(key->source));
	if (kinds & 1 << SELECTOR_CGROUP && skb->sk)
		add_match(ret, sender_by_cgroup(skb));
	if (kinds & 1 << SELECTOR_UID && skb->sk)
		add_match(ret, unless_foreign(skb, sender_by_number(SELECTOR_UID,
								    bpf_get_socket_uid(skb))));
	if (kinds & 1 << SELECTOR_NET)
		add_match(ret, sender_by_prefix(key->source));
	return 0;
}

static __always_inline struct senders sender_find(struct __sk_buff *skb,
						  const struct packet *packet)
{
	struct senders senders = {.first = SENDER_UNKNOWN, .decider = SENDER_UNKNOWN};

	sender_match(skb, &packet->key, &senders);
	return senders;
}
