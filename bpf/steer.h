/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What happens to a sender's new flow: the verdict that holds now, and which address of the pool it takes. */
#pragma once

#include <asm/errno.h>

#include "maps.h"
#include "packet.h"

struct steering {
	enum verdict_action action;
	__u32 pool; /* POOL_NONE unless STEER */
};

/* -ENOENT: the agent gave the sender no verdict at all. */
static __always_inline int steer_verdict(__u32 sender, __u64 now, struct steering *ret)
{
	const struct verdict *verdict = bpf_map_lookup_elem(&postern_verdict, &sender);

	if (!verdict)
		return -ENOENT;
	if (verdict->until_ns && verdict->until_ns <= now) {
		ret->action = verdict->after_action;
		ret->pool = verdict->after_pool;
	} else {
		ret->action = verdict->action;
		ret->pool = verdict->pool;
	}
	if (ret->action != VERDICT_STEER)
		ret->pool = POOL_NONE;
	return 0;
}

/*
 * A sender keeps its address towards a destination, so no ports go in. Multiply and fold (as in
 * murmur's finaliser): the slots of neighbouring destinations have nothing in common.
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

/* Key of postern_addrs; 0: nothing active in the pool, hold. */
static __always_inline __u32 steer_address(__u32 pool, __u32 sender, const struct packet *packet)
{
	__u32 family = packet->version == 4 ? SLOT_IPV4 : SLOT_IPV6;
	__u32 index = (pool * POSTERN_FAMILIES + family) * POSTERN_SLOTS +
		      steer_hash(sender, packet->key.destination) % POSTERN_SLOTS;
	const struct slot *slot = bpf_map_lookup_elem(&postern_slots, &index);

	return slot ? slot->address : 0;
}
