/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The queue and the timer of expiry: what both sides compile of the maps postern_expiry and
 * postern_timer. The rules of abi.h on types and names hold here too.
 */
#pragma once

#include <linux/types.h>

#include "postern/abi.h"

/*
 * ---- postern_expiry (QUEUE of expiry_entry), postern_timer (ARRAY of 1): written by the programs
 */

/*
 * Entries that the queue may hold: each CPU that adds one may have counted it already, or not yet.
 */
#define EXPIRY_MAX(capacity) ((capacity)-64)

struct expiry_entry {
	struct flow_key key;
	__u32 reserved;
	__u64 opened_ns;  /* of the flow; another flow may have the key by now */
	__u64 checked_ns; /* when the timer last checked the flow */
};

#if defined(__bpf__)
#define POSTERN_TIMER struct bpf_timer timer
#else
#define POSTERN_TIMER __u64 timer[2]
#endif

struct expiry_timer {
	POSTERN_TIMER __attribute__((aligned(8)));
	__u64 queued; /* entries of postern_expiry */
	__u64 runs;   /* 0 or 1 */
};

#ifndef __cplusplus
_Static_assert(sizeof(struct expiry_entry) == 56, "layout");
_Static_assert(sizeof(struct expiry_timer) == 32, "layout");
#endif
