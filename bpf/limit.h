/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Limits per sender: a token bucket for new connections, and how many flows live at once. Both are
 * asked for a SYN that is about to open a flow, and given back when nothing comes of it. A SYN that is
 * sent again finds its flow and does not come here.
 *
 * The bucket is the generic cell rate algorithm (ITU-T I.371): its whole state is the time at which it
 * will be full again, so that one compare-and-swap takes a token and no CPU ever takes one twice.
 * The gauge of flows is raised first and looked at then: never one flow too many; one too few only in
 * the moment in which another SYN is being refused.
 */
#pragma once

#include "maps.h"
#include "packet.h"
#include "counters.h"

#define LIMIT_MINUTE_NS	    60000000000ULL
#define LIMIT_TELL_EVERY_NS 1000000000ULL
/* Each race that is lost is a token for somebody else: after so many, the bucket counts as empty. */
#define LIMIT_RACES 16

/* What a SYN has taken so far. */
struct taken {
	__u64 token_ns; /* 0: none */
	__u32 flow;	/* 0 or 1 */
	__u32 reserved;
};

static __always_inline bool take_token(struct usage *usage, __u64 token_ns, __u64 burst, __u64 now)
{
	for (int i = 0; i < LIMIT_RACES; i++) {
		__u64 full_ns = *(volatile __u64 *)&usage->bucket_full_ns;
		__u64 next_ns = (full_ns > now ? full_ns : now) + token_ns;

		if (next_ns > now + burst * token_ns)
			return false;
		if (__sync_val_compare_and_swap(&usage->bucket_full_ns, full_ns, next_ns) !=
		    full_ns)
			continue;
		if (full_ns <= now)
			usage->over_reported_ns = 0;
		return true;
	}
	return false;
}

/* True where this CPU is the one to tell. */
static __always_inline bool is_first_to_tell(__u64 *told_ns, __u64 before, __u64 now)
{
	return __sync_val_compare_and_swap(told_ns, before, now) == before;
}

/* False: the bucket is empty. `now` as of bpf_ktime_get_ns(). */
static __noinline bool limit_take_token(const struct verdict *verdict, struct usage *usage,
					struct taken *taken, __u64 now)
{
	__u64 token_ns = LIMIT_MINUTE_NS / (verdict->connections_per_min ?: 1);

	if (take_token(usage, token_ns, verdict->burst, now)) {
		taken->token_ns = token_ns;
		return true;
	}
	count(COUNTER_over_limit);
	__sync_fetch_and_add(&usage->over_limit, 1);
	return false;
}

/* False: the sender has as many as it may have. */
static __always_inline bool limit_take_flow(const struct verdict *verdict, struct usage *usage,
					    struct taken *taken)
{
	__s64 before = __sync_fetch_and_add(&usage->flows, 1);

	if (verdict->flows_max && before >= verdict->flows_max) {
		gauge_down(&usage->flows);
		return false;
	}
	taken->flow = 1;
	return true;
}

static __always_inline void limit_tell_over(const struct packet *packet, __u32 sender,
					    __u32 over_pool, struct usage *usage, __u64 now)
{
	if (!usage->over_reported_ns && is_first_to_tell(&usage->over_reported_ns, 0, now))
		emit(&packet->key, sender, over_pool, COUNTER_over_limit);
}

static __always_inline void limit_tell_flows(const struct packet *packet, __u32 sender,
					     struct usage *usage, __u64 now)
{
	__u64 told_ns = usage->flows_reported_ns;

	if ((!told_ns || now - told_ns >= LIMIT_TELL_EVERY_NS) &&
	    is_first_to_tell(&usage->flows_reported_ns, told_ns, now))
		emit(&packet->key, sender, POOL_NONE, COUNTER_dropped_flow_limit);
}

static __noinline void limit_give_back(__u32 sender, const struct taken *taken)
{
	struct usage *usage = bpf_map_lookup_elem(&postern_usage, &sender);

	if (!usage)
		return;
	if (taken->flow)
		gauge_down(&usage->flows);
	if (taken->token_ns)
		__sync_fetch_and_add(&usage->bucket_full_ns, -taken->token_ns);
}
