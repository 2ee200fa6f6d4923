/* SPDX-License-Identifier: BSD-2-Clause */
/* The two clocks. Only the outer rooms read them; all others take `struct now` as an argument. */
#pragma once

#include <stdint.h>

#define NS_PER_SEC 1000000000ULL

uint64_t clock_monotonic_ns(void); /* since boot, as bpf_ktime_get_ns() in the datapath */
int64_t clock_wall_sec(void);	   /* since the epoch, UTC; times that outlive a reboot */

/* One moment, by the monotonic clock and by the calendar of this process (calendar.h). */
struct now {
	uint64_t ns;
	int64_t sec;
	/*
	 * By how much `sec` was stepped, since the process began or clock_continue(). What is to
	 * last for a span of time has its end moved by as much.
	 */
	int64_t stepped_sec;
	int64_t leap_sec; /* wall clock minus `sec`, while they differ by a leap: for people */
};
struct now clock_now(void);

/* Tells one boot of the host from another. "": not known. */
const char *clock_boot(void);
/* A moment that an earlier process had: the calendar goes on from it, if the boot is the same. */
void clock_continue(const char *boot, uint64_t ns, int64_t sec);

/*
 * "90", "90s", "15m", "2h", "7d" in seconds. -EINVAL: zero or another form; -ERANGE: over ten
 * years.
 */
int duration_parse(const char *text, uint64_t *ret_sec);
