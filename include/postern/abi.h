/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one header that the BPF programs and user space both compile: keys, values, enums and
 * capacities of every pinned map. bpf/README.md lists the maps with their writers and readers.
 *
 * The maps are an operator's interface (`bpftool map dump name postern_verdict`), so: enums instead
 * of numbers, labels beside ids, ports in host order, addresses as bytes in network order, no
 * bit-fields, no unions; padding is named `reserved` and is zero. The kernel keeps 15 characters of
 * a map's name (BPF_OBJ_NAME_LEN counts the NUL), and `bpftool` finds a map by the kept ones: no
 * map's name is longer, hence postern_gen and postern_addruse.
 *
 * Addresses of both families are 16 bytes; IPv4 is stored IPv4-mapped (::ffff:192.0.2.1, RFC 4291
 * section 2.5.5.2), so one key serves both. Times are CLOCK_MONOTONIC nanoseconds; 0 means "never".
 *
 * Any change to a size, an offset or a meaning here raises POSTERN_LAYOUT. Pinned maps of another
 * layout are never reinterpreted: `up` and the agent refuse them and name the commands that replace
 * them. From version 1.0 on, `up` takes over maps of the layout before its own.
 */
#pragma once

#include <linux/types.h>

#include "postern/handles.h"
#include "postern/host.h"

#define POSTERN_LAYOUT 6

/* Label sizes count the terminating NUL; the configuration refuses longer names. */
#define POSTERN_SENDER_LABEL 64
#define POSTERN_POOL_LABEL   32
#define POSTERN_ADDRESS_TEXT 48

/* Steered ports are read-only data of the programs; unused entries are 0. */
#define POSTERN_PORTS_MAX 8

/* Every configuration has the first two pools; ids of other pools count up from POOL_FIRST_FREE. */
enum pool_id {
	POOL_NONE = 0,
	POOL_NORMAL = 1,
	POOL_HIGH_RISK = 2,
	POOL_FIRST_FREE = 3,
};
#define POSTERN_POOLS_MAX 64

/* Addresses of all pools of one configuration. */
#define POSTERN_ADDRESSES_MAX 4096

/* Stands for all traffic of unknown senders; its verdict is the `default` one. */
#define SENDER_UNKNOWN 0

/* ---- senders: postern_senders (HASH: selector -> sender_ref), postern_nets (LPM: net -> same) */

enum selector_kind {
	SELECTOR_ADDRESS = 1, /* exact source address; handles are selectors of this kind */
	SELECTOR_MARK = 2,    /* number: the packet's fwmark */
	SELECTOR_CGROUP = 3,  /* number: inode of the cgroup v2 directory, own or an ancestor's */
	SELECTOR_UID = 4,     /* number: owner of the local socket */
	SELECTOR_NET = 5,     /* in postern_nets only; here for control.selector_kinds */
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
	__u32 is_handle; /* 1: an address that never leaves the host as it is */
	char label[POSTERN_SENDER_LABEL];
};

#include "postern/cgroups.h"

/* ---- verdicts: postern_verdict (HASH: sender id -> verdict), written by the agent only */

enum verdict_action {
	VERDICT_STEER = 1, /* new flows leave by `pool` */
	VERDICT_PASS = 2,  /* new flows keep their source address */
	VERDICT_DROP = 3,  /* SYNs are dropped */
	VERDICT_ACTIONS,
};

/*
 * In the order of the rules. REASON_HANDLE: the local end chose the pool by binding to its handle.
 */
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
	REASONS,
};

enum verdict_address {
	VERDICT_ANY_ADDRESS = 0,	 /* the pool's slots choose */
	VERDICT_NO_ADDRESS = 0xffffffff, /* none is active: SYNs are dropped as by an empty pool */
};

/*
 * Past `until_ns` the verdict is {after_action, after_pool, after_address}: the datapath switches
 * without the agent. Flows opened at or before `cut_ns` are cut (see struct control).
 *
 * Each new flow that the verdict does not drop takes a token from a bucket of `burst`, filled
 * evenly by `connections_per_min`. The SYN that finds the bucket empty gets {over_action,
 * over_pool} itself; over_action 0 only counts and reports it. While a manual verdict holds, no
 * token is taken: manual precedes the limit. `flows_max` holds under every verdict: a SYN past it
 * is dropped.
 *
 * `address` serves the handle of one address: new flows leave by this address, or are held.
 */
struct verdict {
	char label[POSTERN_SENDER_LABEL];
	enum verdict_action action;
	enum reason reason;
	char pool_label[POSTERN_POOL_LABEL]; /* empty unless STEER */
	__u32 pool;			     /* POOL_NONE unless STEER */
	enum verdict_action after_action;    /* holds from until_ns on */
	__u32 after_pool;
	__u32 address; /* key of postern_addrs, or enum verdict_address */
	__u32 after_address;
	__u32 connections_per_min; /* 0: no limit; the next three fields mean nothing */
	__u32 burst;
	enum verdict_action over_action;
	__u32 over_pool;
	__u32 flows_max; /* live at once; 0: no limit */
	__u32 reported;	 /* 1: each flow that opens is an event; the agent counts them */
	__u32 reserved;
	__u64 until_ns;
	__u64 cut_ns;
};

/* postern_usage (HASH: sender id -> usage): the agent creates entries, the programs write them. */
struct usage {
	__u64 connections;	 /* flows opened since the entry was created */
	__u64 refused;		 /* SYNs dropped for any reason */
	__u64 flows;		 /* live now */
	__u64 last_ns;		 /* the last SYN */
	__u64 over_limit;	 /* SYNs that found the bucket empty */
	__u64 bucket_full_ns;	 /* when the bucket is full; a time in the past: it is full now */
	__u64 over_reported_ns;	 /* last event of the empty bucket; 0: it has been full since */
	__u64 flows_reported_ns; /* last event of flows_max */
};

/* ---- pools: postern_pools, postern_addrs (HASH by id), postern_slots (ARRAY) */

enum pool_state {
	POOL_ENABLED = 1,
	POOL_DISABLED = 2,
	POOL_STATES,
};

enum address_state {
	ADDRESS_ACTIVE = 1,
	ADDRESS_DRAINING = 2, /* no new flows; live flows continue */
	ADDRESS_DISABLED = 3,
	ADDRESS_STATES,
};

/* For operators and the agent; the programs read only slots and addresses. */
struct pool_entry {
	char label[POSTERN_POOL_LABEL];
	enum pool_state state;
	__u32 addresses;
	__u32 active;
	__u32 when_empty; /* pool used while no address is active; POOL_NONE: hold */
	char when_empty_label[POSTERN_POOL_LABEL];
};

struct address_entry {
	char text[POSTERN_ADDRESS_TEXT];
	char pool_label[POSTERN_POOL_LABEL];
	__u8 address[16];
	__u32 pool;
	__u32 weight;
	enum address_state state;
	__u32 held; /* 1: the host lacks the address (postern_host): no new flows */
};

/* postern_addruse (HASH: address id -> address_usage): the agent creates, the programs write. */
struct address_usage {
	__u64 connections;
	__u64 flows;
};

/*
 * postern_slots: one Maglev table per pool and family, flattened:
 *   index = (pool * POSTERN_FAMILIES + family) * POSTERN_SLOTS
 *         + hash(sender, destination) % POSTERN_SLOTS
 * The agent resolves states and `when_empty` before it writes a slot, so a program reads exactly
 * one. address 0: no address is active, hold.
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

#include "postern/flows.h"

/* ---- postern_gen (ARRAY of 1): the generation of programs in force; written by `up` only */

/*
 * Programs hold maps, not pins: when `up` replaces pinned maps, programs of an earlier load would
 * continue with the old ones. So each load has a generation number, kept where it re-uses all maps,
 * and only programs of the generation in force work. All others drop packets from and to steered
 * ports; TCP sends them again. While `up` copies maps it pauses the generation in force too.
 */
#define GENERATION_NONE (~0ULL) /* `up` is replacing the pins of maps */

struct generation {
	__u64 in_force;
	__u64 paused_until_ns; /* the pause expires, as `up` may be killed; 0: not paused */
	__u32 by_source;       /* 1: postern_uplinks has entries */
	__u32 reserved;
};

/*
 * ---- postern_uplinks (HASH: uplink_key -> uplink): pool addresses that a rule of the host routes
 * by their source. The route of the local end's packet is another one, as it had another source: a
 * translated packet that would leave by key.ifindex leaves by uplink.ifindex. `up` and `guard`
 * write it, by datapath/uplinks.h.
 */
struct uplink_key {
	__u8 address[16]; /* of a pool */
	__u32 ifindex;	  /* of a hooked interface, the wrong one for this address */
} POSTERN_KEY;

struct uplink {
	__u32 ifindex; /* 0: no interface is right, such packets are held */
	char interface[16];
	char text[POSTERN_ADDRESS_TEXT];
	__u32 reserved;
};

/* ---- postern_control (ARRAY of 1): settings that `up` and the agent give to the programs */

/* Forwarded SYNs that something on this host has translated before the programs. */
enum forwarded_masquerade {
	MASQUERADE_HOLD = 0,	/* dropped: their sender is lost (translated_before) */
	MASQUERADE_DEFAULT = 1, /* as those of an unknown sender */
};

struct control {
	__u32 layout;	      /* POSTERN_LAYOUT; the first member in every layout */
	__u32 selector_kinds; /* bit (1 << enum selector_kind): at least one sender has one */
	__u64 cuts; /* raised by one after a verdict's cut_ns was set: each flow checks once */
	__u64 established_ns; /* RFC 5382 REQ-5: at least 7440 s */
	__u64 transitory_ns;  /* RFC 5382 REQ-5: at least 240 s */
	/*
	 * Of these maps. Until established_ns later, packets in mid-stream of unknown senders may
	 * belong to a connection that is older than the datapath.
	 */
	__u64 first_up_ns;
	/*
	 * Fingerprint of the configuration that the agent's maps follow; 0: none was written yet.
	 * Writers of these maps hold a lock (flock of pin_path), and compare this first.
	 */
	__u64 configuration;
	/* The state file that has all orders in these maps, or enum control_state. */
	__u64 state;
	enum forwarded_masquerade forwarded_masquerade;
	__u32 reserved;
};

enum control_state {
	STATE_BEHIND = 0, /* orders were given since the file refused a write */
	STATE_UNREAD = 1, /* the file could not be read when the maps were filled */
};

/* ---- postern_stats (PERCPU_ARRAY of 1): one named counter each; X(name, help) */

#define POSTERN_COUNTERS(X)                                                                        \
	X(flows_opened, "flows opened")                                                            \
	X(flows_expired, "flows ended by their timeout")                                           \
	X(flows_replaced,                                                                          \
	  "closed flows replaced by a new connection of the same addresses and ports")             \
	X(ports_changed, "flows that got another source port, as theirs was in use")               \
	X(passed, "flows opened that keep their source address")                                   \
	X(over_limit, "SYNs over their sender's limit of new connections")                         \
	X(mptcp_removed, "SYNs that asked for MPTCP and leave as plain TCP")                       \
	X(icmp_in, "ICMP errors about a flow from outside, translated")                            \
	X(icmp_out, "ICMP errors about a flow from its local end, translated")                     \
	X(icmp_short, "ICMP errors not translated: the packet they quote is cut short")            \
	X(untouched, "packets passed: their connection is older than the datapath")                \
	X(dropped_blocked, "SYNs dropped: their sender's verdict is drop")                         \
	X(dropped_over_limit, "SYNs dropped: over their sender's limit of new connections")        \
	X(dropped_flow_limit, "SYNs dropped: their sender has its maximum of flows")               \
	X(translated_before, "forwarded SYNs held: a rule of this host masquerades them "          \
			     "before Postern; except the steered ports from it")                   \
	X(dropped_pool_empty, "SYNs held: the pool has no active address")                         \
	X(dropped_no_port, "SYNs dropped: no free port towards that destination")                  \
	X(dropped_table_full, "SYNs dropped: the flow table is full")                              \
	X(dropped_join, "SYNs dropped: they join an MPTCP connection")                             \
	X(dropped_no_flow, "packets dropped: mid-stream, without a flow")                          \
	X(dropped_cut, "packets dropped: their flow was cut")                                      \
	X(dropped_moving, "packets dropped while flows moved to new maps; TCP sends them again")   \
	X(dropped_loop, "packets dropped: routing loop, a translated packet came back in")         \
	X(dropped_uplink, "packets held: their address leaves by no interface that takes them")    \
	X(dropped_handle, "packets held: from a handle, to a port that is not steered or by an "   \
			  "interface without hooks")                                               \
	X(dropped_fragment, "fragments dropped: they cannot be translated")                        \
	X(dropped_malformed, "packets dropped: headers cut short or too many extension headers")   \
	X(dropped_error, "packets dropped: the kernel refused a step of the translation")          \
	X(resets_sent, "resets sent to the local end of a dropped connection")                     \
	X(events_lost, "events lost: the ring buffer was full")

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
 * ---- postern_events (RINGBUF): events for the operator; each names its counter
 *
 * Each flow of a sender whose verdict is `reported` is an event when it opens (flows_opened). Each
 * drop is an event, except drops by a sender's limits, as a flood must not fill the buffer: an
 * empty bucket is reported once (over_limit) and re-armed when it is full, under every over-limit
 * verdict; dropped_flow_limit is reported once a second per sender.
 */

struct event {
	__u64 time_ns;
	enum counter counter;
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
_Static_assert(sizeof(struct generation) == 24, "layout");
_Static_assert(sizeof(struct uplink_key) == 20, "layout");
_Static_assert(sizeof(struct uplink) == 72, "layout");
_Static_assert(sizeof(struct control) == 64, "layout");
_Static_assert(sizeof(struct stats) == COUNTERS * 8, "layout");
_Static_assert(sizeof(struct event) == 56, "layout");
#endif
