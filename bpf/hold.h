/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps of the hold (postern/hold.h), and its decisions: what is ours, what is held, what is
 * counted. A program of its own object: it must load where the datapath does not.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "postern/hold.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct hold_settings);
} postern_hold SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, HOLD_INTERFACES_MAX);
	__type(key, __u32); /* interface index */
	__type(value, struct hold_interface);
} postern_holdifs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, HOLD_OWN_MAX);
	__type(key, struct net);
	__type(value, struct hold_own);
} postern_holdown SEC(".maps");

/* An interface that is forgotten loses its entry. Full: not counted. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, HOLD_INTERFACES_MAX + 1);
	__type(key, __u32); /* interface index; 0: none yet */
	__type(value, struct held);
} postern_held SEC(".maps");

#define HOLD_LOOPBACK 1 /* the index of lo, in every network namespace */

static __always_inline const struct hold_settings *hold_settings(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&postern_hold, &zero);
}

static __always_inline bool hold_is_steered(const struct hold_settings *settings, __u16 port)
{
	for (int i = 0; i < POSTERN_PORTS_MAX; i++)
		if (settings->ports[i] == port)
			return port;
	return false;
}

/* ---- counting */

static __always_inline struct held *hold_count(__u32 index)
{
	struct held *held = bpf_map_lookup_elem(&postern_held, &index);
	struct held none = {0};

	if (!held) {
		bpf_map_update_elem(&postern_held, &index, &none, BPF_NOEXIST);
		held = bpf_map_lookup_elem(&postern_held, &index);
	}
	if (held)
		held->last_ns = bpf_ktime_get_ns();
	return held;
}

/* ---- this host itself */

static __always_inline bool is_unspecified(const __u32 *words)
{
	return !(words[0] | words[1] | words[3]) && (!words[2] || words[2] == bpf_htonl(0xffff));
}

/* A connection to the unspecified address goes to loopback. */
static __always_inline bool is_loopback(const __u32 *words)
{
	if (words[0] | words[1])
		return false;
	if (words[2] == bpf_htonl(0xffff))
		return (words[3] & bpf_htonl(0xff000000)) == bpf_htonl(0x7f000000);
	return !words[2] && words[3] == bpf_htonl(1);
}

static __always_inline bool hold_is_own(const __u32 *words)
{
	struct net net = {.prefix_length = 128};

	if (is_unspecified(words) || is_loopback(words))
		return true;
	__builtin_memcpy(net.address, words, sizeof(net.address));
	return bpf_map_lookup_elem(&postern_holdown, &net);
}

/* ---- interfaces */

static __always_inline bool hold_holds_interface(const struct hold_settings *settings, __u32 index)
{
	const struct hold_interface *interface = bpf_map_lookup_elem(&postern_holdifs, &index);

	if (interface)
		return interface->state == HOLD_INTERFACE_HELD;
	return settings->scope & HOLD_NEW_INTERFACES;
}
