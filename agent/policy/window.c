/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters that move up by one place at the end of each sub-bucket. */
#include "policy/window.h"

#include <stddef.h>
#include <string.h>

const struct window_shape window_minute = {10, WINDOW_MINUTE_BUCKETS, 2};
const struct window_shape window_hour = {300, WINDOW_HOUR_BUCKETS, 2};
const struct window_shape window_day = {3600, WINDOW_DAY_BUCKETS, 2};
const struct window_shape window_day_coarse = {14400, WINDOW_COARSE_BUCKETS, 2};
const struct window_shape window_day_wide = {3600, WINDOW_DAY_BUCKETS, 4};

uint32_t window_base(uint32_t base_sec, int64_t now_sec)
{
	uint32_t now = now_sec < 0 ? 0 : now_sec > UINT32_MAX ? UINT32_MAX : (uint32_t)now_sec;

	if (now < base_sec && base_sec - now <= WINDOW_HOLD_SEC)
		return base_sec;
	return now;
}

/* The sum of the `count` newest sub-buckets. */
static uint32_t sum_newest(const struct window_shape *shape, const void *counters, uint32_t count)
{
	uint64_t sum = 0;

	if (shape->width == 2)
		for (uint32_t i = 0; i < count; i++)
			sum += ((const uint16_t *)counters)[i];
	else
		for (uint32_t i = 0; i < count; i++)
			sum += ((const uint32_t *)counters)[i];
	return sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
}

void window_add(const struct window_shape *shape, void *counters, uint32_t n)
{
	const uint32_t full = shape->width == 2 ? UINT16_MAX : UINT32_MAX;
	uint32_t count = shape->width == 2 ? *(uint16_t *)counters : *(uint32_t *)counters;

	count = n < full - count ? count + n : full;
	if (shape->width == 2)
		*(uint16_t *)counters = (uint16_t)count;
	else
		*(uint32_t *)counters = count;
}

/*
 * After a step back the next boundary may be nearer than before, and one sub-bucket too many would
 * pass. In return everything becomes younger by one: the two newest become one.
 */
static void make_younger(const struct window_shape *shape, void *counters)
{
	char *bytes = counters;
	uint32_t newest = sum_newest(shape, counters, 1);

	memmove(bytes, bytes + shape->width, shape->buckets * shape->width);
	memset(bytes + shape->buckets * shape->width, 0, shape->width);
	window_add(shape, counters, newest);
}

void window_advance(const struct window_shape *shape, void *counters, uint32_t from_sec,
		    uint32_t to_sec)
{
	const uint32_t n_counters = shape->buckets + 1;
	uint32_t passed, kept;

	if (to_sec < from_sec) {
		make_younger(shape, counters);
		return;
	}
	passed = to_sec / shape->bucket_sec - from_sec / shape->bucket_sec;
	if (passed == 0)
		return;
	kept = passed < n_counters ? n_counters - passed : 0;
	memmove((char *)counters + (n_counters - kept) * shape->width, counters,
		kept * shape->width);
	memset(counters, 0, (n_counters - kept) * shape->width);
}

uint32_t window_sum(const struct window_shape *shape, const void *counters)
{
	return sum_newest(shape, counters, shape->buckets + 1);
}

int64_t window_below_at(const struct window_shape *shape, const void *counters, uint32_t base_sec,
			uint32_t limit)
{
	uint32_t passed = 0;

	while (passed <= shape->buckets &&
	       sum_newest(shape, counters, shape->buckets + 1 - passed) >= limit)
		passed++;
	if (passed == 0)
		return base_sec;
	return ((int64_t)base_sec / shape->bucket_sec + passed) * shape->bucket_sec;
}
