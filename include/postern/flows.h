/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps of flows: postern_flows (HASH: flow_key -> flow), postern_returns (HASH: return_key ->
 * return_entry). Part of postern/abi.h.
 */
#pragma once

#include <linux/types.h>

/* Aligned: programs copy addresses by words. */
#define POSTERN_KEY __attribute__((aligned(4)))

/* The packet before translation. Ports in host order. */
struct flow_key {
	__u8 source[16];
	__u8 destination[16];
	__u16 source_port;
	__u16 destination_port;
} POSTERN_KEY;

/* The reply as it arrives from the wire. */
struct return_key {
	__u8 address[16]; /* of the pool */
	__u8 remote[16];
	__u16 port; /* external port, at `address` */
	__u16 remote_port;
} POSTERN_KEY;

/*
 * One direction of a flow. Each half is written by its own direction only: packets of the two
 * directions never write to one cache line. The flow's state is derived from both halves:
 *
 *   reset in either half                 -> closing (transitory timeout)
 *   FIN in either half                   -> closing (transitory timeout)
 *   no packet in the return half         -> opening (transitory timeout)
 *   else                                 -> established
 */
struct half {
	__u64 packets; /* a GSO or GRO packet counts once */
	__u64 bytes;   /* of the IP packets, headers included */
	__u64 last_ns;
	__u32 sequence; /* the highest sequence number seen, + 1; host order */
	__u8 fin_seen;	/* 0 or 1 */
	__u8 rst_seen;	/* 0 or 1; a later packet without RST (egress: data) clears it, RFC 7857 */
	__u8 reserved[2];
};

/* As many kinds of selectors as there are, without the first match. */
#define POSTERN_OTHERS 4

/*
 * A flow of a VERDICT_PASS sender has address == source and pool == POOL_NONE. A flow that was set
 * aside has address == source too: it is closed, its local end has opened another connection with
 * the same addresses and ports, and it reserves its external port for as long as RFC 7857 asks.
 *
 * `key_hash` is the first member, in a return entry too: a preallocated map re-uses a deleted entry
 * at once, and a program that still reads it learns from the hash that the entry has another key.
 */
struct flow {
	__u64 key_hash;
	struct half out;
	__u8 address[16]; /* external address and port */
	__u16 port;
	__u16 ambiguous; /* 1: its key is the external end of another flow, too */
	__u32 sender;
	__u32 pool;
	__u32 address_id; /* 0 for a passed flow */
	__u64 opened_ns;
	__u64 cut_seen;	       /* control.cuts when last compared with its verdict; ~0: ambiguous */
	__u32 timestamp;       /* TCP timestamp of the FIN or RST that left; 0: none */
	__u32 ingress_ifindex; /* where the last packet came in; 0: it is from this host */
	__u32 decider;	       /* whose verdict decided: `sender`, or a stricter one of a match */
	__u32 others[POSTERN_OTHERS]; /* further senders that matched the SYN; 0: none */
	__u32 reserved;
};

struct return_entry {
	__u64 key_hash;
	struct half in;
	__u8 source[16]; /* of the flow's key: the local end, where replies go */
	__u16 source_port;
	__u16 reserved[3];
};

#ifndef __cplusplus
_Static_assert(sizeof(struct flow_key) == 36, "layout");
_Static_assert(sizeof(struct return_key) == 36, "layout");
_Static_assert(sizeof(struct half) == 32, "layout");
_Static_assert(sizeof(struct flow) == 120, "layout");
_Static_assert(sizeof(struct return_entry) == 64, "layout");
#endif
