/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps are whole seconds, so that ends of orders move with them exactly. */
#include "base/calendar.h"

#include <stdbool.h>

#define SIGNED_NS ((int64_t)NS_PER_SEC)

static bool is_in_range(int64_t wall_ns)
{
	return wall_ns >= CALENDAR_FIRST_SEC * SIGNED_NS &&
	       wall_ns <= CALENDAR_LAST_SEC * SIGNED_NS;
}

static bool is_leap(int64_t sec)
{
	return sec > CALENDAR_LEAP_SEC || sec < -CALENDAR_LEAP_SEC;
}

void calendar_begin(struct calendar *calendar, uint64_t ns, int64_t wall_ns)
{
	if (wall_ns < CALENDAR_FIRST_SEC * SIGNED_NS)
		wall_ns = CALENDAR_FIRST_SEC * SIGNED_NS;
	if (wall_ns > CALENDAR_LAST_SEC * SIGNED_NS)
		wall_ns = CALENDAR_LAST_SEC * SIGNED_NS;
	*calendar = (struct calendar){.offset_ns = wall_ns - (int64_t)ns};
}

void calendar_continue(struct calendar *calendar, uint64_t ns, int64_t sec)
{
	*calendar = (struct calendar){.offset_ns = sec * SIGNED_NS - (int64_t)ns};
}

static void step(struct calendar *calendar, int64_t sec)
{
	calendar->offset_ns += sec * SIGNED_NS;
	calendar->stepped_sec += sec;
	calendar->leap_sec = 0;
}

/* Small corrections of the new time do not make it another one. */
static void stand(struct calendar *calendar, uint64_t ns, int64_t leap_sec, bool is_taken)
{
	if (!calendar->leap_sec || is_leap(leap_sec - calendar->leap_sec))
		calendar->leapt_ns = ns;
	calendar->leap_sec = leap_sec;
	if (is_taken && ns - calendar->leapt_ns >= CALENDAR_STANDS_SEC * NS_PER_SEC)
		step(calendar, leap_sec);
}

struct now calendar_now(struct calendar *calendar, uint64_t ns, int64_t wall_ns)
{
	int64_t ahead_sec = (wall_ns - calendar->offset_ns - (int64_t)ns) / SIGNED_NS;
	bool in_range = is_in_range(wall_ns);

	if (is_leap(ahead_sec))
		stand(calendar, ns, ahead_sec, in_range);
	else if (in_range)
		step(calendar, ahead_sec);
	return (struct now){.ns = ns,
			    .sec = (calendar->offset_ns + (int64_t)ns) / SIGNED_NS,
			    .stepped_sec = calendar->stepped_sec,
			    .leap_sec = calendar->leap_sec};
}
