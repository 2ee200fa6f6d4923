/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sliding windows over counts: "how many in the last hour", in a few bytes.
 *
 * A window of length L is cut into N sub-buckets and kept in N + 1 counters: counters[0] is the
 * sub-bucket that runs now, counters[1] the one before, and so on. What is counted is forgotten when
 * the (N + 1)th sub-bucket boundary after it has passed, so
 *
 *     it is remembered for at least L and for at most L + one sub-bucket.
 *
 * Whoever lets something pass only while sum + n <= limit therefore never lets more than the limit
 * through in ANY span of length L. The error is on the strict side: room comes back up to one
 * sub-bucket late.
 *
 * Time. The counters hold none: their owner keeps one base (the second at which they were last
 * looked at) for as many windows as it has. window_base() says what the base becomes:
 *
 *   forward             the new time; what is too old is forgotten, also over a leap
 *   back, by at most    the base is held: nothing ages until the clock has caught up. Without this a
 *   WINDOW_HOLD_SEC     clock that trembles on a boundary would pass it, and age everything, again
 *                       and again
 *   back, by more       the new time, and nothing is forgotten: what was counted ages from there on (and
 *                       is made one sub-bucket younger, as the next boundary may be nearer now)
 *
 * So no step back ever re-opens a window, and none freezes one for longer than WINDOW_HOLD_SEC.
 *
 * Seconds since the epoch fit into 32 bits until 2106; times outside are taken as the nearest inside.
 */
#pragma once

#include <stdint.h>

#define WINDOW_HOLD_SEC 60

struct window_shape {
	uint32_t bucket_sec;
	uint32_t buckets; /* N; the window has N + 1 counters */
	uint32_t width;	  /* bytes of a counter: 2 or 4; a counter that is full stays full */
};

#define WINDOW_MINUTE_BUCKETS 6	 /* of 10 seconds */
#define WINDOW_HOUR_BUCKETS   12 /* of 5 minutes */
#define WINDOW_DAY_BUCKETS    24 /* of 1 hour */
#define WINDOW_COARSE_BUCKETS 6	 /* a day, too, in pieces of 4 hours */

extern const struct window_shape window_minute;
extern const struct window_shape window_hour;
extern const struct window_shape window_day;
extern const struct window_shape window_day_coarse;
extern const struct window_shape window_day_wide; /* 32-bit counters */

uint32_t window_base(uint32_t base_sec, int64_t now_sec);

/* Brings the counters along when the base goes from `from_sec` to `to_sec`. */
void window_advance(const struct window_shape *shape, void *counters, uint32_t from_sec,
		    uint32_t to_sec);
void window_add(const struct window_shape *shape, void *counters, uint32_t n);
uint32_t window_sum(const struct window_shape *shape,
		    const void *counters); /* UINT32_MAX: or more */

/* When the sum will be below `limit` (at least 1) if nothing is added; `base_sec` where it is now. */
int64_t window_below_at(const struct window_shape *shape, const void *counters, uint32_t base_sec,
			uint32_t limit);
