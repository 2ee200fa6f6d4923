/* SPDX-License-Identifier: BSD-2-Clause */
/* One writer at a time, and a steering whose configuration is no longer in force. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "judge/judge.h"
#include "steering/steering.h"
#include "unit/judge_fixture.h"

TestSuite(steering_turn, .init = judge_fixture_open_kept, .fini = judge_fixture_close);

static const struct manual_order to_high_risk = {.action = VERDICT_STEER, .pool = "high-risk"};

static const char *pool_of(const char *sender)
{
	static struct verdict verdict;

	verdict = judge_fixture_verdict_of(sender);
	return verdict.pool_label;
}

/* As `up` with another file: the maps name another configuration. */
static void put_other_in_force(uint64_t fingerprint)
{
	struct datapath *datapath = &judge_fixture.fake->datapath;
	const uint32_t zero = 0;
	struct control control;

	cr_assert_eq(datapath->ops->get(datapath, MAP_CONTROL, &zero, &control), 0);
	control.configuration = fingerprint;
	cr_assert_eq(datapath->ops->put(datapath, MAP_CONTROL, &zero, &control), 0);
}

static void relabel_pool(uint32_t id, const char *label)
{
	struct datapath *datapath = &judge_fixture.fake->datapath;
	struct pool_entry entry;

	cr_assert_eq(datapath->ops->get(datapath, MAP_POOLS, &id, &entry), 0);
	memset(entry.label, 0, sizeof(entry.label));
	strncpy(entry.label, label, sizeof(entry.label) - 1);
	cr_assert_eq(datapath->ops->put(datapath, MAP_POOLS, &id, &entry), 0);
}

Test(steering_turn, while_another_process_writes_an_order_is_refused_and_changes_nothing)
{
	judge_fixture.fake->is_busy = true;
	cr_assert_eq(judge_fixture_set("tenant-17", &to_high_risk), -EBUSY);
	cr_assert_eq(steering_set_pool(judge_fixture.steering, "spare", POOL_DISABLED,
				       &judge_fixture.error),
		     -EBUSY);
	cr_assert_str_eq(pool_of("tenant-17"), "normal");
	judge_fixture.fake->is_busy = false;
	judge_fixture_restart();
	cr_assert_str_eq(pool_of("tenant-17"), "normal", "the state kept a refused order");
	cr_assert_eq(judge_fixture_set("tenant-17", &to_high_risk), 0);
	cr_assert_str_eq(pool_of("tenant-17"), "high-risk");
}

Test(steering_turn, a_verdict_by_the_engine_that_meets_another_writer_follows_at_the_next_tick)
{
	judge_fixture.fake->is_busy = true;
	judge_fixture_send_from("tenant-17", 11);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_eq(judge_fixture.troubles, 0, "it is none");
	judge_fixture.fake->is_busy = false;
	judge_tick(judge_fixture.judge, &judge_fixture.now);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_OVER_LIMIT);
}

Test(steering_turn, the_maps_name_the_configuration_that_they_follow)
{
	struct datapath *datapath = &judge_fixture.fake->datapath;
	const uint32_t zero = 0;
	struct control control;

	cr_assert_eq(datapath->ops->get(datapath, MAP_CONTROL, &zero, &control), 0);
	cr_assert_neq(control.configuration, 0);
	cr_assert_eq(control.configuration, judge_fixture.config->fingerprint);
	cr_assert(steering_is_in_force(judge_fixture.steering));
	put_other_in_force(1);
	cr_assert_not(steering_is_in_force(judge_fixture.steering));
}

Test(steering_turn, orders_are_refused_while_another_configuration_is_in_force)
{
	struct address address;

	address_parse("192.0.2.10", &address);
	put_other_in_force(1);
	cr_assert_eq(judge_fixture_set("tenant-17", &to_high_risk), -ESTALE);
	cr_assert_not_null(strstr(judge_fixture.error.text, "try again"), "%s",
			   judge_fixture.error.text);
	cr_assert_eq(judge_clear_verdict(judge_fixture.judge, "tenant-17", &judge_fixture.now,
					 &judge_fixture.error),
		     -ESTALE);
	cr_assert_eq(steering_set_address(judge_fixture.steering, "normal", &address,
					  ADDRESS_DRAINING, &judge_fixture.error),
		     -ESTALE);
	cr_assert_eq(steering_set_pool(judge_fixture.steering, "spare", POOL_DISABLED,
				       &judge_fixture.error),
		     -ESTALE);
	cr_assert_eq(steering_cut(judge_fixture.steering, "tenant-17", judge_fixture.now.ns,
				  &judge_fixture.error),
		     -ESTALE);
	cr_assert_str_eq(pool_of("tenant-17"), "normal");
}

Test(steering_turn, the_engine_goes_on_where_its_verdicts_fit_and_limits_stay_as_they_are)
{
	const uint32_t id = judge_fixture_id_of("tenant-17");
	struct datapath *datapath = &judge_fixture.fake->datapath;
	struct verdict verdict = judge_fixture_verdict_of("tenant-17");

	put_other_in_force(1);
	verdict.flows_max = 77; /* the other configuration's */
	cr_assert_eq(datapath->ops->put(datapath, MAP_VERDICT, &id, &verdict), 0);
	judge_fixture_send_from("tenant-17", 11);
	verdict = judge_fixture_verdict_of("tenant-17");
	cr_assert_eq(verdict.reason, REASON_OVER_LIMIT);
	cr_assert_str_eq(verdict.pool_label, "high-risk");
	cr_assert_eq(verdict.flows_max, 77);
	/* An hour later it has space again. */
	judge_fixture.now.sec += 7200;
	judge_fixture.now.ns += 7200 * NS_PER_SEC;
	judge_tick(judge_fixture.judge, &judge_fixture.now);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").flows_max, 77);
}

Test(steering_turn, pools_are_not_written_by_a_configuration_that_is_not_in_force)
{
	unsigned writes;

	put_other_in_force(1);
	writes = judge_fixture.fake->writes;
	cr_assert_eq(steering_sync_verdicts(judge_fixture.steering, &judge_fixture.now,
					    &judge_fixture.error),
		     0);
	cr_assert_eq(steering_sync_cgroups(judge_fixture.steering, &judge_fixture.error), 0);
	cr_assert_eq(judge_fixture.fake->writes, writes);
}

Test(steering_turn, a_verdict_whose_pool_is_another_one_by_now_leads_to_high_risk)
{
	const struct steering_standing wanted = {
		.now = {VERDICT_STEER, config_pool_find(judge_fixture.config, "spare")->id,
			REASON_MANUAL, 0}};

	put_other_in_force(1);
	relabel_pool(wanted.now.pool, "quite-another");
	cr_assert_eq(steering_apply(judge_fixture.steering, "tenant-17", &wanted,
				    &judge_fixture.now, &judge_fixture.error),
		     0);
	cr_assert_str_eq(pool_of("tenant-17"), "high-risk");
}

Test(steering_turn, a_sender_of_another_name_keeps_its_entry)
{
	const struct steering_standing wanted = {
		.now = {VERDICT_DROP, POOL_NONE, REASON_RESTRICTED, 0}};
	const uint32_t id = judge_fixture_id_of("tenant-17");
	struct datapath *datapath = &judge_fixture.fake->datapath;
	struct verdict verdict = judge_fixture_verdict_of("tenant-17");

	put_other_in_force(1);
	strcpy(verdict.label, "successor");
	cr_assert_eq(datapath->ops->put(datapath, MAP_VERDICT, &id, &verdict), 0);
	cr_assert_eq(steering_apply(judge_fixture.steering, "tenant-17", &wanted,
				    &judge_fixture.now, &judge_fixture.error),
		     0);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").action, VERDICT_STEER);
}
