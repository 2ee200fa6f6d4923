/* SPDX-License-Identifier: BSD-2-Clause */
/* The two clocks, and durations as people write them. */
#include "base/clock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <time.h>

Test(base_clock, the_monotonic_clock_is_that_of_the_kernel_and_never_steps_back)
{
	struct timespec now;
	uint64_t before = clock_monotonic_ns();

	clock_gettime(CLOCK_MONOTONIC, &now);
	cr_expect_leq(before, (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec);
	cr_expect_geq(clock_monotonic_ns(),
		      (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec);
}

Test(base_clock, the_wall_clock_counts_seconds_since_the_epoch)
{
	time_t before = time(NULL);
	int64_t now = clock_wall_sec();

	/* time(2) may be a tick behind. */
	cr_expect_geq(now, before);
	cr_expect_leq(now, time(NULL) + 1);
}

Test(base_clock, durations_have_a_unit_or_are_seconds)
{
	static const struct {
		const char *text;
		uint64_t sec;
	} cases[] = {
		{"1", 1},
		{"90", 90},
		{"90s", 90},
		{"15m", 900},
		{"2h", 7200},
		{"7d", 604800},
		{"007d", 604800},
		{"3650d", 315360000},
		{"87600h", 315360000},
		{"315360000", 315360000},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t sec = 0;

		cr_expect_eq(duration_parse(cases[i].text, &sec), 0, "%s", cases[i].text);
		cr_expect_eq(sec, cases[i].sec, "%s", cases[i].text);
	}
}

Test(base_clock, what_is_no_duration_is_refused_and_leaves_the_result_alone)
{
	static const struct {
		const char *text;
		int error;
	} cases[] = {
		{"", -EINVAL},
		{"0", -EINVAL},
		{"0d", -EINVAL},
		{"s", -EINVAL},
		{"-1", -EINVAL},
		{"+1", -EINVAL},
		{" 1", -EINVAL},
		{"1 ", -EINVAL},
		{"1w", -EINVAL},
		{"1ms", -EINVAL},
		{"1.5h", -EINVAL},
		{"1h30m", -EINVAL},
		{"0x10", -EINVAL},
		{"315360001", -ERANGE},
		{"3651d", -ERANGE},
		{"87601h", -ERANGE},
		{"18446744073709551617", -ERANGE},
		{"213503982334602d", -ERANGE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t sec = 42;

		cr_expect_eq(duration_parse(cases[i].text, &sec), cases[i].error, "%s",
			     cases[i].text);
		cr_expect_eq(sec, 42, "%s", cases[i].text);
	}
}
