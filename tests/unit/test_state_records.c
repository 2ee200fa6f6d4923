/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of the policy engine in the state, and a state that goes on where its file cannot. */
#include "state/failover.h"
#include "state/sqlite.h"
#include "state/state.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

static char directory[] = "/tmp/postern-records-XXXXXX";
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

	umount2(directory, MNT_DETACH);
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	cr_assert_eq(system(command), 0);
}

TestSuite(state_records, .init = make_directory, .fini = remove_directory);

static struct state *open_state(void)
{
	struct state *state = NULL;

	cr_assert_eq(sqlite_open(file, &state, &error), 0, "%s", error.text);
	return state;
}

static struct state_record record_of(enum state_kind kind, const char *key, const char *bytes)
{
	return (struct state_record){kind, key, bytes, strlen(bytes)};
}

static void put(struct state *state, enum state_kind kind, const char *key, const char *bytes)
{
	const struct state_record record = record_of(kind, key, bytes);

	cr_assert_eq(state->ops->put_record(state, &record, &error), 0, "%s", error.text);
}

static int see_record(void *data, const struct state_record *record)
{
	fprintf(data, "%d %s=%.*s\n", record->kind, record->name, (int)record->size,
		(const char *)record->bytes);
	return 0;
}

static int see_pool(void *data, const char *pool, enum pool_state state)
{
	fprintf(data, "pool %s %d\n", pool, state);
	return 0;
}

static int see_order(void *data, const struct saved_order *verdict)
{
	fprintf(data, "verdict %s\n", verdict->sender);
	return 0;
}

static int see_log(void *data, const void *bytes, size_t size)
{
	fprintf(data, "log %.*s\n", (int)size, (const char *)bytes);
	return 0;
}

static char seen[4096];

static const char *all_of(struct state *state, unsigned kinds)
{
	struct state_visitor visitor = {.pool = see_pool,
					.order = see_order,
					.record = see_record,
					.kinds = kinds,
					.log = see_log};

	visitor.data = fmemopen(seen, sizeof(seen), "w");
	cr_assert_eq(state->ops->load(state, &visitor, &error), 0, "%s", error.text);
	fclose(visitor.data);
	return seen;
}

#define ALL_KINDS ((1U << STATE_KINDS) - 1)

Test(state_records, each_kind_is_kept_under_its_own_keys)
{
	struct state *state = open_state();

	put(state, STATE_STANDINGS, "bob", "restricted");
	put(state, STATE_TENANTS, "bob", "totals");
	put(state, STATE_SECRETS, "bob", "key");
	put(state, STATE_TENANTS, "bob", "more");
	state_free(state);
	state = open_state();
	cr_assert_str_eq(all_of(state, ALL_KINDS), "0 bob=key\n1 bob=more\n2 bob=restricted\n");
	cr_assert_str_eq(all_of(state, 1U << STATE_STANDINGS), "2 bob=restricted\n");
	state_free(state);
}

static int64_t append(struct state *state, const char *bytes)
{
	int64_t place = 0;

	cr_assert_eq(state->ops->append(state, bytes, strlen(bytes), &place, &error), 0, "%s",
		     error.text);
	return place;
}

static unsigned trim(struct state *state, int64_t last, unsigned max)
{
	unsigned count;

	cr_assert_eq(state->ops->trim(state, last, max, &count, &error), 0, "%s", error.text);
	return count;
}

Test(state_records, the_log_comes_back_in_its_order)
{
	struct state *state = open_state();

	for (const char *word = "abcde"; *word; word++)
		append(state, word);
	state_free(state);
	state = open_state();
	cr_assert_str_eq(all_of(state, 0), "log abcde\nlog bcde\nlog cde\nlog de\nlog e\n");
	state_free(state);
}

Test(state_records, the_log_is_trimmed_from_its_beginning_a_piece_at_a_time)
{
	struct state *state = open_state();
	int64_t last = 0;

	for (int i = 0; i < 10; i++)
		last = append(state, "old");
	append(state, "new");
	cr_assert_eq(trim(state, last, 7), 7);
	cr_assert_eq(trim(state, last, 7), 3);
	cr_assert_eq(trim(state, last, 7), 0);
	cr_assert_str_eq(all_of(state, 0), "log new\n");
	state_free(state);
}

Test(state_records, one_kind_is_cleared_and_one_record_deleted)
{
	const struct state_record bob = record_of(STATE_STANDINGS, "bob", "");
	struct state *state = open_state();

	put(state, STATE_STANDINGS, "bob", "1");
	put(state, STATE_STANDINGS, "eve", "2");
	put(state, STATE_TENANTS, "t", "3");
	cr_assert_eq(state->ops->delete_record(state, &bob, &error), 0);
	cr_assert_eq(state->ops->delete_record(state, &bob, &error), 0);
	cr_assert_eq(state->ops->clear_records(state, STATE_TENANTS, &error), 0);
	cr_assert_str_eq(all_of(state, ALL_KINDS), "2 eve=2\n");
	state_free(state);
}

Test(state_records, a_transaction_holds_altogether_or_not_at_all)
{
	struct state *state = open_state();

	cr_assert_eq(state->ops->begin(state, &error), 0);
	put(state, STATE_TENANTS, "a", "1");
	state->ops->rollback(state);
	cr_assert_eq(state->ops->begin(state, &error), 0);
	put(state, STATE_TENANTS, "b", "1");
	cr_assert_eq(state->ops->commit(state, &error), 0);
	cr_assert_eq(state->ops->sync(state, &error), 0);
	cr_assert_str_eq(all_of(state, ALL_KINDS), "1 b=1\n");
	state_free(state);
}

Test(state_records, a_record_of_a_killed_process_is_there)
{
	struct state *state;
	pid_t child = fork();

	if (child == 0) {
		put(open_state(), STATE_STANDINGS, "bob", "restricted");
		_exit(0);
	}
	cr_assert_eq(waitpid(child, NULL, 0), child);
	state = open_state();
	cr_assert_str_eq(all_of(state, ALL_KINDS), "2 bob=restricted\n");
	state_free(state);
}

/*
 * Does the database file alone, without the log beside it, hold just this? One that is being written may be
 * anything.
 */
static bool file_holds(const char *expected)
{
	char copy[160], command[512];
	struct state *state = NULL;
	bool holds;

	snprintf(copy, sizeof(copy), "%s/copy.db", directory);
	snprintf(command, sizeof(command), "rm -f '%s'*; cp '%s' '%s'", copy, file, copy);
	cr_assert_eq(system(command), 0);
	if (sqlite_open(copy, &state, &error) < 0)
		return false;
	holds = strcmp(all_of(state, ALL_KINDS), expected) == 0;
	state_free(state);
	return holds;
}

Test(state_records, what_was_synced_is_soon_in_the_file_itself, .timeout = 20)
{
	struct state *state = open_state();

	put(state, STATE_STANDINGS, "bob", "restricted");
	cr_assert(!file_holds("2 bob=restricted\n"));
	cr_assert_eq(state->ops->sync(state, &error), 0);
	while (!file_holds("2 bob=restricted\n"))
		;
	state_free(state);
}

Test(state_records, a_long_log_goes_into_the_file_by_itself, .timeout = 20)
{
	struct state *state = open_state();
	static char bytes[1 << 20];
	const struct state_record record = {STATE_STANDINGS, "bob", bytes, sizeof(bytes)};

	put(state, STATE_TENANTS, "a", "1");
	for (int i = 0; i < 5; i++)
		cr_assert_eq(state->ops->put_record(state, &record, &error), 0);
	cr_assert_eq(state->ops->delete_record(state, &record, &error), 0);
	while (!file_holds("1 a=1\n"))
		;
	state_free(state);
}

static void execute(const char *sql)
{
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

Test(state_records, a_file_of_schema_1_keeps_what_was_set_by_hand_and_takes_records)
{
	struct state *state;

	execute("CREATE TABLE pool_state (pool TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT "
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
	state = open_state();
	put(state, STATE_STANDINGS, "bob", "restricted");
	cr_assert_str_eq(all_of(state, ALL_KINDS), "pool relay 2\nverdict eve\n2 bob=restricted\n");
	state_free(state);
}

/* ---- a state that goes on */

static char last_change[sizeof(struct error)] = "none";
static unsigned changes;

static void note_change(void *data, const char *why)
{
	(void)data;
	changes++;
	snprintf(last_change, sizeof(last_change), "%s", why);
}

static int rewrite(void *data, struct state *state, struct error *ret_error)
{
	const struct state_record record = record_of(STATE_STANDINGS, "from", "memory");

	(void)data;
	return state->ops->put_record(state, &record, ret_error);
}

static struct state *open_steady(void)
{
	const struct failover_owner owner = {NULL, note_change, rewrite};
	struct state *state = NULL;

	cr_assert_eq(failover_open(file, &owner, &state, &error), 0, "%s", error.text);
	return state;
}

static void write_file(const char *content, size_t size, off_t offset)
{
	_cleanup_(close_fd_p) int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

	cr_assert_eq(pwrite(fd, content, size, offset), (ssize_t)size);
}

Test(state_records, while_the_file_is_sound_a_steady_state_is_the_file)
{
	struct state *state = open_steady();

	cr_assert(state->durable);
	put(state, STATE_STANDINGS, "bob", "restricted");
	failover_tick(state, 1000);
	cr_assert_str_empty(failover_trouble(state));
	cr_assert_eq(changes, 0);
	cr_assert_str_eq(all_of(state, ALL_KINDS), "2 bob=restricted\n");
	state_free(state);
}

Test(state_records, a_damaged_file_is_left_alone_and_everything_goes_on)
{
	struct state *state;
	char content[32] = "";

	write_file("this is no database, is it", 26, 0);
	state = open_steady();
	cr_assert_not(state->durable);
	cr_assert_not_null(strstr(failover_trouble(state), file));
	cr_assert_eq(changes, 1);
	put(state, STATE_STANDINGS, "bob", "restricted");
	for (int64_t sec = 1000; sec < 1100; sec += FAILOVER_RETRY_SEC)
		failover_tick(state, sec);
	cr_assert_eq(changes, 1, "the same trouble is told once");
	state_free(state);
	{
		_cleanup_(fclose_p) FILE *stream = fopen(file, "r");

		cr_assert_eq(fread(content, 1, sizeof(content), stream), 26);
	}
	cr_assert_str_eq(content, "this is no database, is it");
}

Test(state_records, rows_that_make_no_sense_are_damage_too)
{
	struct state *state;

	state_free(open_state());
	execute("INSERT INTO pool_state VALUES ('normal', 'sideways')");
	state = open_steady();
	cr_assert_not(state->durable);
	cr_assert_not_null(strstr(failover_trouble(state), "'sideways'"));
	state_free(state);
}

Test(state_records, once_the_file_is_replaced_all_is_written_again)
{
	struct state *state;

	write_file("this is no database, is it", 26, 0);
	state = open_steady();
	cr_assert_eq(unlink(file), 0);
	failover_tick(state, 1000);
	cr_assert_str_empty(failover_trouble(state));
	cr_assert_str_eq(last_change, "");
	put(state, STATE_TENANTS, "t", "1");
	cr_assert_str_eq(all_of(state, ALL_KINDS), "1 t=1\n2 from=memory\n");
	state_free(state);
}

static void mount_small(void)
{
	if (geteuid() != 0)
		cr_skip_test("needs root to mount a small file system");
	cr_assert_eq(mount("tmpfs", directory, "tmpfs", 0, "size=512k"), 0);
}

static void fill_disk(void)
{
	static char block[4096];
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/ballast", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
}

static void empty_disk(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/ballast", directory);
	cr_assert_eq(unlink(path), 0);
}

Test(state_records, over_a_full_disk_it_goes_on_and_catches_up_when_there_is_room)
{
	struct state *state;
	char key[16];

	mount_small();
	state = open_steady();
	put(state, STATE_STANDINGS, "stale", "1");
	cr_assert_eq(
		state->ops->put_order(
			state,
			&(struct saved_order){.sender = "eve", .action = VERDICT_DROP, .pool = ""},
			&error),
		0);
	fill_disk();
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "%d", i);
		put(state, STATE_STANDINGS, key, key);
	}
	cr_assert_not_null(strstr(failover_trouble(state), file));
	cr_assert_eq(changes, 1);
	cr_assert_eq(state->ops->delete_order(state, "eve", &error), 0);
	failover_tick(state, 1000);
	cr_assert_neq(*failover_trouble(state), '\0');
	empty_disk();
	failover_tick(state, 1000 + FAILOVER_RETRY_SEC - 1);
	cr_assert_neq(*failover_trouble(state), '\0', "it tried again too early");
	failover_tick(state, 1000 + FAILOVER_RETRY_SEC);
	cr_assert_str_empty(failover_trouble(state));
	cr_assert_str_eq(all_of(state, ALL_KINDS), "2 from=memory\n");
	state_free(state);
}

Test(state_records, over_a_disk_that_is_full_at_the_start_the_file_is_read_all_the_same)
{
	struct state *state;

	mount_small();
	state = open_steady();
	put(state, STATE_STANDINGS, "bob", "restricted");
	append(state, "counts");
	state_free(state);
	fill_disk();
	state = open_steady();
	cr_assert_neq(*failover_trouble(state), '\0');
	cr_expect(state->durable);
	cr_expect_str_eq(all_of(state, ALL_KINDS), "2 bob=restricted\nlog counts\n");
	put(state, STATE_STANDINGS, "eve", "restricted");
	failover_tick(state, 1000);
	cr_assert_neq(*failover_trouble(state), '\0');
	empty_disk();
	failover_tick(state, 1000 + FAILOVER_RETRY_SEC);
	cr_assert_str_empty(failover_trouble(state), "%s", failover_trouble(state));
	cr_expect_str_eq(all_of(state, ALL_KINDS), "2 from=memory\n");
	state_free(state);
}

Test(state_records, a_transaction_over_a_full_disk_is_given_up_as_a_whole)
{
	struct state *state;
	char key[16];

	mount_small();
	state = open_steady();
	fill_disk();
	cr_assert_eq(state->ops->begin(state, &error), 0);
	for (int i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "%d", i);
		append(state, key);
	}
	cr_assert_eq(state->ops->commit(state, &error), 0);
	cr_assert_neq(*failover_trouble(state), '\0');
	empty_disk();
	failover_tick(state, 1000);
	cr_assert_str_eq(all_of(state, ALL_KINDS), "2 from=memory\n");
	state_free(state);
}
