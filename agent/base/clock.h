/* SPDX-License-Identifier: BSD-2-Clause */
/* The two clocks. Only the outer rooms read them; all others take `struct now` as an argument. */
#pragma once

#include <stdint.h>

#define NS_PER_SEC 1000000000ULL

uint64_t clock_monotonic_ns(void); /* since boot, as bpf_ktime_get_ns() in the datapath */
int64_t clock_wall_sec(void);	   /* since the epoch, UTC; times that outlive a reboot */

/* One moment, by both clocks. */
struct now {
	uint64_t ns;
	int64_t sec;
};
struct now clock_now(void);

/*
 * "90", "90s", "15m", "2h", "7d" in seconds. -EINVAL: zero or another form; -ERANGE: over ten
 * years.
 */
int duration_parse(const char *text, uint64_t *ret_sec);
