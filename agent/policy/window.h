/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sliding windows over counts, in a few bytes: "how many in the last hour".
 *
 * A window of length L consists of N sub-buckets in N + 1 counters: counters[0] is the current
 * sub-bucket, counters[1] the previous one, and so on. A count is forgotten when the (N + 1)th
 * boundary of sub-buckets after it has passed. Therefore
 *
 *     a count is remembered for at least L and for at most L + one sub-bucket.
 *
 * A caller that passes n only while sum + n <= limit never passes more than the limit in ANY span
 * of length L. The error is on the strict side: space returns up to one sub-bucket late.
 *
 * Time. The counters have none: their owner has one base, the second of the last update, for all of
 * its windows. window_base() computes the next base:
 *
 *   forward             the new time; old counts are forgotten, also over a leap
 *   back, by at most    the base stays: nothing ages until the clock has caught up. Otherwise a
 *   WINDOW_HOLD_SEC     clock that trembles on a boundary would age everything, repeatedly
 *   back, by more       the new time, and nothing is forgotten: counts age from there on, and
 *                       become one sub-bucket younger, as the next boundary may be nearer
 *
 * So no step back re-opens a window, and none freezes a window for longer than WINDOW_HOLD_SEC.
 *
 * Seconds since the epoch fit into 32 bits until 2106; a time outside becomes the nearest inside.
 */
#pragma once

#include <stdint.h>

#define WINDOW_HOLD_SEC 60

struct window_shape {
	uint32_t bucket_sec;
	uint32_t buckets; /* N; the window has N + 1 counters */
	uint32_t width;	  /* bytes of a counter: 2 or 4; a full counter stays full */
};

#define WINDOW_MINUTE_BUCKETS 6	 /* of 10 seconds */
#define WINDOW_HOUR_BUCKETS   12 /* of 5 minutes */
#define WINDOW_DAY_BUCKETS    24 /* of 1 hour */
#define WINDOW_COARSE_BUCKETS 6	 /* a day in pieces of 4 hours */

extern const struct window_shape window_minute;
extern const struct window_shape window_hour;
extern const struct window_shape window_day;
extern const struct window_shape window_day_coarse;
extern const struct window_shape window_day_wide; /* 32-bit counters */

uint32_t window_base(uint32_t base_sec, int64_t now_sec);

/* Moves the counters when the base goes from `from_sec` to `to_sec`. */
void window_advance(const struct window_shape *shape, void *counters, uint32_t from_sec,
		    uint32_t to_sec);
void window_add(const struct window_shape *shape, void *counters, uint32_t n);
uint32_t window_sum(const struct window_shape *shape,
		    const void *counters); /* UINT32_MAX: or more */

/*
 * Time at which the sum is below `limit` (at least 1) if nothing is added; `base_sec`: it is below
 * now.
 */
int64_t window_below_at(const struct window_shape *shape, const void *counters, uint32_t base_sec,
			uint32_t limit);
