/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The hold: what both sides compile of the programs that keep mail on the host while nothing steers
 * it. Its maps are pinned beside those of abi.h, whose rules on types and names hold here too.
 *
 *   map             key              value                  written by   read by
 *   postern_hold    0                struct hold_settings   guard        hold programs
 *   postern_holdifs ifindex          struct hold_interface  guard        hold programs
 *   postern_holdown struct net       struct hold_own        guard        hold programs
 *   postern_held    ifindex, or 0    struct held            programs     agent, operators
 */
#pragma once

#include <linux/types.h>

#include "postern/abi.h"

#define HOLD_INTERFACES_MAX 4096
#define HOLD_OWN_MAX	    65536

/*
 * What is held. Each bit concerns sockets of one network namespace only, the one of
 * `netns_cookie`: programs on the root cgroup meet the sockets of all namespaces.
 */
enum hold_scope {
	/* connect() to a steered port, and each SYN that leaves nevertheless. */
	HOLD_HOST = 1,
	/* Interfaces that are not in postern_holdifs. Without it such an interface passes. */
	HOLD_NEW_INTERFACES = 2,
};

struct hold_settings {
	__u32 scope; /* bits of enum hold_scope; 0: only interfaces that postern_holdifs holds */
	__u32 reserved;
	__u64 netns_cookie;
	__u16 ports[POSTERN_PORTS_MAX]; /* host order; 0 ends the list */
};

enum hold_interface_state {
	HOLD_INTERFACE_PASS = 1, /* it has a hook, or carries nothing that is steered */
	HOLD_INTERFACE_HELD = 2,
};

struct hold_interface {
	char label[16]; /* its name, for people */
	enum hold_interface_state state;
	__u32 reserved;
};

/* An address, or network, of this host itself: connections to it are never held. */
struct hold_own {
	__u64 set; /* counts the sets: user space removes entries of the set before */
};

/* By interface. Key 0 counts connections that were refused before they had an interface. */
struct held {
	__u64 connections; /* connect() calls that were refused */
	__u64 packets;	   /* of local sockets, dropped */
	__u64 forwarded;   /* SYNs, dropped */
	__u64 last_ns;
};

#ifndef __cplusplus
_Static_assert(sizeof(struct hold_settings) == 32, "layout");
_Static_assert(sizeof(struct hold_interface) == 24, "layout");
_Static_assert(sizeof(struct hold_own) == 8, "layout");
_Static_assert(sizeof(struct held) == 32, "layout");
#endif
