/* SPDX-License-Identifier: BSD-2-Clause */
/* Orders that the maps know and the state file does not, and orders whose pool is gone. */
#include "steering/restore.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "judge/judge.h"
#include "steering/steering.h"
#include "unit/judge_fixture.h"

TestSuite(steering_restore, .init = judge_fixture_open_kept, .fini = judge_fixture_close);

static const struct manual_order to_spare = {.action = VERDICT_STEER, .pool = "spare"};

static void execute(const char *sql)
{
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(judge_fixture.file, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void remove_file(void)
{
	char name[128];

	cr_assert_eq(unlink(judge_fixture.file), 0);
	snprintf(name, sizeof(name), "%s-wal", judge_fixture.file);
	unlink(name);
	snprintf(name, sizeof(name), "%s-shm", judge_fixture.file);
	unlink(name);
}

static const char *saved_pool_of(const char *sender)
{
	static char pool[64];
	sqlite3_stmt *statement;
	sqlite3 *db;

	pool[0] = '\0';
	cr_assert_eq(sqlite3_open(judge_fixture.file, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(db, "SELECT pool FROM sender_verdict WHERE sender = ?", -1,
					&statement, NULL),
		     SQLITE_OK);
	sqlite3_bind_text(statement, 1, sender, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW)
		snprintf(pool, sizeof(pool), "%s", sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return pool;
}

Test(steering_restore, orders_that_only_the_maps_know_are_taken_up_by_a_new_file)
{
	struct address address;

	address_parse("192.0.2.10", &address);
	cr_assert_eq(judge_fixture_set("watched", &to_spare), 0);
	cr_assert_eq(steering_set_pool(judge_fixture.steering, "spare", POOL_DISABLED,
				       &judge_fixture.error),
		     0);
	cr_assert_eq(steering_set_address(judge_fixture.steering, "normal", &address,
					  ADDRESS_DRAINING, &judge_fixture.error),
		     0);
	remove_file();
	judge_fixture_kill_and_restart();
	cr_assert_str_eq(judge_fixture_verdict_of("watched").pool_label, "spare");
	cr_assert_str_eq(saved_pool_of("watched"), "spare");
	/* By now the file knows them without the maps. */
	datapath_free(&judge_fixture.fake->datapath);
	judge_fixture.fake = fake_datapath_new();
	judge_fixture_kill_and_restart();
	cr_assert_str_eq(judge_fixture_verdict_of("watched").pool_label, "spare");
	cr_assert_eq(pool_find(steering_pools(judge_fixture.steering), "spare")->state,
		     POOL_DISABLED);
	cr_assert_eq(pool_find_address(pool_find(steering_pools(judge_fixture.steering), "normal"),
				       &address)
			     ->state,
		     ADDRESS_DRAINING);
}

Test(steering_restore, an_order_that_was_cleared_while_the_file_took_nothing_does_not_come_back)
{
	cr_assert_eq(judge_fixture_set("watched", &to_spare), 0);
	cr_assert_eq(steering_note_state(judge_fixture.steering, false, &judge_fixture.error), 0);
	execute("CREATE TABLE aside AS SELECT * FROM sender_verdict");
	cr_assert_eq(judge_clear_verdict(judge_fixture.judge, "watched", &judge_fixture.now,
					 &judge_fixture.error),
		     0);
	execute("INSERT INTO sender_verdict SELECT * FROM aside; DROP TABLE aside");
	judge_fixture_kill_and_restart();
	cr_assert_eq(judge_fixture_verdict_of("watched").reason, REASON_GOOD);
	cr_assert_str_eq(saved_pool_of("watched"), "");
}

Test(steering_restore, an_order_waits_for_its_pool_and_its_sender_leaves_by_high_risk_meanwhile)
{
	char without[2048];
	const char *spare = strstr(judge_fixture_configuration, "pool \"spare\"");
	const char *end = strchr(spare, '\n');
	unsigned troubles;

	cr_assert_lt(snprintf(without, sizeof(without), "%.*s%s",
			      (int)(spare - judge_fixture_configuration),
			      judge_fixture_configuration, end),
		     (int)sizeof(without));
	cr_assert_eq(judge_fixture_set("watched", &to_spare), 0);
	troubles = judge_fixture.troubles;
	judge_fixture_follow(without);
	cr_assert_eq(judge_fixture_verdict_of("watched").reason, REASON_MANUAL);
	cr_assert_str_eq(judge_fixture_verdict_of("watched").pool_label, "high-risk");
	cr_assert_eq(judge_fixture.troubles, troubles + 1, "it is reported");
	judge_fixture_restart();
	cr_assert_str_eq(judge_fixture_verdict_of("watched").pool_label, "high-risk");
	judge_fixture_follow(judge_fixture_configuration);
	cr_assert_str_eq(judge_fixture_verdict_of("watched").pool_label, "spare");
}
