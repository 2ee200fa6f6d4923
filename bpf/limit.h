/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Limits per sender: a token bucket for new connections, and a maximum of live flows. A SYN that
 * opens a flow takes from both, and gives back if the flow does not open. A repeated SYN finds its
 * flow and takes nothing.
 *
 * The bucket is the generic cell rate algorithm (ITU-T I.371): its whole state is the time at which
 * it is full again, so one compare-and-swap takes a token, and no two CPUs take the same one. The
 * gauge of flows is raised before it is compared: it never admits a flow too many, and may briefly
 * reject one SYN too many while another SYN is being undone.
 */
#pragma once

#include "maps.h"
#include "packet.h"
#include "counters.h"

#define LIMIT_MINUTE_NS	      60000000000ULL
#define LIMIT_REPORT_EVERY_NS 1000000000ULL
/* Another CPU takes a token in each lost race: after so many, the bucket counts as empty. */
#define LIMIT_RACES 16

/* Taken by this SYN from the limits of its sender. */
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

/* True on the one CPU that reports. */
static __always_inline bool is_first_to_report(__u64 *reported_ns, __u64 before, __u64 now)
{
	return __sync_val_compare_and_swap(reported_ns, before, now) == before;
}

/* False: the bucket is empty. `now` is bpf_ktime_get_ns(). */
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

/* False: the sender has its maximum. */
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

static __always_inline void limit_report_over(const struct packet *packet, __u32 sender,
					      __u32 over_pool, struct usage *usage, __u64 now)
{
	if (!usage->over_reported_ns && is_first_to_report(&usage->over_reported_ns, 0, now))
		emit(&packet->key, sender, over_pool, COUNTER_over_limit);
}

static __always_inline void limit_report_flows(const struct packet *packet, __u32 sender,
					       struct usage *usage, __u64 now)
{
	__u64 reported_ns = usage->flows_reported_ns;

	if ((!reported_ns || now - reported_ns >= LIMIT_REPORT_EVERY_NS) &&
	    is_first_to_report(&usage->flows_reported_ns, reported_ns, now))
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
