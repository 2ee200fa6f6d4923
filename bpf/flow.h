/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A flow's state: counting packets, closing, ending. open.h opens flows, expiry.h ends them in
 * time. A flow is a pair of entries: postern_flows for egress, postern_returns for ingress.
 *
 * The return entry is the pair's lock. The CPU that inserts it with BPF_NOEXIST owns the external
 * port and may insert the flow; the CPU that deletes it owns the end of the pair and deletes the
 * flow. So two CPUs never both open or both end one flow, in any interleaving.
 */
#pragma once

#include <asm/errno.h>

#include "maps.h"
#include "packet.h"
#include "counters.h"

enum flow_state { FLOW_OPENING, FLOW_ESTABLISHED, FLOW_CLOSING };

static __always_inline void return_key_of(const struct flow_key *key, const struct flow *flow,
					  struct return_key *ret)
{
	address_copy(ret->address, flow->address);
	address_copy(ret->remote, key->destination);
	ret->port = flow->port;
	ret->remote_port = key->destination_port;
}

/* Identifies keys of flows and of returns; it need not resist forgery. */
static __always_inline __u64 key_hash(const void *key)
{
	const __u32 *words = __builtin_assume_aligned(key, 4);
	__u64 hash = ((__u64)words[0] << 32 | words[1]) * 0x9e3779b97f4a7c15ULL;

	hash ^= ((__u64)words[2] << 32 | words[3]) * 0xc2b2ae3d27d4eb4fULL;
	hash ^= ((__u64)words[4] << 32 | words[5]) * 0x165667b19e3779f9ULL;
	hash ^= ((__u64)words[6] << 32 | words[7]) * 0xff51afd7ed558ccdULL;
	return (hash ^ hash >> 32) + (words[8] + 1ULL) * 0xd6e8feb86659fd93ULL;
}

/*
 * Did everything read from the entry since its look-up belong to this key? The map re-uses a
 * deleted entry at once and writes it from its first byte on, where the hash is: a reader that has
 * seen any byte of the next owner finds the next owner's hash.
 */
static __always_inline bool is_entry_of(const __u64 *entry_hash, const void *key)
{
	return *(const volatile __u64 *)entry_hash == key_hash(key);
}

/* Table: struct half. No return entry: another CPU is ending the pair. */
static __always_inline enum flow_state flow_state(const struct flow *flow,
						  const struct return_entry *entry)
{
	if (!entry || flow->out.fin_seen || flow->out.rst_seen || entry->in.fin_seen ||
	    entry->in.rst_seen)
		return FLOW_CLOSING;
	return entry->in.packets ? FLOW_ESTABLISHED : FLOW_OPENING;
}

/*
 * Counts a packet; true where its direction begins to close. A later packet without RST clears an
 * earlier RST (RFC 7857 section 2.1 point 3), which may have been forged, or refused by the other
 * end. On egress only data clears it: else a local end could close a connection and keep its flow
 * as an established one. The first RST refreshes, as it grants the transitory timeout; later ones
 * do not. Data in a SYN does not count: a SYN sent again without it is the same SYN.
 */
static __always_inline bool half_update(struct half *half, const struct packet *packet,
					enum direction direction, __u64 now)
{
	__u8 fin = !!(packet->flags & TCP_FIN);
	__u8 rst = !!(packet->flags & TCP_RST);
	bool closes = fin > half->fin_seen || rst > half->rst_seen;
	__u32 end = packet->sequence + fin;

	end += packet->flags & TCP_SYN ? 1 : packet->payload_bytes;
	if (!half->packets || (__s32)(end - half->sequence) > 0)
		half->sequence = end;
	half->packets++;
	half->bytes += packet->bytes;
	if (!rst || closes)
		half->last_ns = now;
	half->fin_seen |= fin;
	if (direction == INGRESS || rst || packet->payload_bytes)
		half->rst_seen = rst;
	return closes;
}

/* After the return entry: deletes the flow, lowers the gauges. -ENOENT: another CPU was faster. */
static __always_inline int flow_forget(const struct flow_key *key, const struct flow *flow)
{
	__u32 address_id = flow->address_id;
	__u32 sender = flow->sender;

	if (bpf_map_delete_elem(&postern_flows, key))
		return -ENOENT;
	report_ended(sender, address_id);
	return 0;
}

/*
 * Ends a pair; `flow` is invalid afterwards. -EEXIST: another CPU is ending it, or has ended it and
 * another flow has the entry by now, which must keep its return entry.
 */
static __noinline int flow_remove(const struct flow_key *key, const struct flow *flow)
{
	struct return_key returns;

	return_key_of(key, flow, &returns);
	if (!is_entry_of(&flow->key_hash, key) || bpf_map_delete_elem(&postern_returns, &returns))
		return -EEXIST;
	flow_forget(key, flow);
	return 0;
}
