/* SPDX-License-Identifier: BSD-2-Clause */
/* Orders last for the time that was given, however the calendar is stepped. */
#include <criterion/criterion.h>

#include "policy/policy.h"
#include "state/state.h"
#include "steering/restore.h"
#include "unit/judge_fixture.h"

#define HOUR 3600

TestSuite(judge_calendar, .init = judge_fixture_open_kept, .fini = judge_fixture_close);

static void set_for_an_hour(void)
{
	const struct manual_order order = {.action = VERDICT_STEER,
					   .pool = "spare",
					   .until_sec = judge_fixture.now.sec + HOUR};

	cr_assert_eq(judge_fixture_set("tenant-17", &order), 0);
}

static void pass(int64_t sec)
{
	judge_fixture.now.ns += (uint64_t)sec * NS_PER_SEC;
	judge_fixture.now.sec += sec;
}

static void step(int64_t sec)
{
	judge_fixture.now.sec += sec;
	judge_fixture.now.stepped_sec += sec;
}

static void tick(void)
{
	judge_tick(judge_fixture.judge, &judge_fixture.now);
}

/* The kernel ends it then, and so does the agent. */
static void expect_end(int64_t left_sec)
{
	const struct verdict verdict = judge_fixture_verdict_of("tenant-17");
	struct policy_view view;

	cr_assert_eq(verdict.reason, REASON_MANUAL);
	cr_assert_eq(verdict.until_ns, judge_fixture.now.ns + (uint64_t)left_sec * NS_PER_SEC);
	cr_assert_eq(policy_view(judge_policy(judge_fixture.judge), "tenant-17",
				 judge_fixture.now.sec, &view),
		     0);
	cr_assert_eq(view.verdict.until_sec, judge_fixture.now.sec + left_sec);
}

static int64_t steps[] = {1, -1, 600, -600, 7200, -7200, 86400 * 3650LL, -NOON + 10 * HOUR};
#define N_STEPS (sizeof(steps) / sizeof(steps[0]))

Test(judge_calendar, an_order_lasts_as_long_as_it_was_given_for)
{
	set_for_an_hour();
	for (size_t i = 0; i < N_STEPS; i++) {
		size_t told = judge_fixture_news("verdict");

		step(steps[i]);
		pass(60);
		tick();
		expect_end(HOUR - 60 * (int64_t)(i + 1));
		cr_expect_eq(judge_fixture_news("verdict"), told, "it is no other order");
	}
	pass(HOUR - 60 * (int64_t)N_STEPS);
	tick();
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
}

Test(judge_calendar, an_order_without_end_has_none_afterwards)
{
	cr_assert_eq(judge_fixture_set("tenant-17", &judge_fixture_to_spare), 0);
	step(7200);
	tick();
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").until_ns, 0);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_MANUAL);
}

/* Kill -9 at any time: the end and the moment that it belongs to are of one write. */
Test(judge_calendar, an_order_lasts_as_long_after_a_restart)
{
	struct calendar_record record;

	set_for_an_hour();
	for (size_t i = 0; i < N_STEPS; i++) {
		step(steps[i]);
		pass(60);
		tick();
		judge_fixture.now.stepped_sec = 0; /* clock_continue() */
		judge_fixture_kill_and_restart();
		expect_end(HOUR - 60 * (int64_t)(i + 1));
		cr_assert_eq(restore_calendar(judge_fixture.state, &record, &judge_fixture.error),
			     0, "%s", judge_fixture.error.text);
		cr_assert_eq(record.ns, judge_fixture.now.ns);
		cr_assert_eq(record.sec, judge_fixture.now.sec);
		cr_assert_str_eq(record.boot, JUDGE_FIXTURE_BOOT);
	}
}

Test(judge_calendar, a_step_between_two_processes_moves_the_end_once)
{
	set_for_an_hour();
	for (int i = 1; i <= 2; i++) {
		step(500);
		judge_fixture_restart();
		expect_end(HOUR);
		judge_fixture.now.stepped_sec = 0;
		judge_fixture_restart();
		expect_end(HOUR);
	}
}
