/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counters, events, and the usage of senders and addresses. */
#pragma once

#include <linux/pkt_cls.h>

#include "maps.h"
#include "packet.h"

static __always_inline void count(enum counter counter)
{
	__u32 zero = 0;
	struct stats *stats = bpf_map_lookup_elem(&postern_stats, &zero);

	if (stats && counter < COUNTERS)
		((__u64 *)stats)[counter]++;
}

static __always_inline void emit(const struct flow_key *key, __u32 sender, __u32 pool,
				 enum counter counter)
{
	struct event *event = bpf_ringbuf_reserve(&postern_events, sizeof(*event), 0);

	if (!event) {
		count(COUNTER_events_lost);
		return;
	}
	event->time_ns = bpf_ktime_get_ns();
	event->counter = counter;
	event->sender = sender;
	event->pool = pool;
	event->source_port = key->source_port;
	event->destination_port = key->destination_port;
	address_copy(event->source, key->source);
	address_copy(event->destination, key->destination);
	bpf_ringbuf_submit(event, 0);
}

/* limit.h reports these itself, less often: a flood must not fill the ring with its own drops. */
static __always_inline bool is_reported_by_limit(enum counter counter)
{
	return counter == COUNTER_dropped_over_limit || counter == COUNTER_dropped_flow_limit;
}

/* Counts and reports; a SYN also counts as refused, for its sender. Returns the action. */
static __noinline int report_drop(const struct packet *packet, __u32 sender, __u32 pool,
				  enum counter counter)
{
	struct usage *usage;

	count(counter);
	if (!is_reported_by_limit(counter))
		emit(&packet->key, sender, pool, counter);
	usage = bpf_map_lookup_elem(&postern_usage, &sender);
	if (usage && packet_opens(packet)) {
		__sync_fetch_and_add(&usage->refused, 1);
		usage->last_ns = bpf_ktime_get_ns();
	}
	return TC_ACT_SHOT;
}

/* The agent may recreate an entry while flows live: the gauge must not stay below 0. */
static __always_inline void gauge_down(__u64 *gauge)
{
	if ((__s64)__sync_fetch_and_add(gauge, -1) <= 0)
		__sync_fetch_and_add(gauge, 1);
}

/* limit.h has raised usage->flows already. */
static __always_inline void report_opened(const struct flow *flow, struct usage *usage)
{
	struct address_usage *address = bpf_map_lookup_elem(&postern_addruse, &flow->address_id);

	count(COUNTER_flows_opened);
	__sync_fetch_and_add(&usage->connections, 1);
	usage->last_ns = flow->opened_ns;
	if (address) {
		__sync_fetch_and_add(&address->connections, 1);
		__sync_fetch_and_add(&address->flows, 1);
	}
}

static __always_inline void report_ended(__u32 sender, __u32 address_id)
{
	struct usage *usage = bpf_map_lookup_elem(&postern_usage, &sender);
	struct address_usage *address = bpf_map_lookup_elem(&postern_addruse, &address_id);

	if (usage)
		gauge_down(&usage->flows);
	if (address)
		gauge_down(&address->flows);
}
