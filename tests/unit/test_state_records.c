/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of the engine in the state: kept, logged, trimmed, migrated. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "state/sqlite.h"
#include "unit/state_fixture.h"

TestSuite(state_records, .init = state_fixture_open, .fini = state_fixture_close);

Test(state_records, each_kind_is_kept_under_its_own_keys)
{
	struct state *state = state_fixture_open_state();

	state_fixture_put(state, STATE_STANDINGS, "bob", "restricted");
	state_fixture_put(state, STATE_TENANTS, "bob", "totals");
	state_fixture_put(state, STATE_SECRETS, "bob", "key");
	state_fixture_put(state, STATE_TENANTS, "bob", "more");
	state_free(state);
	state = state_fixture_open_state();
	cr_assert_str_eq(state_fixture_all_of(state, STATE_FIXTURE_ALL),
			 "0 bob=key\n1 bob=more\n2 bob=restricted\n");
	cr_assert_str_eq(state_fixture_all_of(state, 1U << STATE_STANDINGS), "2 bob=restricted\n");
	state_free(state);
}

static unsigned trim(struct state *state, int64_t last, unsigned max)
{
	unsigned count;

	cr_assert_eq(state->ops->trim(state, last, max, &count, &state_fixture_error), 0, "%s",
		     state_fixture_error.text);
	return count;
}

Test(state_records, the_log_comes_back_in_its_order)
{
	struct state *state = state_fixture_open_state();

	for (const char *word = "abcde"; *word; word++)
		state_fixture_append(state, word);
	state_free(state);
	state = state_fixture_open_state();
	cr_assert_str_eq(state_fixture_all_of(state, 0),
			 "log abcde\nlog bcde\nlog cde\nlog de\nlog e\n");
	state_free(state);
}

Test(state_records, the_log_is_trimmed_from_its_beginning_a_piece_at_a_time)
{
	struct state *state = state_fixture_open_state();
	int64_t last = 0;

	for (int i = 0; i < 10; i++)
		last = state_fixture_append(state, "old");
	state_fixture_append(state, "new");
	cr_assert_eq(trim(state, last, 7), 7);
	cr_assert_eq(trim(state, last, 7), 3);
	cr_assert_eq(trim(state, last, 7), 0);
	cr_assert_str_eq(state_fixture_all_of(state, 0), "log new\n");
	state_free(state);
}

Test(state_records, one_kind_is_cleared_and_one_record_deleted)
{
	const struct state_record bob = state_fixture_record_of(STATE_STANDINGS, "bob", "");
	struct state *state = state_fixture_open_state();

	state_fixture_put(state, STATE_STANDINGS, "bob", "1");
	state_fixture_put(state, STATE_STANDINGS, "eve", "2");
	state_fixture_put(state, STATE_TENANTS, "t", "3");
	cr_assert_eq(state->ops->delete_record(state, &bob, &state_fixture_error), 0);
	cr_assert_eq(state->ops->delete_record(state, &bob, &state_fixture_error), 0);
	cr_assert_eq(state->ops->clear_records(state, STATE_TENANTS, &state_fixture_error), 0);
	cr_assert_str_eq(state_fixture_all_of(state, STATE_FIXTURE_ALL), "2 eve=2\n");
	state_free(state);
}

Test(state_records, a_transaction_holds_altogether_or_not_at_all)
{
	struct state *state = state_fixture_open_state();

	cr_assert_eq(state->ops->begin(state, &state_fixture_error), 0);
	state_fixture_put(state, STATE_TENANTS, "a", "1");
	state->ops->rollback(state);
	cr_assert_eq(state->ops->begin(state, &state_fixture_error), 0);
	state_fixture_put(state, STATE_TENANTS, "b", "1");
	cr_assert_eq(state->ops->commit(state, &state_fixture_error), 0);
	cr_assert_eq(state->ops->sync(state, &state_fixture_error), 0);
	cr_assert_str_eq(state_fixture_all_of(state, STATE_FIXTURE_ALL), "1 b=1\n");
	state_free(state);
}

Test(state_records, a_record_of_a_killed_process_is_there)
{
	struct state *state;
	pid_t child = fork();

	if (child == 0) {
		state_fixture_put(state_fixture_open_state(), STATE_STANDINGS, "bob", "restricted");
		_exit(0);
	}
	cr_assert_eq(waitpid(child, NULL, 0), child);
	state = state_fixture_open_state();
	cr_assert_str_eq(state_fixture_all_of(state, STATE_FIXTURE_ALL), "2 bob=restricted\n");
	state_free(state);
}

/*
 * True: the database file alone, without the log, holds exactly this. While it is written it may
 * hold anything.
 */
static bool file_holds(const char *expected)
{
	char copy[160], command[512];
	struct state *state = NULL;
	bool holds;

	snprintf(copy, sizeof(copy), "%s/copy.db", state_fixture_directory);
	snprintf(command, sizeof(command), "rm -f '%s'*; cp '%s' '%s'", copy, state_fixture_file,
		 copy);
	cr_assert_eq(system(command), 0);
	if (sqlite_open(copy, &state, &state_fixture_error) < 0)
		return false;
	holds = strcmp(state_fixture_all_of(state, STATE_FIXTURE_ALL), expected) == 0;
	state_free(state);
	return holds;
}

Test(state_records, what_was_synced_is_soon_in_the_file_itself, .timeout = 20)
{
	struct state *state = state_fixture_open_state();

	state_fixture_put(state, STATE_STANDINGS, "bob", "restricted");
	cr_assert(!file_holds("2 bob=restricted\n"));
	cr_assert_eq(state->ops->sync(state, &state_fixture_error), 0);
	while (!file_holds("2 bob=restricted\n"))
		;
	state_free(state);
}

Test(state_records, a_long_log_goes_into_the_file_by_itself, .timeout = 20)
{
	struct state *state = state_fixture_open_state();
	static char bytes[1 << 20];
	const struct state_record record = {STATE_STANDINGS, "bob", bytes, sizeof(bytes)};

	state_fixture_put(state, STATE_TENANTS, "a", "1");
	for (int i = 0; i < 5; i++)
		cr_assert_eq(state->ops->put_record(state, &record, &state_fixture_error), 0);
	cr_assert_eq(state->ops->delete_record(state, &record, &state_fixture_error), 0);
	while (!file_holds("1 a=1\n"))
		;
	state_free(state);
}

Test(state_records, a_file_of_schema_1_keeps_what_was_set_by_hand_and_takes_records)
{
	struct state *state;

	state_fixture_execute(
		"CREATE TABLE pool_state (pool TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT "
		"ROWID;"
		"CREATE TABLE address_state (pool TEXT NOT NULL, address TEXT NOT NULL, state TEXT "
		"NOT NULL, PRIMARY KEY (pool, address)) WITHOUT ROWID;"
		"CREATE TABLE sender_verdict (sender TEXT PRIMARY KEY, action TEXT NOT NULL, pool "
		"TEXT NOT NULL, reason TEXT NOT NULL, until_sec INTEGER NOT NULL, set_sec INTEGER "
		"NOT NULL) WITHOUT ROWID;"
		"INSERT INTO pool_state VALUES ('relay', 'disabled');"
		"INSERT INTO sender_verdict VALUES ('Eve', 'drop', '', 'manual', 0, 7),"
		" ('eve', 'pass', '', 'manual', 0, 9), ('EVE', 'drop', '', 'manual', 0, 8);"
		"PRAGMA user_version = 1");
	state = state_fixture_open_state();
	state_fixture_put(state, STATE_STANDINGS, "bob", "restricted");
	cr_assert_str_eq(state_fixture_all_of(state, STATE_FIXTURE_ALL),
			 "pool relay 2\nverdict eve\n2 bob=restricted\n");
	state_free(state);
}
