/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/calendar.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#define NOON   1699963200
#define SEC    ((int64_t)NS_PER_SEC)
#define BOOTED (5000 * NS_PER_SEC) /* monotonic time at the start of each test */

static struct calendar calendar;

/* `passed_sec` after the start the wall clock shows `wall_sec`. */
static struct now at(int64_t passed_sec, int64_t wall_sec)
{
	return calendar_now(&calendar, BOOTED + (uint64_t)(passed_sec * SEC), wall_sec * SEC);
}

static void start(void)
{
	calendar_begin(&calendar, BOOTED, NOON * SEC);
}

TestSuite(base_calendar, .init = start);

Test(base_calendar, it_goes_with_both_clocks)
{
	struct now now = at(3600, NOON + 3600);

	cr_assert_eq(now.ns, BOOTED + 3600 * NS_PER_SEC);
	cr_assert_eq(now.sec, NOON + 3600);
	cr_assert_eq(now.stepped_sec, 0);
	cr_assert_eq(now.leap_sec, 0);
}

struct step {
	int64_t sec;
	bool is_leap;
};
ParameterizedTestParameters(base_calendar, a_leap_is_more_than_ten_minutes)
{
	static struct step steps[] = {
		{1, false},    {-1, false},	  {599, false},	 {600, false},
		{-600, false}, {601, true},	  {-601, true},	 {7200, true},
		{-7200, true}, {-NOON + 1, true}, {86400, true},
	};

	return cr_make_param_array(struct step, steps, sizeof(steps) / sizeof(steps[0]));
}
ParameterizedTest(struct step *step, base_calendar, a_leap_is_more_than_ten_minutes)
{
	struct now now = at(10, NOON + 10 + step->sec);

	cr_assert_eq(now.sec, NOON + 10 + (step->is_leap ? 0 : step->sec));
	cr_assert_eq(now.stepped_sec, step->is_leap ? 0 : step->sec);
	cr_assert_eq(now.leap_sec, step->is_leap ? step->sec : 0);
}

ParameterizedTestParameters(base_calendar, a_leap_is_taken_when_it_has_stood_for_ten_minutes)
{
	static struct step leaps[] = {{7200, true}, {-7200, true}, {10 * 365 * 86400LL, true}};

	return cr_make_param_array(struct step, leaps, sizeof(leaps) / sizeof(leaps[0]));
}
ParameterizedTest(struct step *leap, base_calendar,
		  a_leap_is_taken_when_it_has_stood_for_ten_minutes)
{
	struct now now;

	at(10, NOON + 10 + leap->sec);
	now = at(609, NOON + 609 + leap->sec);
	cr_expect_eq(now.sec, NOON + 609);
	cr_expect_eq(now.leap_sec, leap->sec);
	now = at(610, NOON + 610 + leap->sec);
	cr_expect_eq(now.sec, NOON + 610 + leap->sec);
	cr_expect_eq(now.stepped_sec, leap->sec);
	cr_expect_eq(now.leap_sec, 0);
}

Test(base_calendar, a_clock_that_comes_back_changes_nothing)
{
	struct now now;

	at(10, NOON + 10 + 7200);
	now = at(600, NOON + 600);
	cr_assert_eq(now.sec, NOON + 600);
	cr_assert_eq(now.stepped_sec, 0);
	cr_assert_eq(now.leap_sec, 0);
	/* The next leap begins anew. */
	now = at(620, NOON + 620 + 7200);
	cr_assert_eq(now.sec, NOON + 620);
	now = at(1219, NOON + 1219 + 7200);
	cr_assert_eq(now.sec, NOON + 1219);
}

Test(base_calendar, another_leap_meanwhile_has_to_stand_itself)
{
	at(0, NOON + 7200);
	at(300, NOON + 300 + 86400);
	cr_assert_eq(at(600, NOON + 600 + 86400).sec, NOON + 600);
	cr_assert_eq(at(900, NOON + 900 + 86400).sec, NOON + 900 + 86400);
}

Test(base_calendar, small_corrections_of_a_new_time_are_no_other_leap)
{
	at(0, NOON + 7200);
	at(300, NOON + 300 + 7210);
	cr_assert_eq(at(600, NOON + 600 + 7205).sec, NOON + 600 + 7205);
}

ParameterizedTestParameters(base_calendar, times_out_of_range_are_never_taken)
{
	static int64_t times[] = {0, -1, -86400 * 365LL, CALENDAR_LAST_SEC + 1, 9000000000};

	return cr_make_param_array(int64_t, times, sizeof(times) / sizeof(times[0]));
}
ParameterizedTest(int64_t *wall_sec, base_calendar, times_out_of_range_are_never_taken)
{
	at(0, *wall_sec);
	cr_assert_eq(at(86400, *wall_sec).sec, NOON + 86400);
	cr_assert_neq(at(86400, *wall_sec).leap_sec, 0);
}

ParameterizedTestParameters(base_calendar, a_start_out_of_range_is_at_its_edge_and_goes_on)
{
	static int64_t times[] = {-86400 * 365LL, 9000000000};

	return cr_make_param_array(int64_t, times, sizeof(times) / sizeof(times[0]));
}

/* Windows age there as elsewhere. */
ParameterizedTest(int64_t *wall_sec, base_calendar, a_start_out_of_range_is_at_its_edge_and_goes_on)
{
	struct now first, later;

	calendar_begin(&calendar, BOOTED, *wall_sec * SEC);
	first = at(0, *wall_sec);
	later = at(3600, *wall_sec + 3600);
	cr_assert_eq(first.sec, *wall_sec < NOON ? CALENDAR_FIRST_SEC : CALENDAR_LAST_SEC);
	cr_assert_eq(later.sec, first.sec + 3600);
}
Test(base_calendar, a_later_process_goes_on_and_sees_what_was_stepped_meanwhile)
{
	struct now now;

	calendar_continue(&calendar, BOOTED, NOON);
	now = at(60, NOON + 60 + 300);
	cr_assert_eq(now.sec, NOON + 360);
	cr_assert_eq(now.stepped_sec, 300);
	calendar_continue(&calendar, BOOTED, NOON);
	now = at(60, NOON + 60 + 7200);
	cr_assert_eq(now.sec, NOON + 60, "a leap has to stand after a restart, too");
	cr_assert_eq(now.stepped_sec, 0);
}
