/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The verdict that holds now for a sender, and the pool's address for a new flow. */
#pragma once

#include <asm/errno.h>

#include "maps.h"
#include "packet.h"

struct steering {
	enum verdict_action action;
	__u32 pool;    /* POOL_NONE unless STEER */
	__u32 address; /* enum verdict_address, or a key of postern_addrs */
};

static __always_inline bool verdict_is_past(const struct verdict *verdict, __u64 now)
{
	return verdict->until_ns && verdict->until_ns <= now;
}

static __always_inline void steer_to(enum verdict_action action, __u32 pool, __u32 address,
				     struct steering *ret)
{
	ret->action = action;
	ret->pool = action == VERDICT_STEER ? pool : POOL_NONE;
	ret->address = address;
}

/* Does the limit of new connections apply? A manual verdict precedes it until until_ns. */
static __always_inline bool steer_is_limited(const struct verdict *verdict, __u64 now)
{
	return verdict->connections_per_min &&
	       (verdict->reason != REASON_MANUAL || verdict_is_past(verdict, now));
}

/* -ENOENT: the sender has no verdict (NULL). */
static __always_inline int steer_verdict(const struct verdict *verdict, __u64 now,
					 struct steering *ret)
{
	if (!verdict)
		return -ENOENT;
	if (verdict_is_past(verdict, now))
		steer_to(verdict->after_action, verdict->after_pool, verdict->after_address, ret);
	else
		steer_to(verdict->action, verdict->pool, verdict->address, ret);
	return 0;
}

static __always_inline int steer_sender(__u32 sender, struct steering *ret)
{
	return steer_verdict(bpf_map_lookup_elem(&postern_verdict, &sender), bpf_ktime_get_ns(),
			     ret);
}

/* Of two verdicts that meet one SYN the higher holds; equal ones leave the choice to the order. */
static __always_inline __u32 steer_strictness(const struct steering *steering)
{
	if (steering->action == VERDICT_DROP)
		return 2;
	return steering->pool == POOL_HIGH_RISK;
}

/*
 * A sender keeps its address towards a destination, so ports do not count. Multiply and fold, as in
 * murmur's finaliser: neighbouring destinations get independent slots.
 */
static __always_inline __u64 mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
	return hash ^ hash >> 32;
}

static __always_inline __u32 steer_hash(__u32 sender, const void *destination)
{
	const __u32 *words = __builtin_assume_aligned(destination, 4);
	__u64 hash = mix(0, sender + 0x9e3779b97f4a7c15ULL);

	hash = mix(hash, (__u64)words[0] << 32 | words[1]);
	hash = mix(hash, (__u64)words[2] << 32 | words[3]);
	return mix(hash, 0) >> 16;
}

/* Key of postern_addrs; 0: the pool has no active address, hold. */
static __always_inline __u32 steer_address(__u32 pool, __u32 sender, const struct packet *packet)
{
	__u32 family = packet->version == 4 ? SLOT_IPV4 : SLOT_IPV6;
	__u32 index = (pool * POSTERN_FAMILIES + family) * POSTERN_SLOTS +
		      steer_hash(sender, packet->key.destination) % POSTERN_SLOTS;
	const struct slot *slot = bpf_map_lookup_elem(&postern_slots, &index);

	return slot ? slot->address : 0;
}
