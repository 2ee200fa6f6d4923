/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Claims the external port of a new flow towards its remote end: the original port, or another.
 *
 * The port of a closed connection stays reserved until the flow expires, as the remote end may
 * still remember the connection (TIME-WAIT). Before that, only a SYN that the remote end accepts
 * for a later connection gets the port (RFC 6191, may_follow()).
 */
#pragma once

#include <asm/errno.h>

#include "counters.h"
#include "flow.h"
#include "maps.h"
#include "packet.h"
#include "plan.h"

/* 512 tries in all: with 99 of 100 ports in use, one SYN in 170 finds none. */
#define PORT_TRIES	32
#define PORT_LAST_TRIES 448
#define PORT_FIRST	1024 /* never a well-known port; the last is 65535 */

/*
 * Will the remote end of a closed flow accept this SYN, from the same external address and port, as
 * a new connection? If both have timestamps: if the SYN's is later; else if its sequence number is
 * higher than the old ones. Never for an adopted flow (adopt.h) without packets: neither is known.
 */
static __always_inline bool may_follow(const struct flow *old, __u32 sequence, __u32 timestamp)
{
	if (!old->out.sequence && !old->timestamp)
		return false;
	if (old->timestamp && timestamp && timestamp != old->timestamp)
		return (__s32)(timestamp - old->timestamp) > 0;
	return (__s32)(sequence - old->out.sequence) >= 0;
}

/*
 * An int, as in the kernel: before Linux 6.4 the upper half of a map helper's result is undefined.
 */
static __always_inline int claim(struct opening *opening)
{
	opening->entry.key_hash = key_hash(&opening->returns);
	opening->error = bpf_map_update_elem(&postern_returns, &opening->returns, &opening->entry,
					     BPF_NOEXIST);
	return opening->error;
}

static __always_inline void unclaim(const struct opening *opening)
{
	bpf_map_delete_elem(&postern_returns, &opening->returns);
}

/* The flow that holds the wanted port, if it is closed and the SYN may follow it. */
static __always_inline struct flow *
find_closed(const struct opening *opening, const struct return_entry *entry, struct flow_key *key)
{
	struct flow *flow;

	address_copy(key->source, entry->source);
	address_copy(key->destination, opening->returns.remote);
	key->source_port = entry->source_port;
	key->destination_port = opening->returns.remote_port;
	flow = bpf_map_lookup_elem(&postern_flows, key);
	if (!flow || flow_state(flow, entry) != FLOW_CLOSING ||
	    flow->port != opening->returns.port ||
	    !address_equal(flow->address, opening->returns.address) ||
	    !may_follow(flow, opening->sequence, opening->timestamp))
		return NULL;
	return flow;
}

/* -EEXIST: the port is in use, or still reserved for this SYN. Others as for claim(). */
static __noinline int take_over(struct opening *opening, const struct return_entry *entry)
{
	struct flow_key key;
	struct flow *flow = find_closed(opening, entry, &key);

	if (!flow || flow_remove(&key, flow))
		return -EEXIST;
	count(COUNTER_flows_replaced);
	return claim(opening);
}

static __always_inline bool is_set_aside(const struct opening *opening,
					 const struct return_entry *entry)
{
	return entry->source_port == opening->returns.port &&
	       address_equal(entry->source, opening->returns.address);
}

static __always_inline void choose_port(struct opening *opening)
{
	opening->returns.port = PORT_FIRST + bpf_get_prandom_u32() % (65536 - PORT_FIRST);
}

/*
 * Two kinds of tries for bpf_loop(), which 1 ends: only a taken port is worth another try. The
 * look-up comes first, as claiming takes a lock of the map.
 */
static long try_free_port(__u32 i __attribute__((unused)), void *context __attribute__((unused)))
{
	struct opening *opening = opening_get();

	if (!opening)
		return 1;
	choose_port(opening);
	return !bpf_map_lookup_elem(&postern_returns, &opening->returns) &&
	       claim(opening) != -EEXIST;
}

static long try_closed_port(__u32 i __attribute__((unused)), void *context __attribute__((unused)))
{
	struct opening *opening = opening_get();
	const struct return_entry *entry;

	if (!opening)
		return 1;
	choose_port(opening);
	entry = bpf_map_lookup_elem(&postern_returns, &opening->returns);
	if (!entry)
		return claim(opening) != -EEXIST;
	opening->error = take_over(opening, entry);
	return opening->error != -EEXIST;
}

/*
 * Claims the original port, else a free random one, else one of a closed flow; then tries random
 * ones for longer. A passed flow keeps its port. -EADDRINUSE: no port is free; -E2BIG, -ENOMEM: the
 * map is full; others: the kernel refused. Inline: the longest chain of calls goes through here,
 * and a frame of its own does not fit the stack of Linux 6.1.
 */
static __always_inline int claim_port(struct opening *opening)
{
	bool passed = opening->flow.pool == POOL_NONE;
	const struct return_entry *entry;

	if (claim(opening) == -EEXIST) {
		entry = bpf_map_lookup_elem(&postern_returns, &opening->returns);
		if (entry && (passed || is_set_aside(opening, entry)))
			opening->error = take_over(opening, entry);
	}
	if (opening->error == -EEXIST && !passed)
		bpf_loop(PORT_TRIES, try_free_port, NULL, 0);
	if (opening->error == -EEXIST && !passed)
		bpf_loop(PORT_TRIES, try_closed_port, NULL, 0);
	if (opening->error == -EEXIST && !passed)
		bpf_loop(PORT_LAST_TRIES, try_free_port, NULL, 0);
	return opening->error == -EEXIST ? -EADDRINUSE : opening->error;
}
