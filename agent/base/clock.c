/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the two clocks, owns the calendar of the process, and reads durations that people write. */
#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/calendar.h"
#include "base/cleanup.h"

#define BOOT_FILE "/proc/sys/kernel/random/boot_id"
/* The kernel's clock ends before; beyond it nanoseconds do not fit. */
#define WALL_MAX_SEC (INT64_MAX / (int64_t)NS_PER_SEC - 1)

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

/* ---- the calendar */

/* A reload asks for the time in a thread. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct calendar calendar;
static bool is_begun;

static int64_t wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec > WALL_MAX_SEC || now.tv_sec < -WALL_MAX_SEC)
		now.tv_sec = now.tv_sec < 0 ? -WALL_MAX_SEC : WALL_MAX_SEC;
	return (int64_t)now.tv_sec * (int64_t)NS_PER_SEC + now.tv_nsec;
}

struct now clock_now(void)
{
	struct now now;
	uint64_t ns;
	int64_t wall;

	pthread_mutex_lock(&mutex);
	ns = clock_monotonic_ns();
	wall = wall_ns();
	if (!is_begun)
		calendar_begin(&calendar, ns, wall);
	is_begun = true;
	now = calendar_now(&calendar, ns, wall);
	pthread_mutex_unlock(&mutex);
	return now;
}

const char *clock_boot(void)
{
	static char boot[64];
	_cleanup_(fclose_p) FILE *file = *boot ? NULL : fopen(BOOT_FILE, "re");

	if (file && fgets(boot, sizeof(boot), file))
		boot[strcspn(boot, "\n")] = '\0';
	return boot;
}

void clock_continue(const char *boot, uint64_t ns, int64_t sec)
{
	if (!*boot || strcmp(boot, clock_boot()) != 0 || ns > clock_monotonic_ns())
		return;
	calendar_continue(&calendar, ns, sec);
	is_begun = true;
}

/* ---- durations */

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
