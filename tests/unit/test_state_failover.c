/* SPDX-License-Identifier: BSD-2-Clause */
/* A state that goes on while its file refuses writes, and recovers. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "state/failover.h"
#include "state/sqlite.h"
#include "unit/state_fixture.h"

TestSuite(state_failover, .init = state_fixture_open, .fini = state_fixture_close);

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
	const struct state_record record =
		state_fixture_record_of(STATE_STANDINGS, "from", "memory");

	(void)data;
	return state->ops->put_record(state, &record, ret_error);
}

static struct state *open_failover(void)
{
	const struct failover_owner owner = {NULL, note_change, rewrite};
	struct state *state = NULL;

	cr_assert_eq(failover_open(state_fixture_file, &owner, &state, &state_fixture_error), 0,
		     "%s", state_fixture_error.text);
	return state;
}

static void write_file(const char *content, size_t size, off_t offset)
{
	_cleanup_(close_fd_p) int fd =
		open(state_fixture_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

	cr_assert_eq(pwrite(fd, content, size, offset), (ssize_t)size);
}

Test(state_failover, while_the_file_is_sound_a_steady_state_is_the_file)
{
	struct state *state = open_failover();

	cr_assert(state->durable);
	state_fixture_put(state, STATE_STANDINGS, "bob", "restricted");
	failover_tick(state, 1000);
	cr_assert_str_empty(failover_trouble(state));
	cr_assert_eq(changes, 0);
	cr_assert_str_eq(state_fixture_all_of(state, STATE_FIXTURE_ALL), "2 bob=restricted\n");
	state_free(state);
}

Test(state_failover, a_damaged_file_is_left_alone_and_everything_goes_on)
{
	struct state *state;
	char content[32] = "";

	write_file("this is no database, is it", 26, 0);
	state = open_failover();
	cr_assert_not(state->durable);
	cr_assert_not_null(strstr(failover_trouble(state), state_fixture_file));
	cr_assert_eq(changes, 1);
	state_fixture_put(state, STATE_STANDINGS, "bob", "restricted");
	for (int64_t sec = 1000; sec < 1100; sec += FAILOVER_RETRY_SEC)
		failover_tick(state, sec);
	cr_assert_eq(changes, 1, "the same trouble is told once");
	state_free(state);
	{
		_cleanup_(fclose_p) FILE *stream = fopen(state_fixture_file, "r");

		cr_assert_eq(fread(content, 1, sizeof(content), stream), 26);
	}
	cr_assert_str_eq(content, "this is no database, is it");
}

Test(state_failover, rows_that_make_no_sense_are_damage_too)
{
	struct state *state;

	state_free(state_fixture_open_state());
	state_fixture_execute("INSERT INTO pool_state VALUES ('normal', 'sideways')");
	state = open_failover();
	cr_assert_not(state->durable);
	cr_assert_not_null(strstr(failover_trouble(state), "'sideways'"));
	state_free(state);
}

Test(state_failover, once_the_file_is_replaced_all_is_written_again)
{
	struct state *state;

	write_file("this is no database, is it", 26, 0);
	state = open_failover();
	cr_assert_eq(unlink(state_fixture_file), 0);
	failover_tick(state, 1000);
	cr_assert_str_empty(failover_trouble(state));
	cr_assert_str_eq(last_change, "");
	state_fixture_put(state, STATE_TENANTS, "t", "1");
	cr_assert_str_eq(state_fixture_all_of(state, STATE_FIXTURE_ALL), "1 t=1\n2 from=memory\n");
	state_free(state);
}

static void mount_small(void)
{
	if (geteuid() != 0)
		cr_skip_test("needs root to mount a small file system");
	cr_assert_eq(mount("tmpfs", state_fixture_directory, "tmpfs", 0, "size=512k"), 0);
}

static void fill_disk(void)
{
	static char block[4096];
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/ballast", state_fixture_directory);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
}

static void empty_disk(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/ballast", state_fixture_directory);
	cr_assert_eq(unlink(path), 0);
}

Test(state_failover, over_a_full_disk_it_goes_on_and_catches_up_when_there_is_room)
{
	struct state *state;
	char key[16];

	mount_small();
	state = open_failover();
	state_fixture_put(state, STATE_STANDINGS, "stale", "1");
	cr_assert_eq(
		state->ops->put_order(
			state,
			&(struct saved_order){.sender = "eve", .action = VERDICT_DROP, .pool = ""},
			&state_fixture_error),
		0);
	fill_disk();
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "%d", i);
		state_fixture_put(state, STATE_STANDINGS, key, key);
	}
	cr_assert_not_null(strstr(failover_trouble(state), state_fixture_file));
	cr_assert_eq(changes, 1);
	cr_assert_eq(state->ops->delete_order(state, "eve", &state_fixture_error), 0);
	failover_tick(state, 1000);
	cr_assert_neq(*failover_trouble(state), '\0');
	empty_disk();
	failover_tick(state, 1000 + FAILOVER_RETRY_SEC - 1);
	cr_assert_neq(*failover_trouble(state), '\0', "it tried again too early");
	failover_tick(state, 1000 + FAILOVER_RETRY_SEC);
	cr_assert_str_empty(failover_trouble(state));
	cr_assert_str_eq(state_fixture_all_of(state, STATE_FIXTURE_ALL), "2 from=memory\n");
	state_free(state);
}

Test(state_failover, over_a_disk_that_is_full_at_the_start_the_file_is_read_all_the_same)
{
	struct state *state;

	mount_small();
	state = open_failover();
	state_fixture_put(state, STATE_STANDINGS, "bob", "restricted");
	state_fixture_append(state, "counts");
	state_free(state);
	fill_disk();
	state = open_failover();
	cr_assert_neq(*failover_trouble(state), '\0');
	cr_expect(state->durable);
	cr_expect_str_eq(state_fixture_all_of(state, STATE_FIXTURE_ALL),
			 "2 bob=restricted\nlog counts\n");
	state_fixture_put(state, STATE_STANDINGS, "eve", "restricted");
	failover_tick(state, 1000);
	cr_assert_neq(*failover_trouble(state), '\0');
	empty_disk();
	failover_tick(state, 1000 + FAILOVER_RETRY_SEC);
	cr_assert_str_empty(failover_trouble(state), "%s", failover_trouble(state));
	cr_expect_str_eq(state_fixture_all_of(state, STATE_FIXTURE_ALL), "2 from=memory\n");
	state_free(state);
}

Test(state_failover, a_transaction_over_a_full_disk_is_given_up_as_a_whole)
{
	struct state *state;
	char key[16];

	mount_small();
	state = open_failover();
	fill_disk();
	cr_assert_eq(state->ops->begin(state, &state_fixture_error), 0);
	for (int i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "%d", i);
		state_fixture_append(state, key);
	}
	cr_assert_eq(state->ops->commit(state, &state_fixture_error), 0);
	cr_assert_neq(*failover_trouble(state), '\0');
	empty_disk();
	failover_tick(state, 1000);
	cr_assert_str_eq(state_fixture_all_of(state, STATE_FIXTURE_ALL), "2 from=memory\n");
	state_free(state);
}
