/* SPDX-License-Identifier: BSD-2-Clause */
/* Orders are restored, over SQLite files in a directory for each test. */
#include "state/sqlite.h"
#include "state/state.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "state_null.h"

static char directory[] = "/tmp/postern-state-XXXXXX";
static char file[128];
static struct error error;

static void make_directory(void)
{
	cr_assert_not_null(mkdtemp(directory));
	snprintf(file, sizeof(file), "%s/state.db", directory);
}

static void remove_directory(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	cr_assert_eq(system(command), 0);
}

TestSuite(state, .init = make_directory, .fini = remove_directory);

static struct state *open_state(void)
{
	struct state *state = NULL;

	cr_assert_eq(sqlite_open(file, &state, &error), 0, "%s", error.text);
	return state;
}

/* Everything in the state as text, to be compared as a whole. */
static char *seen;
static size_t seen_size;

static int see_pool(void *data, const char *pool, enum pool_state state)
{
	fprintf(data, "pool %s %d\n", pool, state);
	return 0;
}

static int see_address(void *data, const char *pool, const char *address, enum address_state state)
{
	fprintf(data, "address %s %s %d\n", pool, address, state);
	return 0;
}

static int see_order(void *data, const struct saved_order *order)
{
	fprintf(data, "order %s %d '%s' %lld %lld\n", order->sender, order->action, order->pool,
		(long long)order->until_sec, (long long)order->set_sec);
	return 0;
}

static const char *all_of(struct state *state)
{
	struct state_visitor visitor = {.pool = see_pool, .address = see_address};

	free(TAKE_PTR(seen));
	visitor.order = see_order;
	visitor.data = open_memstream(&seen, &seen_size);
	cr_assert_eq(state->ops->load(state, &visitor, &error), 0, "%s", error.text);
	fclose(visitor.data);
	return seen;
}

static const struct saved_order steered = {
	.sender = "tenant-17",
	.action = VERDICT_STEER,
	.pool = "high-risk",
	.until_sec = 4102444800,
	.set_sec = 1700000000,
};

static void put_order(struct state *state, const struct saved_order *verdict)
{
	cr_assert_eq(state->ops->put_order(state, verdict, &error), 0, "%s", error.text);
}

Test(state, what_was_put_is_there_after_closing_and_opening)
{
	struct state *state = open_state();

	cr_assert_eq(state->ops->put_pool(state, "relay", POOL_DISABLED, &error), 0);
	cr_assert_eq(
		state->ops->put_address(state, "normal", "2001:db8::10", ADDRESS_DRAINING, &error),
		0);
	put_order(state, &steered);
	state_free(state);

	state = open_state();
	cr_assert_str_eq(all_of(state), "pool relay 2\n"
					"address normal 2001:db8::10 2\n"
					"order tenant-17 1 'high-risk' 4102444800 1700000000\n");
	state_free(state);
}

Test(state, a_put_replaces_what_was_put_before)
{
	struct saved_order block = {.sender = "tenant-17", .action = VERDICT_DROP, .pool = ""};
	struct state *state = open_state();

	cr_assert_eq(state->ops->put_pool(state, "normal", POOL_DISABLED, &error), 0);
	cr_assert_eq(state->ops->put_pool(state, "normal", POOL_ENABLED, &error), 0);
	put_order(state, &steered);
	put_order(state, &block);
	cr_assert_str_eq(all_of(state), "pool normal 1\n"
					"order tenant-17 3 '' 0 0\n");
	state_free(state);
}

Test(state, one_address_in_two_pools_has_two_states)
{
	struct state *state = open_state();

	cr_assert_eq(state->ops->put_address(state, "a", "192.0.2.1", ADDRESS_DISABLED, &error), 0);
	cr_assert_eq(state->ops->put_address(state, "b", "192.0.2.1", ADDRESS_ACTIVE, &error), 0);
	cr_assert_str_eq(all_of(state), "address a 192.0.2.1 3\n"
					"address b 192.0.2.1 1\n");
	state_free(state);
}

Test(state, a_sender_has_one_verdict_however_its_name_is_written)
{
	struct saved_order block = {.sender = "TENANT-17", .action = VERDICT_DROP, .pool = ""};
	struct state *state = open_state();

	put_order(state, &steered);
	put_order(state, &block);
	cr_assert_str_eq(all_of(state), "order TENANT-17 3 '' 0 0\n");
	cr_assert_eq(state->ops->delete_order(state, "Tenant-17", &error), 0);
	cr_assert_str_eq(all_of(state), "");
	state_free(state);
}

Test(state, a_deleted_verdict_is_gone_and_deleting_none_is_no_error)
{
	struct state *state = open_state();

	put_order(state, &steered);
	cr_assert_eq(state->ops->delete_order(state, "tenant-17", &error), 0);
	cr_assert_eq(state->ops->delete_order(state, "tenant-17", &error), 0);
	cr_assert_str_eq(all_of(state), "");
	state_free(state);
}

Test(state, names_that_look_like_sql_are_only_names)
{
	struct saved_order verdict = steered;
	struct state *state = open_state();

	verdict.sender = "'); DROP TABLE pool_state; --";
	put_order(state, &verdict);
	cr_assert_not_null(strstr(all_of(state), verdict.sender));
	state_free(state);
}

static int stop_at_once(void *data, const char *pool, enum pool_state state)
{
	(void)pool, (void)state;
	++*(int *)data;
	return -ECANCELED;
}

Test(state, a_visitor_that_fails_ends_the_walk)
{
	int calls = 0;
	struct state_visitor visitor = {.data = &calls, .pool = stop_at_once};
	struct state *state = open_state();

	cr_assert_eq(state->ops->put_pool(state, "a", POOL_DISABLED, &error), 0);
	cr_assert_eq(state->ops->put_pool(state, "b", POOL_DISABLED, &error), 0);
	cr_assert_eq(state->ops->load(state, &visitor, &error), -ECANCELED);
	cr_assert_eq(calls, 1);
	state_free(state);
}

Test(state, what_a_killed_process_had_put_is_there)
{
	struct state *state;
	pid_t child = fork();

	if (child == 0) {
		put_order(open_state(), &steered);
		_exit(0); /* nothing is closed, the log stays */
	}
	cr_assert_eq(waitpid(child, NULL, 0), child);
	state = open_state();
	cr_assert_not_null(strstr(all_of(state), "order tenant-17"));
	state_free(state);
}

Test(state, the_directory_and_the_file_are_made_for_their_owner_and_group)
{
	struct stat directory_stat, file_stat;
	char inner[64];

	umask(0);
	snprintf(inner, sizeof(inner), "%s/lib", directory);
	snprintf(file, sizeof(file), "%s/state.db", inner);
	state_free(open_state());
	cr_assert_eq(stat(inner, &directory_stat), 0);
	cr_assert_eq(stat(file, &file_stat), 0);
	cr_assert_eq(directory_stat.st_mode & 0777, 0750);
	cr_assert_eq(file_stat.st_mode & 0777, 0640);
}

static int open_fails(void)
{
	struct state *state = NULL;
	int code = sqlite_open(file, &state, &error);

	cr_assert_null(state);
	return code;
}

Test(state, a_directory_that_cannot_be_made_is_named)
{
	snprintf(file, sizeof(file), "%s/a/b/state.db", directory);
	cr_assert_eq(open_fails(), -ENOENT);
	cr_assert_not_null(strstr(error.text, "/a/b'"), "%s", error.text);
}

Test(state, a_directory_without_write_permission_is_refused)
{
	cr_assert_eq(chmod(directory, 0555), 0);
	if (geteuid() == 0)
		cr_assert_eq(seteuid(65534), 0);
	cr_assert_eq(open_fails(), -EACCES);
	cr_assert_not_null(strstr(error.text, file), "%s", error.text);
	if (getuid() == 0)
		cr_assert_eq(seteuid(0), 0);
}

static void write_file(const char *content, size_t size, off_t offset)
{
	_cleanup_(close_fd_p) int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

	cr_assert_eq(pwrite(fd, content, size, offset), (ssize_t)size);
}

static char *read_file(size_t *ret_size)
{
	_cleanup_(fclose_p) FILE *stream = fopen(file, "r");
	char *content = malloc(1 << 20);

	*ret_size = fread(content, 1, 1 << 20, stream);
	return content;
}

static void refused_and_untouched(int expected)
{
	_cleanup_(free_p) char *before = NULL;
	_cleanup_(free_p) char *after = NULL;
	size_t size_before, size_after;

	before = read_file(&size_before);
	cr_assert_eq(open_fails(), expected, "%s", error.text);
	cr_assert_not_null(strstr(error.text, file), "%s", error.text);
	after = read_file(&size_after);
	cr_assert_eq(size_before, size_after);
	cr_assert_arr_eq(before, after, size_before);
}

Test(state, a_file_that_is_no_database_is_left_alone)
{
	write_file("pool \"normal\" { }\n", 18, 0);
	refused_and_untouched(-EIO);
}

Test(state, a_damaged_database_is_left_alone)
{
	struct state *state = open_state();
	char rubbish[4096];

	for (int i = 0; i < 200; i++) {
		char name[32];

		snprintf(name, sizeof(name), "pool-%d", i);
		cr_assert_eq(state->ops->put_pool(state, name, POOL_DISABLED, &error), 0);
	}
	state_free(state);
	memset(rubbish, 0xa5, sizeof(rubbish));
	write_file(rubbish, sizeof(rubbish), 4096);
	refused_and_untouched(-EIO);
}

static void execute(const char *sql)
{
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

Test(state, a_newer_schema_is_refused_and_left_alone)
{
	state_free(open_state());
	execute("PRAGMA user_version = 99");
	refused_and_untouched(-EPROTO);
	cr_assert_not_null(strstr(error.text, "99"), "%s", error.text);
}

Test(state, the_database_of_another_program_is_left_alone)
{
	execute("CREATE TABLE packages (name)");
	refused_and_untouched(-EPROTO);
	cr_assert_not_null(strstr(error.text, "another program"), "%s", error.text);
	execute("PRAGMA user_version = 3");
	refused_and_untouched(-EPROTO);
	execute("PRAGMA application_id = 7");
	refused_and_untouched(-EPROTO);
}

Test(state, each_file_has_another_identity_and_keeps_it)
{
	struct state *state = open_state();
	uint64_t first = state->identity;

	cr_assert_gt(first, STATE_UNREAD);
	state_free(state);
	state = open_state();
	cr_assert_eq(state->identity, first);
	state_free(state);
	unlink(file);
	state = open_state();
	cr_assert_neq(state->identity, first);
	state_free(state);
}

Test(state, a_link_or_a_pipe_in_its_place_is_refused)
{
	char elsewhere[sizeof(file) + 8];

	state_free(open_state());
	cr_assert_eq(unlink(file), 0);
	snprintf(elsewhere, sizeof(elsewhere), "%s.other", file);
	cr_assert_eq(symlink(elsewhere, file), 0);
	cr_assert_eq(open_fails(), -ELOOP);
	cr_assert_neq(access(elsewhere, F_OK), 0);
	cr_assert_eq(unlink(file), 0);
	cr_assert_eq(mkfifo(file, 0600), 0);
	cr_assert_eq(open_fails(), -EINVAL);
	cr_assert_not_null(strstr(error.text, "no regular file"), "%s", error.text);
}

Test(state, a_word_that_is_not_of_the_design_is_an_error)
{
	struct state_visitor visitor = {.pool = NULL};
	struct state *state;

	state_free(open_state());
	execute("INSERT INTO pool_state VALUES ('normal', 'sideways')");
	state = open_state();
	cr_assert_eq(state->ops->load(state, &visitor, &error), -EIO);
	cr_assert_not_null(strstr(error.text, "'sideways'"), "%s", error.text);
	state_free(state);
}

Test(state, the_file_is_in_wal_mode_with_a_schema_version)
{
	sqlite3_stmt *statement;
	sqlite3 *db;

	state_free(open_state());
	cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(db,
					"SELECT * FROM pragma_journal_mode, pragma_user_version",
					-1, &statement, NULL),
		     SQLITE_OK);
	cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
	cr_assert_str_eq((const char *)sqlite3_column_text(statement, 0), "wal");
	cr_assert_eq(sqlite3_column_int(statement, 1), 6);
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

Test(state, the_null_state_takes_everything_and_keeps_nothing)
{
	struct state *state = NULL;

	cr_assert_eq(state_null_open(&state), 0);
	cr_assert_eq(state->ops->put_pool(state, "normal", POOL_DISABLED, &error), 0);
	cr_assert_eq(state->ops->put_address(state, "a", "192.0.2.1", ADDRESS_ACTIVE, &error), 0);
	put_order(state, &steered);
	cr_assert_eq(state->ops->delete_order(state, "nobody", &error), 0);
	cr_assert_str_eq(all_of(state), "");
	state_free(state);
}
