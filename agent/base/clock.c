/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the two clocks, and durations that people write. */
#include "base/clock.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#define DAY_SEC	     86400ULL
#define DURATION_MAX (3650 * DAY_SEC)

uint64_t clock_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec;
}

int64_t clock_wall_sec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

struct now clock_now(void)
{
	return (struct now){clock_monotonic_ns(), clock_wall_sec()};
}

/* The length of a unit; 0: no such unit. */
static uint64_t unit_sec(const char *unit)
{
	static const struct {
		const char *name;
		uint64_t sec;
	} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", DAY_SEC}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(units[i].name, unit) == 0)
			return units[i].sec;
	return 0;
}

int duration_parse(const char *text, uint64_t *ret_sec)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t unit = unit_sec(text + digits);
	uint64_t count = 0;

	if (digits == 0 || unit == 0)
		return -EINVAL;
	for (size_t i = 0; i < digits; i++) {
		count = count * 10 + (uint64_t)(text[i] - '0');
		if (count > DURATION_MAX / unit)
			return -ERANGE;
	}
	if (count == 0)
		return -EINVAL;

	*ret_sec = count * unit;
	return 0;
}
