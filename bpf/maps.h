/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps; postern/abi.h has their types and meaning. User space sets the capacities that depend
 * on the configuration before it loads the object.
 *
 * Flows and returns are plain, preallocated HASH maps: an LRU map would evict one half of a live
 * pair, and an insert must not depend on the allocator during a burst. Maps that only user space
 * inserts into allocate as they fill.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "postern/abi.h"
#include "postern/expiry.h"

#define MAP_DEFAULT_ENTRIES 1024
/*
 * Space for the addresses of the new and of the old configuration: the old ones are removed last.
 */
#define MAP_ADDRESSES (2 * POSTERN_ADDRESSES_MAX)
/* Interfaces, addresses and handles. */
#define MAP_HOST	 (4 * POSTERN_ADDRESSES_MAX)
#define MAP_SLOTS	 (POSTERN_POOLS_MAX * POSTERN_FAMILIES * POSTERN_SLOTS)
#define MAP_EVENTS_BYTES (256 * 1024)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAP_DEFAULT_ENTRIES);
	__type(key, struct selector);
	__type(value, struct sender_ref);
} postern_senders SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAP_DEFAULT_ENTRIES);
	__type(key, struct net);
	__type(value, struct sender_ref);
} postern_nets SEC(".maps");

/* No program of this object uses it: cgroups.bpf.c does. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, POSTERN_CGROUPS_MAX);
	__type(key, struct cgroup_path);
	__type(value, struct cgroup_entry);
} postern_cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAP_DEFAULT_ENTRIES);
	__type(key, __u32); /* sender id */
	__type(value, struct verdict);
} postern_verdict SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAP_DEFAULT_ENTRIES);
	__type(key, __u32); /* sender id */
	__type(value, struct usage);
} postern_usage SEC(".maps");

/* For operators and the agent: no program reads it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, POSTERN_POOLS_MAX);
	__type(key, __u32); /* pool id */
	__type(value, struct pool_entry);
} postern_pools SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAP_ADDRESSES);
	__type(key, __u32); /* address id */
	__type(value, struct address_entry);
} postern_addrs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAP_ADDRESSES);
	__type(key, __u32); /* address id */
	__type(value, struct address_usage);
} postern_addruse SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAP_SLOTS);
	__type(key, __u32);
	__type(value, struct slot);
} postern_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAP_DEFAULT_ENTRIES);
	__type(key, struct flow_key);
	__type(value, struct flow);
} postern_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAP_DEFAULT_ENTRIES);
	__type(key, struct return_key);
	__type(value, struct return_entry);
} postern_returns SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, MAP_DEFAULT_ENTRIES * 3 / 2);
	__type(value, struct expiry_entry);
} postern_expiry SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct expiry_timer);
} postern_timer SEC(".maps");

/*
 * Holds the flow that a CPU is opening (struct opening), which is too large for the stack. Egress
 * runs with softirqs off and sends nothing itself, so one CPU opens one flow at a time. Not pinned.
 */
#define MAP_SCRATCH_BYTES 320
struct scratch {
	__u64 words[MAP_SCRATCH_BYTES / 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct control);
} postern_control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct generation);
} postern_gen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAP_ADDRESSES);
	__type(key, struct uplink_key);
	__type(value, struct uplink);
} postern_uplinks SEC(".maps");

/* For operators, `guard` and the agent: no program reads it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAP_HOST);
	__type(key, struct host_key);
	__type(value, struct host_entry);
} postern_host SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stats);
} postern_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, MAP_EVENTS_BYTES);
} postern_events SEC(".maps");

/* Host order; 0 ends the list. Read-only once loaded, so the verifier drops the unused compares. */
const volatile __u16 steered_ports[POSTERN_PORTS_MAX] = {25};

/* Ports of an earlier configuration: packets with a flow are translated, all others pass. */
const volatile __u16 retired_ports[POSTERN_PORTS_MAX] = {};

/*
 * Entries that postern_expiry may hold: fewer than its capacity, so the timer can always re-queue
 * one.
 */
const volatile __u32 expiry_max = EXPIRY_MAX(MAP_DEFAULT_ENTRIES * 3 / 2);

/* The generation of these programs. */
const volatile __u64 own_generation = 0;

/* No source is like a handle. */
const volatile struct handle_filter handles = {.ipv4 = 1, .ipv6 = {1, 1}};

/* The cookie of the network namespace of these programs (SO_NETNS_COOKIE). */
const volatile __u64 own_netns = 0;
