/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wall-clock time that rules and orders go by: seconds since the epoch that pass as the
 * monotonic clock does. The wall clock of a host is set, by a person, NTP or a hypervisor; the
 * calendar follows it so:
 *
 *   the wall clock differs         the calendar
 *   by up to CALENDAR_LEAP_SEC     is stepped at once
 *   by more: a leap                goes on; is stepped once the new time has stood for
 *                                  CALENDAR_STANDS_SEC, and stays where it comes back
 *   by years, out of range         goes on, for good: no rule is made for such times
 *
 * Pure: both clocks are arguments. The process has one calendar, in clock.c.
 */
#pragma once

#include <stdint.h>

#include "base/clock.h"

#define CALENDAR_LEAP_SEC   600
#define CALENDAR_STANDS_SEC 600
/* Times that are taken: policy/window.h counts seconds in 32 bits, and a process may run on. */
#define CALENDAR_FIRST_SEC 1
#define CALENDAR_LAST_SEC  4102444800 /* 2100-01-01 */

struct calendar {
	int64_t offset_ns;   /* calendar minus monotonic clock */
	int64_t stepped_sec; /* struct now */
	int64_t leap_sec;    /* struct now */
	uint64_t leapt_ns;   /* since when the wall clock has shown the time of the leap */
};

/* A time out of range becomes the nearest inside. */
void calendar_begin(struct calendar *calendar, uint64_t ns, int64_t wall_ns);
/* From a moment of an earlier process, of the same boot. */
void calendar_continue(struct calendar *calendar, uint64_t ns, int64_t sec);
struct now calendar_now(struct calendar *calendar, uint64_t ns, int64_t wall_ns);
