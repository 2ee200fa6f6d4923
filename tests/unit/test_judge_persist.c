/* SPDX-License-Identifier: BSD-2-Clause */
/* The judge after an end, a kill, a state file that is damaged or gone. */
#include "judge/persist.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "steering/restore.h"
#include "steering/steering.h"
#include "state/failover.h"
#include "state/sqlite.h"
#include "state/state.h"
#include "unit/judge_fixture.h"
#include "state_null.h"

TestSuite(judge_persist, .init = judge_fixture_open_kept, .fini = judge_fixture_close);

static const struct manual_order to_spare = {.action = VERDICT_STEER, .pool = "spare"};

Test(judge_persist, a_restriction_survives_a_kill_and_ends_by_release)
{
	cr_assert_eq(judge_fixture_send_as("a@harsh.example", 6).decision.action, DECISION_REJECT);
	judge_fixture_kill_and_restart();
	cr_assert_eq(judge_fixture_send_as("a@harsh.example", 1).decision.reason,
		     REASON_RESTRICTED);
	cr_assert_eq(judge_release(judge_fixture.judge, "a@harsh.example", &judge_fixture.now,
				   &judge_fixture.error),
		     0);
	judge_fixture_kill_and_restart();
	cr_assert_eq(judge_fixture_send_as("a@harsh.example", 1).decision.action, DECISION_STEER);
}

Test(judge_persist, verdicts_by_hand_survive_a_kill)
{
	judge_fixture_send_as("bob@example.net", 1);
	cr_assert_eq(judge_fixture_set("tenant-17", &to_spare), 0);
	cr_assert_eq(judge_fixture_set("bob@example.net", &to_spare), 0);
	judge_fixture_kill_and_restart();
	cr_assert_str_eq(judge_fixture_verdict_of("tenant-17").pool_label, "spare");
	cr_assert_str_eq(judge_fixture_send_from("tenant-17", 1).pool, "spare");
	cr_assert_str_eq(judge_fixture_send_as("bob@example.net", 1).pool, "spare");
}

Test(judge_persist, counts_survive_a_kill_once_they_were_written)
{
	judge_fixture_send_from("tenant-17", 4);
	judge_fixture_write_all();
	judge_fixture_send_from("tenant-17", 2);
	judge_fixture_kill_and_restart();
	cr_assert_eq(judge_fixture_counted("tenant-17", CONFIG_EXTERNAL_PER_HOUR), 4);
}

/* Postfix asks by the envelope sender of what waits in its queue. */
static enum verdict_action queued(const char *from)
{
	struct judge_envelope answer;

	judge_envelope(judge_fixture.judge, from, &judge_fixture.now, &answer);
	return answer.action;
}

static void submit(const char *user, const char *from)
{
	judge_fixture_ask(&(struct message_facts){.facts = {.user = user, .envelope_from = from}});
}

Test(judge_persist, a_block_after_a_kill_reaches_the_login_s_queue_under_every_envelope_sender)
{
	const struct manual_order block = {.action = VERDICT_DROP};
	char from[64];

	for (unsigned i = 0; i < 300; i++) {
		snprintf(from, sizeof(from), "u%u@else.example", i);
		submit("bob", from);
		judge_fixture.now.sec += 3;
	}
	submit("carol", "carol@else.example");
	judge_fixture_write_all();
	judge_fixture_kill_and_restart();
	cr_assert_eq(judge_fixture_set("bob", &block), 0);
	for (unsigned i = 0; i < 300; i++) {
		snprintf(from, sizeof(from), "u%u@else.example", i);
		cr_expect_eq(queued(from), VERDICT_DROP, "%s", from);
	}
	cr_expect_eq(queued("carol@else.example"), VERDICT_STEER);
}

Test(judge_persist, free_automatic_messages_are_not_granted_again_by_a_restart)
{
	const struct message_facts vacation = {
		.facts = {.user = "bob@example.net", .automatic = true, .recipients_external = 1}};

	for (unsigned i = 0; i < 100; i++) {
		judge_fixture_ask(&vacation);
		judge_fixture.now.sec += 3;
	}
	cr_expect_eq(judge_fixture_counted("bob@example.net", CONFIG_EXTERNAL_PER_HOUR), 0);
	judge_fixture_restart();
	for (unsigned i = 0; i < 5; i++)
		judge_fixture_ask(&vacation);
	cr_expect_eq(judge_fixture_counted("bob@example.net", CONFIG_EXTERNAL_PER_HOUR), 5);
}

Test(judge_persist, counts_survive_a_clean_end)
{
	judge_fixture_send_from("tenant-17", 4);
	judge_fixture_restart();
	cr_assert_eq(judge_fixture_counted("tenant-17", CONFIG_EXTERNAL_PER_HOUR), 4);
}

Test(judge_persist, slice_by_slice_everybody_is_written)
{
	unsigned slices = 1;
	char name[32];

	for (int i = 0; i < 4 * PERSIST_SLICE; i++) {
		snprintf(name, sizeof(name), "user-%d", i);
		judge_fixture_send_as(name, 1);
	}
	judge_fixture_send_as("tenant-17", 1);
	while (judge_write(judge_fixture.judge))
		slices++;
	cr_assert_eq(slices, 5);
	judge_fixture_kill_and_restart();
	for (int i = 0; i < 4 * PERSIST_SLICE; i++) {
		snprintf(name, sizeof(name), "user-%d", i);
		cr_assert_eq(judge_fixture_counted(name, CONFIG_MESSAGES_PER_MINUTE), 1, "%s",
			     name);
	}
}

static int count_record(void *data, const struct state_record *record)
{
	(void)record;
	++*(int *)data;
	return 0;
}

static int count_log(void *data, const void *bytes, size_t size)
{
	(void)bytes, (void)size;
	++*(int *)data;
	return 0;
}

static int records(enum state_kind kind)
{
	int count = 0;
	const struct state_visitor visitor = {
		.data = &count, .record = count_record, .kinds = 1U << kind};

	cr_assert_eq(
		judge_fixture.state->ops->load(judge_fixture.state, &visitor, &judge_fixture.error),
		0);
	return count;
}

static int log_size(void)
{
	int count = 0;
	const struct state_visitor visitor = {.data = &count, .log = count_log};

	cr_assert_eq(
		judge_fixture.state->ops->load(judge_fixture.state, &visitor, &judge_fixture.error),
		0);
	return count;
}

static void send_from_crowd(int first, int last)
{
	char name[32];

	for (int i = first; i < last; i++) {
		snprintf(name, sizeof(name), "user-%d", i);
		judge_fixture_send_as(name, 1);
	}
	judge_fixture_write_all();
}

Test(judge_persist, who_was_evicted_and_came_back_is_restored_as_it_was_last)
{
	send_from_crowd(0, 3000);
	send_from_crowd(0, 1);
	judge_fixture_kill_and_restart();
	cr_assert_eq(judge_fixture_counted("user-0", CONFIG_MESSAGES_PER_MINUTE), 1);
}

Test(judge_persist, the_log_of_counts_stays_bounded_and_keeps_the_last_of_each)
{
	judge_fixture_send_as("early", 1);
	for (int i = 0; i < 130; i++)
		send_from_crowd(0, 1000);
	cr_assert_lt(log_size(), PERSIST_LOG_FREE / 2, "%d", log_size());
	cr_assert_geq(log_size(), 1001);
	judge_fixture_kill_and_restart();
	cr_assert_eq(judge_fixture_counted("early", CONFIG_RECIPIENTS_PER_DAY), 1);
	for (int i = 0; i < 1000; i += 99) {
		char name[32];

		snprintf(name, sizeof(name), "user-%d", i);
		cr_assert_eq(judge_fixture_counted(name, CONFIG_RECIPIENTS_PER_DAY), 130, "%s",
			     name);
	}
}

Test(judge_persist, counts_of_the_day_before_yesterday_take_no_place)
{
	struct judge_stats stats;

	judge_fixture_send_from("tenant-17", 4);
	judge_fixture_write_all();
	judge_fixture.now.sec += SENDER_STALE_SEC;
	judge_fixture_kill_and_restart();
	judge_stats(judge_fixture.judge, &stats);
	cr_assert_eq(stats.policy.senders, 0);
}

Test(judge_persist, standings_that_are_over_are_deleted)
{
	judge_fixture_send_from("tenant-17", 10);
	cr_assert_eq(records(STATE_STANDINGS), 1);
	judge_fixture.now.sec += DAY;
	judge_tick(judge_fixture.judge, &judge_fixture.now);
	cr_assert_eq(records(STATE_STANDINGS), 0);
}

Test(judge_persist, an_order_alone_leaves_no_standing_behind)
{
	cr_assert_eq(judge_fixture_set("tenant-17", &to_spare), 0);
	cr_assert_eq(records(STATE_STANDINGS), 0);
	judge_fixture_send_as("a@harsh.example", 6);
	cr_assert_eq(judge_fixture_set("a@harsh.example", &to_spare), 0);
	cr_assert_eq(records(STATE_STANDINGS), 1);
}

static void damage(enum state_kind kind, const char *name)
{
	const struct state_record record = {kind, name, "rubbish", 7};

	cr_assert_eq(judge_fixture.state->ops->put_record(judge_fixture.state, &record,
							  &judge_fixture.error),
		     0);
}

Test(judge_persist, damaged_records_are_left_out_and_counted)
{
	struct judge_stats stats;
	int64_t place;

	damage(STATE_STANDINGS, "x");
	damage(STATE_TENANTS, "x");
	cr_assert_eq(judge_fixture.state->ops->append(judge_fixture.state, "rubbish", 7, &place,
						      &judge_fixture.error),
		     0);
	judge_fixture_kill_and_restart();
	judge_stats(judge_fixture.judge, &stats);
	cr_assert_eq(stats.left_out, 3);
	cr_assert_str_eq(judge_fixture_send_from("tenant-17", 1).pool, "normal");
}

Test(judge_persist, without_a_durable_state_the_maps_remember)
{
	judge_fixture_send_from("tenant-17", 10);
	cr_assert_eq(judge_fixture_set("watched", &to_spare), 0);
	judge_fixture_end();
	cr_assert_eq(state_null_open(&judge_fixture.state), 0);
	judge_fixture_begin();
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_OVER_LIMIT);
	cr_assert_str_eq(judge_fixture_send_from("watched", 1).pool, "spare");
	judge_fixture.now.sec += DAY;
	judge_tick(judge_fixture.judge, &judge_fixture.now);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_str_eq(judge_fixture_verdict_of("watched").pool_label, "spare");
}

static void ignore_change(void *data, const char *why)
{
	(void)data, (void)why;
}

static int rewrite(void *data, struct state *into, struct error *ret_error)
{
	(void)data;
	return judge_rewrite(judge_fixture.judge, into, ret_error);
}

Test(judge_persist, a_file_that_comes_back_gets_all_that_was_in_memory)
{
	const struct failover_owner owner = {NULL, ignore_change, rewrite};
	char command[320];

	judge_fixture_end();
	snprintf(command, sizeof(command), "rm -f '%s'* && echo rubbish > '%s'", judge_fixture.file,
		 judge_fixture.file);
	cr_assert_eq(system(command), 0);
	cr_assert_eq(failover_open(judge_fixture.file, &owner, &judge_fixture.state,
				   &judge_fixture.error),
		     0);
	judge_fixture_begin();
	judge_fixture_send_as("a@harsh.example", 6);
	judge_fixture_send_from("tenant-17", 4);
	cr_assert_eq(judge_fixture_set("watched", &to_spare), 0);
	cr_assert_eq(steering_set_pool(judge_fixture.steering, "spare", POOL_DISABLED,
				       &judge_fixture.error),
		     0);
	judge_fixture_write_all();
	cr_assert_eq(unlink(judge_fixture.file), 0);
	failover_tick(judge_fixture.state, judge_fixture.now.sec);
	cr_assert_str_empty(failover_trouble(judge_fixture.state));
	judge_fixture_write_all();
	judge_fixture_kill_and_restart();
	cr_assert_eq(judge_fixture_send_as("a@harsh.example", 1).decision.reason,
		     REASON_RESTRICTED);
	cr_assert_eq(judge_fixture_counted("tenant-17", CONFIG_EXTERNAL_PER_HOUR), 4);
	cr_assert_str_eq(judge_fixture_verdict_of("watched").pool_label, "spare");
	cr_assert_eq(pool_find(steering_pools(judge_fixture.steering), "spare")->state,
		     POOL_DISABLED);
}

Test(judge_persist, a_file_that_could_not_be_read_at_the_start_is_taken_up_when_it_can)
{
	const struct failover_owner owner = {NULL, ignore_change, rewrite};
	const struct manual_order drop = {.action = VERDICT_DROP};
	char command[512];

	judge_fixture_send_as("a@harsh.example", 6);
	judge_fixture_send_as("b@harsh.example", 6);
	judge_fixture_send_as("bob@example.net", 1);
	judge_fixture_send_as("eve@example.net", 1);
	cr_assert_eq(judge_fixture_set("bob@example.net", &to_spare), 0);
	cr_assert_eq(judge_fixture_set("eve@example.net", &to_spare), 0);
	cr_assert_eq(steering_set_pool(judge_fixture.steering, "spare", POOL_DISABLED,
				       &judge_fixture.error),
		     0);
	judge_fixture_end();
	datapath_free(&judge_fixture.fake->datapath); /* as after a reboot */
	judge_fixture.fake = fake_datapath_new();
	snprintf(command, sizeof(command), "mv '%s' '%s.kept' && echo rubbish > '%s'",
		 judge_fixture.file, judge_fixture.file, judge_fixture.file);
	cr_assert_eq(system(command), 0);
	cr_assert_eq(failover_open(judge_fixture.file, &owner, &judge_fixture.state,
				   &judge_fixture.error),
		     0);
	judge_fixture_begin();
	judge_fixture_send_as("Bob@example.net", 1);
	cr_assert_eq(judge_fixture_set("Bob@example.net", &drop), 0);
	judge_fixture_send_as("b@harsh.example", 1);
	cr_assert_eq(judge_fixture_set("b@harsh.example", &drop), 0);
	snprintf(command, sizeof(command), "mv '%s.kept' '%s'", judge_fixture.file,
		 judge_fixture.file);
	cr_assert_eq(system(command), 0);
	failover_tick(judge_fixture.state, judge_fixture.now.sec);
	cr_assert_str_empty(failover_trouble(judge_fixture.state), "%s",
			    failover_trouble(judge_fixture.state));
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(judge_fixture_send_as("a@harsh.example", 1).decision.reason,
			     REASON_RESTRICTED);
		cr_expect_eq(judge_fixture_send_as("bob@example.net", 1).decision.action,
			     DECISION_DEFER);
		cr_expect_str_eq(judge_fixture_send_as("eve@example.net", 1).pool, "spare");
		cr_expect_eq(judge_fixture_send_as("b@harsh.example", 1).decision.reason,
			     REASON_MANUAL);
		judge_fixture_kill_and_restart();
	}
	cr_assert_eq(judge_clear_verdict(judge_fixture.judge, "b@harsh.example", &judge_fixture.now,
					 &judge_fixture.error),
		     0);
	cr_expect_eq(judge_fixture_send_as("b@harsh.example", 1).decision.reason,
		     REASON_RESTRICTED);
	cr_expect_eq(pool_find(steering_pools(judge_fixture.steering), "spare")->state,
		     POOL_DISABLED);
}

static void execute(const char *sql)
{
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(judge_fixture.file, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

/* `up` finds an older state in the file, and writes it into the maps. */
static void up_without_it(const char *file)
{
	struct steering *steering;
	struct error waiting;
	struct state *state;

	execute("CREATE TABLE pool_state (pool TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT "
		"ROWID");
	cr_assert_eq(sqlite_open(file, &state, &judge_fixture.error), 0);
	cr_assert_eq(steering_new(judge_fixture.config, &judge_fixture.fake->datapath, state,
				  &steering, &judge_fixture.error),
		     0);
	cr_assert_eq(restore_steering(judge_fixture.config, state, steering, &judge_fixture.now,
				      &waiting, &judge_fixture.error),
		     0);
	cr_assert_eq(steering_sync(steering, &judge_fixture.now, &judge_fixture.error), 0);
	steering_free(steering);
	state_free(state);
}

Test(judge_persist, while_the_file_takes_nothing_another_configuration_goes_by_the_maps)
{
	const struct failover_owner owner = {NULL, ignore_change, rewrite};
	struct judge_next *next;
	struct steering *old;

	judge_fixture_end();
	cr_assert_eq(failover_open(judge_fixture.file, &owner, &judge_fixture.state,
				   &judge_fixture.error),
		     0);
	judge_fixture_begin();
	cr_assert_eq(judge_fixture_set("watched", &to_spare), 0);
	cr_assert_eq(steering_set_pool(judge_fixture.steering, "high-risk", POOL_DISABLED,
				       &judge_fixture.error),
		     0);
	execute("DROP TABLE pool_state");
	cr_assert_eq(steering_set_pool(judge_fixture.steering, "spare", POOL_DISABLED,
				       &judge_fixture.error),
		     0);
	cr_assert_neq(*failover_trouble(judge_fixture.state), '\0');
	old = judge_fixture.steering;
	up_without_it(judge_fixture.file);
	cr_assert_eq(steering_new(judge_fixture.config, &judge_fixture.fake->datapath,
				  judge_fixture.state, &judge_fixture.steering,
				  &judge_fixture.error),
		     0);
	cr_assert_eq(steering_inherit(judge_fixture.steering, old, &judge_fixture.error), 0);
	cr_assert_eq(judge_prepare(judge_fixture.config, judge_fixture.steering, &next,
				   &judge_fixture.error),
		     0);
	judge_commit(judge_fixture.judge, next, &judge_fixture.now);
	cr_assert_eq(
		steering_sync(judge_fixture.steering, &judge_fixture.now, &judge_fixture.error), 0);
	cr_expect_eq(pool_find(steering_pools(judge_fixture.steering), "high-risk")->state,
		     POOL_DISABLED);
	cr_expect_eq(pool_find(steering_pools(judge_fixture.steering), "spare")->state,
		     POOL_DISABLED);
	cr_expect_str_eq(judge_fixture_verdict_of("watched").pool_label, "spare");
	steering_free(old);
}
