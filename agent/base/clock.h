/* SPDX-License-Identifier: BSD-2-Clause */
/* The two clocks. Only the outer layers read them; everything below takes `now` as an argument. */
#pragma once

#include <stdint.h>

#define NS_PER_SEC 1000000000ULL

uint64_t clock_monotonic_ns(void); /* the datapath's time (bpf_ktime_get_ns) */
int64_t clock_wall_sec(void);	   /* seconds since the epoch, UTC: what survives a reboot */

/* One moment, by both clocks. */
struct now {
	uint64_t ns;
	int64_t sec;
};
struct now clock_now(void);

/* "90", "90s", "15m", "2h", "7d" -> seconds. -EINVAL: not of that form or zero; -ERANGE: over ten years. */
int duration_parse(const char *text, uint64_t *ret_sec);
