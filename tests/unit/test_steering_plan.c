/* SPDX-License-Identifier: BSD-2-Clause */
/* Another steering put in force slice by slice, and what happens between two slices. */
#include "steering/plan.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/steering_fixture.h"

TestSuite(steering_plan, .init = steering_fixture_open, .fini = steering_fixture_close);

static const struct now now = {.ns = NOW_NS, .sec = NOW_SEC};
static struct steering *old;

/* As a reload: the other steering is made beside the one in use. */
static struct plan *plan_beside(void)
{
	struct plan *plan;

	old = steering_fixture.steering;
	cr_assert_eq(steering_new(&steering_fixture.config, &steering_fixture.fake->datapath,
				  steering_fixture.state, &steering_fixture.steering,
				  &steering_fixture.error),
		     0);
	cr_assert_eq(plan_new(steering_fixture.steering, &now, &plan, &steering_fixture.error), 0,
		     "%s", steering_fixture.error.text);
	return plan;
}

static void succeed(void)
{
	cr_assert_eq(steering_inherit(steering_fixture.steering, old, &steering_fixture.error), 0);
	steering_inherit_connections(steering_fixture.steering, old);
	steering_free(old);
}

static int step(struct plan *plan)
{
	int r = plan_step(plan, &now, &steering_fixture.error);

	cr_assert_geq(r, 0, "%s", steering_fixture.error.text);
	return r;
}

static void write_all(struct plan *plan)
{
	while (step(plan))
		;
	plan_free(plan);
}

Test(steering_plan, a_comparison_writes_nothing)
{
	struct plan *plan;

	steering_fixture.config.sender_flows_max = 99;
	steering_fixture.fake->writes = steering_fixture.fake->removals = 0;
	plan = plan_beside();
	cr_expect_eq(steering_fixture.fake->writes + steering_fixture.fake->removals, 0);
	plan_free(plan);
	steering_free(old);
}

Test(steering_plan, only_entries_that_differ_are_written)
{
	struct plan *plan;

	steering_fixture.senders[0].flows_max = 7;
	plan = plan_beside();
	succeed();
	steering_fixture.fake->writes = steering_fixture.fake->removals = 0;
	write_all(plan);
	cr_expect_eq(steering_fixture.fake->writes, 1);
	cr_expect_eq(steering_fixture.fake->removals, 0);
	cr_expect_eq(steering_fixture_verdict_of("tenant-17").flows_max, 7);
}

/* The plan knows neither. */
Test(steering_plan, a_verdict_of_the_old_steering_after_the_comparison_is_not_its_last_word)
{
	const struct sender_verdict good = {VERDICT_STEER, POOL_NORMAL, REASON_GOOD, 0};
	const struct steering_standing standing = {.now = good};
	struct plan *plan = plan_beside();

	steering_fixture.senders[1].flows_max = 7;
	cr_assert_eq(steering_apply(old, "webmail",
				    &(struct steering_standing){
					    .now = {VERDICT_DROP, POOL_NONE, REASON_MANUAL, 0}},
				    &now, &steering_fixture.error),
		     0);
	cr_assert_eq(steering_apply(old, "webmail", &standing, &now, &steering_fixture.error), 0);
	succeed();
	steering_fixture.senders[1].flows_max = 9;
	write_all(plan);
	cr_expect_eq(steering_fixture_verdict_of("webmail").flows_max, 9);
}

Test(steering_plan, an_order_between_two_slices_holds)
{
	struct plan *plan;

	steering_fixture.config.sender_flows_max = 99;
	steering_fixture.senders[0].flows_max = steering_fixture.senders[1].flows_max = 7;
	plan = plan_beside();
	succeed();
	for (int i = 0; step(plan); i++)
		if (i == 0)
			steering_fixture_steer("tenant-17", POOL_HIGH_RISK, 0);
	plan_free(plan);
	cr_expect_eq(steering_fixture_verdict_of("tenant-17").pool, POOL_HIGH_RISK);
	cr_expect_eq(steering_fixture_verdict_of("tenant-17").reason, REASON_MANUAL);
	cr_expect_eq(steering_fixture_verdict_of("tenant-17").flows_max, 7);
	cr_expect_eq(steering_fixture_verdict_of("webmail").flows_max, 7);
}

Test(steering_plan, a_pool_that_was_disabled_after_the_comparison_stays_so)
{
	struct plan *plan = plan_beside();

	cr_assert_eq(steering_set_pool(old, "high-risk", POOL_DISABLED, &steering_fixture.error),
		     0);
	succeed();
	write_all(plan);
	cr_expect_eq(pool_find(steering_pools(steering_fixture.steering), "high-risk")->state,
		     POOL_DISABLED);
	cr_expect_eq(steering_fixture_slot_of(POOL_HIGH_RISK, 0), 0);
}

/* Old and new ones stand in the map together for a moment. */
Test(steering_plan, more_senders_than_the_map_takes_are_refused_before_anything_is_written)
{
	struct fake_map *verdicts = &steering_fixture.fake->maps[MAP_VERDICT];
	struct plan *plan;

	steering_fixture.senders[0].name = "tenant-18";
	verdicts->capacity = 5;
	old = steering_fixture.steering;
	cr_assert_eq(steering_new(&steering_fixture.config, &steering_fixture.fake->datapath,
				  steering_fixture.state, &steering_fixture.steering,
				  &steering_fixture.error),
		     0);
	steering_fixture.fake->writes = 0;
	cr_assert_eq(plan_new(steering_fixture.steering, &now, &plan, &steering_fixture.error),
		     -E2BIG);
	cr_expect_str_eq(steering_fixture.error.text,
			 "5 senders, expected at most 5 (senders_max)");
	cr_expect_eq(steering_fixture.fake->writes, 0);
	steering_free(old);
}

#define MANY 3000

Test(steering_plan, a_slice_is_small_however_many_entries_differ)
{
	static struct config_sender senders[MANY];
	static struct config_selector selectors[MANY];
	static char names[MANY][16];
	unsigned slices = 0, largest = 0;
	struct plan *plan;

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "s%05u", i);
		selectors[i] =
			(struct config_selector){.kind = CONFIG_SELECTOR_MARK, .number = i + 1};
		senders[i] = (struct config_sender){
			.name = names[i], .selectors = &selectors[i], .n_selectors = 1};
	}
	steering_fixture.config.senders = senders;
	steering_fixture.config.n_senders = MANY;
	for (enum map map = MAP_SENDERS; map <= MAP_USAGE; map++) {
		struct fake_map *fake = &steering_fixture.fake->maps[map];

		fake->capacity = MANY + 100;
		fake->entries = realloc(fake->entries,
					fake->capacity * (fake->key_size + fake->value_size + 64));
		cr_assert_not_null(fake->entries);
	}
	plan = plan_beside();
	succeed();
	for (bool more = true; more; slices++) {
		const unsigned before = steering_fixture.fake->writes;

		more = step(plan);
		if (steering_fixture.fake->writes - before > largest)
			largest = steering_fixture.fake->writes - before;
	}
	plan_free(plan);
	cr_expect_leq(largest, 256);
	cr_expect_gt(slices, 3 * MANY / 256);
	cr_expect_eq(steering_fixture.fake->maps[MAP_SENDERS].count, MANY + 2);
}
