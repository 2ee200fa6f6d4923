/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one header that the BPF programs and user space both compile: keys, values, enums and
 * capacities of every pinned map.
 *
 * The maps are an operator's interface (`bpftool map dump name postern_verdict`), so: enums instead
 * of numbers, labels beside ids, ports in host order, addresses as bytes in network order, no
 * bit-fields, no unions, padding named and zero. Addresses of both families are 16 bytes; IPv4 is
 * stored IPv4-mapped (::ffff:192.0.2.1, RFC 4291 section 2.5.5.2), so one key serves both.
 *
 * Times are CLOCK_MONOTONIC nanoseconds; 0 means "never". Any change to a size, an offset or a
 * meaning here raises POSTERN_LAYOUT: pinned maps of another layout are refused, never reinterpreted.
 */
#pragma once

#include <linux/types.h>

#define POSTERN_LAYOUT 3

/* Label sizes count the terminating NUL; longer names are refused by the configuration. */
#define POSTERN_SENDER_LABEL 64
#define POSTERN_POOL_LABEL   32
#define POSTERN_ADDRESS_TEXT 48

/* Steered ports are read-only data of the programs; an unused entry is 0. */
#define POSTERN_PORTS_MAX 8

/* Pool ids. The two that every configuration has are fixed; others count up from POOL_FIRST_FREE. */
enum pool_id {
	POOL_NONE = 0,
	POOL_NORMAL = 1,
	POOL_HIGH_RISK = 2,
	POOL_FIRST_FREE = 3,
};
#define POSTERN_POOLS_MAX 64

/* Of all pools, in one configuration. */
#define POSTERN_ADDRESSES_MAX 4096

/* The sender that stands for traffic of no known sender; its verdict is the `default` one. */
#define SENDER_UNKNOWN 0

/* ---- who: postern_senders (HASH: selector -> sender_ref), postern_nets (LPM: net -> sender_ref) */

enum selector_kind {
	SELECTOR_ADDRESS = 1, /* exact source address; handles are selectors of this kind */
	SELECTOR_MARK = 2,    /* number: the packet's fwmark */
	SELECTOR_CGROUP =
		3, /* number: cgroup v2 id (inode number of its directory), or an ancestor's */
	SELECTOR_UID = 4, /* number: owner of the local socket */
	SELECTOR_NET = 5, /* in postern_nets only; here for control.selector_kinds */
};

struct selector {
	enum selector_kind kind;
	__u32 reserved;
	__u64 number;	  /* 0 for SELECTOR_ADDRESS */
	__u8 address[16]; /* zero but for SELECTOR_ADDRESS */
};

struct net {
	__u32 prefix_length; /* 0..128; an IPv4 prefix counts the 96 bits of the mapping */
	__u8 address[16];
};

struct sender_ref {
	__u32 sender;
	__u32 reserved;
	char label[POSTERN_SENDER_LABEL];
};

/* ---- what happens: postern_verdict (HASH: sender id -> verdict), written by the agent only */

enum verdict_action {
	VERDICT_STEER = 1, /* new flows leave by `pool` */
	VERDICT_PASS = 2,  /* new flows leave with the address they have */
	VERDICT_DROP = 3,  /* SYNs are dropped */
};

/* In the order of the rules; `handle`: the local end chose the pool by binding to its handle. */
enum reason {
	REASON_GOOD = 0,
	REASON_MANUAL = 1,
	REASON_RESTRICTED = 2,
	REASON_BOUNCE = 3,
	REASON_NO_MAIL_DNS = 4,
	REASON_SPAM = 5,
	REASON_OVER_LIMIT = 6,
	REASON_RELAY = 7,
	REASON_UNKNOWN_SENDER = 8,
	REASON_HANDLE = 9,
};

enum verdict_address {
	VERDICT_ANY_ADDRESS = 0,	 /* by the pool's slots */
	VERDICT_NO_ADDRESS = 0xffffffff, /* none now: SYNs are dropped as by an empty pool */
};

/*
 * Past `until_ns` the verdict is {after_action, after_pool, after_address}: the datapath goes over by
 * itself, with no agent. Flows opened at or before `cut_ns` are cut (see struct control).
 *
 * New flows that the verdict does not drop take a token from a bucket of `burst`, filled evenly by
 * `connections_per_min`; the SYN that finds it empty has the verdict {over_action, over_pool} already.
 * A verdict by hand comes before the limit (design: manual first): while it holds, no token is taken.
 * over_action 0: it is only counted and told. `flows_max` always holds: a SYN past it is dropped.
 *
 * `address` is for the handle of one address: new flows leave by it and by no other, or are held.
 */
struct verdict {
	char label[POSTERN_SENDER_LABEL];
	enum verdict_action action;
	enum reason reason;
	char pool_label[POSTERN_POOL_LABEL]; /* empty unless STEER */
	__u32 pool;			     /* POOL_NONE unless STEER */
	enum verdict_action after_action;    /* what holds when the time is up */
	__u32 after_pool;
	__u32 address; /* of the pool: key of postern_addrs; VERDICT_ANY_ADDRESS or VERDICT_NO_ADDRESS */
	__u32 after_address;
	__u32 connections_per_min; /* 0: no limit, and the next three mean nothing */
	__u32 burst;
	enum verdict_action over_action;
	__u32 over_pool;
	__u32 flows_max; /* live at once; 0: no limit */
	__u32 watched; /* 1: the agent counts its connections, and is told of each flow that opens */
	__u32 reserved;
	__u64 until_ns;
	__u64 cut_ns;
};

/* postern_usage (HASH: sender id -> usage): the agent creates entries, the kernel writes them. */
struct usage {
	__u64 connections;    /* flows opened since the entry was made */
	__u64 refused;	      /* SYNs dropped, whatever the cause */
	__u64 flows;	      /* live now */
	__u64 last_ns;	      /* when a SYN was last seen */
	__u64 over_limit;     /* SYNs that found the bucket empty */
	__u64 bucket_full_ns; /* when the bucket will be full again; what is past: it is full */
	__u64 over_told_ns;   /* event of the bucket that ran empty; 0: full since */
	__u64 flows_told_ns;  /* event of flows_max */
};

/* ---- pools: postern_pools, postern_addrs (HASH by id), postern_slots (ARRAY) */

enum pool_state {
	POOL_ENABLED = 1,
	POOL_DISABLED = 2,
};

enum address_state {
	ADDRESS_ACTIVE = 1,
	ADDRESS_DRAINING = 2, /* no new flows; those that live go on */
	ADDRESS_DISABLED = 3,
};

/* For people and the agent; the datapath itself reads only slots and addresses. */
struct pool_entry {
	char label[POSTERN_POOL_LABEL];
	enum pool_state state;
	__u32 addresses;
	__u32 active;
	__u32 when_empty; /* pool used while nothing is active; POOL_NONE: hold */
	char when_empty_label[POSTERN_POOL_LABEL];
};

struct address_entry {
	char text[POSTERN_ADDRESS_TEXT];
	char pool_label[POSTERN_POOL_LABEL];
	__u8 address[16];
	__u32 pool;
	__u32 weight;
	enum address_state state;
	__u32 reserved;
};

/* postern_addruse (HASH: address id -> address_usage): the agent creates entries, the kernel writes. */
struct address_usage {
	__u64 connections;
	__u64 flows;
};

/*
 * postern_slots: one Maglev table per pool and family, flattened:
 * index = (pool * POSTERN_FAMILIES + family) * POSTERN_SLOTS + hash(sender, destination) % POSTERN_SLOTS.
 * The agent resolves states and `when_empty` before it writes a slot, so the datapath reads exactly
 * one. address 0: nothing active, hold.
 */
#define POSTERN_SLOTS 4093
enum slot_family {
	SLOT_IPV4 = 0,
	SLOT_IPV6 = 1,
};
#define POSTERN_FAMILIES 2

struct slot {
	__u32 address; /* key of postern_addrs */
};

/* ---- flows: postern_flows (HASH: flow_key -> flow), postern_returns (HASH: return_key -> return_entry) */

/* Aligned, so that programs may copy addresses by words. */
#define POSTERN_KEY __attribute__((aligned(4)))

/* As the packet is before translation. Ports in host order. */
struct flow_key {
	__u8 source[16];
	__u8 destination[16];
	__u16 source_port;
	__u16 destination_port;
} POSTERN_KEY;

/* As the reply comes in from the wire. */
struct return_key {
	__u8 address[16]; /* of the pool */
	__u8 remote[16];
	__u16 port; /* external port, at `address` */
	__u16 remote_port;
} POSTERN_KEY;

/*
 * What one direction has seen. Each half is written by its own direction only, so that packets of
 * the two directions never write to one cache line; the flow's state is derived from both:
 *
 *   reset in either half                 -> closing (transitory timeout)
 *   FIN in either half                   -> closing (transitory timeout)
 *   no packet in the return half         -> opening (transitory timeout)
 *   else                                 -> established
 */
struct half {
	__u64 packets; /* as the host hands them over: one of GSO or GRO counts once */
	__u64 bytes;   /* of the IP packets, headers included */
	__u64 last_ns;
	__u32 sequence; /* highest sequence number seen + 1 of what it covers, host order */
	__u8 fin_seen;	/* 0 or 1 */
	__u8 rst_seen;	/* 0 or 1; a later packet without RST takes it back (RFC 7857) */
	__u8 reserved[2];
};

/*
 * A flow of a VERDICT_PASS sender has address == source and pool == POOL_NONE. One that was set aside
 * has address == source too: a closed one whose local end opened another connection by the same
 * addresses and ports; it keeps its external port out of use for as long as RFC 7857 asks.
 *
 * `key_hash` comes first, in a return entry too: the entries of a preallocated map are used again at
 * once, and by its hash who still reads the old one sees that it has become another one's.
 */
struct flow {
	__u64 key_hash;
	struct half out;
	__u8 address[16]; /* external address and port */
	__u16 port;
	__u16 reserved;
	__u32 sender;
	__u32 pool;
	__u32 address_id; /* 0 for a passed flow */
	__u64 opened_ns;
	__u64 cut_seen;	 /* control.cuts when this flow was last checked against its verdict */
	__u32 timestamp; /* of TCP, in the FIN or RST that went out; 0: none was seen */
	__u32 reserved2;
};

struct return_entry {
	__u64 key_hash;
	struct half in;
	__u8 source[16]; /* where replies go: the flow key's source */
	__u16 source_port;
	__u16 reserved[3];
};

/* ---- postern_watch (QUEUE of watched), postern_janitor (ARRAY of 1): the kernel's own, to end flows in time */

/* What may be in the queue, of its capacity: CPUs that put something in have counted it already, or not yet. */
#define WATCH_MAX(capacity) ((capacity)-64)

struct watched {
	struct flow_key key;
	__u32 reserved;
	__u64 opened_ns; /* the flow's: another one may have its key by then */
	__u64 looked_ns; /* when it was looked at last */
};

#if defined(__bpf__)
#define POSTERN_TIMER struct bpf_timer timer
#else
#define POSTERN_TIMER __u64 timer[2]
#endif

struct janitor {
	POSTERN_TIMER __attribute__((aligned(8)));
	__u64 queued; /* entries of postern_watch */
	__u64 runs;   /* 0 or 1 */
};

/* ---- postern_tables (ARRAY of 1): which programs are in force; written by `up` only */

/*
 * Programs know maps, not pins: after `up` has put others into their places, those of an earlier load would go
 * on with the old ones. So each load has a number, the same where it re-uses all maps, and only programs of
 * the number that stands here work. All others drop what comes from or goes to a steered port, which TCP
 * sends again. So do those in force while `up` copies their maps: nothing changes then.
 */
#define TABLES_NONE (~0ULL) /* the maps are changing places */

struct tables {
	__u64 in_force;
	__u64 still_until_ns; /* past it they work again: `up` may have been killed. 0: they work */
};

/* ---- postern_control (ARRAY of 1): what `up` and the agent tell the datapath */

struct control {
	__u32 layout;	      /* POSTERN_LAYOUT; first in every layout */
	__u32 selector_kinds; /* bit (1 << enum selector_kind) set: some sender has one */
	__u64 cuts; /* raised by one after a verdict's cut_ns was set: flows re-check once */
	__u64 established_ns; /* RFC 5382 REQ-5: at least 7440 s */
	__u64 transitory_ns;  /* RFC 5382 REQ-5: at least 240 s */
};

/* ---- postern_stats (PERCPU_ARRAY of 1): one named counter each; X(name, help) */

#define POSTERN_COUNTERS(X)                                                                        \
	X(flows_opened, "flows opened")                                                            \
	X(flows_expired, "flows ended by their timeout")                                           \
	X(flows_replaced,                                                                          \
	  "closed flows replaced by a new connection of the same addresses and ports")             \
	X(ports_changed, "flows whose source port was taken and had to change")                    \
	X(passed, "flows opened that leave with the address they had")                             \
	X(over_limit, "SYNs over their sender's limit of new connections")                         \
	X(icmp_in, "ICMP errors from outside, translated to the flow that they are about")         \
	X(icmp_out, "ICMP errors of local ends about a flow, translated")                          \
	X(icmp_short, "ICMP errors left as they are: what they quote is cut short")                \
	X(untouched, "packets of connections older than the datapath, let through")                \
	X(dropped_blocked, "SYNs dropped by verdict")                                              \
	X(dropped_over_limit, "SYNs dropped: over a limit of new connections that says so")        \
	X(dropped_flow_limit, "SYNs dropped: their sender has as many flows as it may have")       \
	X(dropped_pool_empty, "SYNs held: nothing active in the pool")                             \
	X(dropped_no_port, "SYNs dropped: no free port towards that destination")                  \
	X(dropped_table_full, "SYNs dropped: the flow table is full")                              \
	X(dropped_no_flow, "packets dropped: in mid-stream, of a known sender, without a flow")    \
	X(dropped_cut, "packets dropped: their flow was cut")                                      \
	X(dropped_moving,                                                                          \
	  "packets dropped while other flow tables took over; TCP sends them again")               \
	X(dropped_loop,                                                                            \
	  "packets dropped: translated before, they came back and were to leave again")            \
	X(dropped_fragment, "fragments dropped: not translatable")                                 \
	X(dropped_malformed, "packets dropped: headers cut short or too many extension headers")   \
	X(dropped_error, "packets dropped: the kernel refused a step of the translation")          \
	X(resets_sent, "resets sent to the local end of a dropped connection")                     \
	X(events_lost, "events that found the ring buffer full")

enum counter {
#define POSTERN_COUNTER_ENUM(name, help) COUNTER_##name,
	POSTERN_COUNTERS(POSTERN_COUNTER_ENUM)
#undef POSTERN_COUNTER_ENUM
		COUNTERS
};

struct stats {
#define POSTERN_COUNTER_FIELD(name, help) __u64 name;
	POSTERN_COUNTERS(POSTERN_COUNTER_FIELD)
#undef POSTERN_COUNTER_FIELD
};

/*
 * ---- postern_events (RINGBUF): what an operator should hear of; `what` is its counter
 *
 * Every flow of a watched sender that opens is one (flows_opened). Every drop is one, but for those by
 * a sender's limits: a bucket that ran empty is told once (over_limit) until it has been full again,
 * whatever the over-limit verdict is; dropped_flow_limit once a second.
 */

struct event {
	__u64 time_ns;
	enum counter what;
	__u32 sender;
	__u32 pool;
	__u16 source_port;
	__u16 destination_port;
	__u8 source[16];
	__u8 destination[16];
};

#ifndef __cplusplus
_Static_assert(sizeof(struct selector) == 32, "layout");
_Static_assert(sizeof(struct net) == 20, "layout");
_Static_assert(sizeof(struct sender_ref) == 72, "layout");
_Static_assert(sizeof(struct verdict) == 168, "layout");
_Static_assert(sizeof(struct usage) == 64, "layout");
_Static_assert(sizeof(struct pool_entry) == 80, "layout");
_Static_assert(sizeof(struct address_entry) == 112, "layout");
_Static_assert(sizeof(struct flow_key) == 36, "layout");
_Static_assert(sizeof(struct return_key) == 36, "layout");
_Static_assert(sizeof(struct half) == 32, "layout");
_Static_assert(sizeof(struct flow) == 96, "layout");
_Static_assert(sizeof(struct return_entry) == 64, "layout");
_Static_assert(sizeof(struct watched) == 56, "layout");
_Static_assert(sizeof(struct janitor) == 32, "layout");
_Static_assert(sizeof(struct tables) == 16, "layout");
_Static_assert(sizeof(struct control) == 32, "layout");
_Static_assert(sizeof(struct stats) == COUNTERS * 8, "layout");
_Static_assert(sizeof(struct event) == 56, "layout");
#endif
