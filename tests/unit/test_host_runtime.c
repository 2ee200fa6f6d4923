/* SPDX-License-Identifier: BSD-2-Clause */
/* Directories, files and the lock that root makes for the agent's user. */
#include "host/runtime.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <pwd.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "common/patience.h"
#include "state/sqlite.h"
#include "state/state.h"
#include "unit/scratch.h"

#define NOBODY 65534
#define OTHER  4242

static const struct runtime_user user = {NOBODY, NOBODY};
static struct error error;

static void set_up(void)
{
	if (geteuid() != 0)
		cr_skip_test("needs root to give files to another user");
	scratch_open();
}

TestSuite(host_runtime, .init = set_up, .fini = scratch_close);

/* ---- the user */

Test(host_runtime, a_user_is_found_by_name)
{
	const struct passwd *entry = getpwnam("nobody");
	struct runtime_user found = {1, 1};

	cr_assert_eq(runtime_user_get("nobody", &found, &error), 0, "%s", error.text);
	cr_expect_eq(found.uid, entry->pw_uid);
	cr_expect_eq(found.gid, entry->pw_gid);
}

Test(host_runtime, an_unknown_user_is_an_error_with_the_command_to_create_one)
{
	struct runtime_user found = {1, 1};

	cr_expect_eq(runtime_user_get("no-such-user", &found, &error), -ENOENT);
	cr_expect_eq(found.uid, 1);
	cr_expect_not_null(strstr(error.text, "useradd --system"), "%s", error.text);
	cr_expect_not_null(strstr(error.text, "'no-such-user'"), "%s", error.text);
}

/* ---- the directory */

Test(host_runtime, the_directory_is_made_for_the_user_only)
{
	cr_assert_eq(runtime_directory_make(scratch_path("run"), &user, &error), 0, "%s",
		     error.text);
	cr_expect_eq(scratch_mode("run"), 0750);
	cr_expect_eq(scratch_owner("run"), NOBODY);
}

Test(host_runtime, a_directory_of_another_user_keeps_its_owner)
{
	scratch_mkdir("run", 0755);
	cr_assert_eq(lchown(scratch_path("run"), OTHER, OTHER), 0);
	cr_assert_eq(runtime_directory_make(scratch_path("run"), &user, &error), 0);
	cr_expect_eq(scratch_mode("run"), 0755);
	cr_expect_eq(scratch_owner("run"), OTHER);
}

Test(host_runtime, a_directory_that_up_made_follows_the_configured_user)
{
	const struct runtime_user other = {OTHER, OTHER};

	cr_assert_eq(runtime_directory_make(scratch_path("run"), &other, &error), 0);
	cr_expect_eq(scratch_owner("run"), OTHER);
	cr_assert_eq(runtime_directory_make(scratch_path("run"), &user, &error), 0);
	cr_expect_eq(scratch_owner("run"), NOBODY);
}

/* A stranger, or an earlier `up`, left its lock in a directory that was there before. */
Test(host_runtime, a_directory_of_roots_with_our_lock_in_it_stays_roots)
{
	scratch_mkdir("run", 0750);
	scratch_write("run/up.lock", "");
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(runtime_directory_make(scratch_path("run"), &user, &error), 0);
		cr_expect_eq(scratch_owner("run"), 0);
	}
}

Test(host_runtime, without_its_parent_no_directory_is_made)
{
	cr_expect_eq(runtime_directory_make(scratch_path("a/run"), &user, &error), -ENOENT);
	cr_expect_not_null(strstr(error.text, scratch_path("a/run")), "%s", error.text);
}

/* ---- the lock */

/* Another process, without `held`: takes the lock, reports it, and ends. */
static pid_t start_second(int held, int ready)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		struct error failure;
		int fd = -1;

		close(held);
		alarm(20);
		if (runtime_lock(scratch, &fd, &failure) || write(ready, "", 1) != 1)
			_exit(1);
		_exit(0);
	}
	return pid;
}

Test(host_runtime, the_second_holder_waits_until_the_first_releases_it)
{
	struct pollfd taken = {.events = POLLIN};
	int fd = -1, ends[2], status;
	pid_t second;

	cr_assert_eq(pipe(ends), 0);
	taken.fd = ends[0];
	cr_assert_eq(runtime_lock(scratch, &fd, &error), 0, "%s", error.text);
	second = start_second(fd, ends[1]);
	cr_expect_eq(poll(&taken, 1, 200), 0, "two hold the lock");
	close(fd);
	cr_expect_eq(poll(&taken, 1, 5000 * (int)test_patience()), 1, "it waits for nobody");
	cr_assert_eq(waitpid(second, &status, 0), second);
	cr_expect_eq(status, 0);
}

Test(host_runtime, the_lock_is_for_root_only_and_stays)
{
	int fd = -1;

	cr_assert_eq(runtime_lock(scratch, &fd, &error), 0);
	close(fd);
	cr_expect_eq(scratch_mode("up.lock"), 0600);
	cr_expect_eq(scratch_owner("up.lock"), 0);
}

Test(host_runtime, a_pipe_in_place_of_the_lock_blocks_nobody)
{
	_cleanup_(close_fd_p) int fd = -1;

	cr_assert_eq(mkfifo(scratch_path("up.lock"), 0666), 0);
	alarm(20);
	cr_expect_eq(runtime_lock(scratch, &fd, &error), 0, "%s", error.text);
}

/* The agent's user holds a lock of its own there: it must not hold root up. */
Test(host_runtime, a_lock_of_another_user_in_its_place_holds_nobody_up)
{
	_cleanup_(close_fd_p) int held = -1, fd = -1;

	scratch_write("up.lock", "");
	cr_assert_eq(lchown(scratch_path("up.lock"), NOBODY, NOBODY), 0);
	held = open(scratch_path("up.lock"), O_RDONLY | O_CLOEXEC);
	cr_assert_eq(flock(held, LOCK_EX), 0);
	alarm(20);
	cr_expect_eq(runtime_lock(scratch, &fd, &error), 0, "%s", error.text);
	cr_expect_eq(scratch_owner("up.lock"), 0);
}

Test(host_runtime, a_link_in_place_of_the_lock_is_not_followed)
{
	int fd = -1;

	cr_assert_eq(symlink(scratch_path("elsewhere"), scratch_path("up.lock")), 0);
	cr_expect_eq(runtime_lock(scratch, &fd, &error), -ELOOP);
	cr_expect_eq(fd, -1);
	cr_expect_not(scratch_exists("elsewhere"));
}

Test(host_runtime, without_the_directory_there_is_no_lock)
{
	int fd = -1;

	cr_expect_eq(runtime_lock(scratch_path("nothing"), &fd, &error), -ENOENT);
	cr_expect_eq(fd, -1);
}

/* ---- the state file */

static int make_state(const char *name)
{
	return runtime_state_make(scratch_path(name), &user, &error);
}

Test(host_runtime, the_state_file_and_its_directory_are_made_for_the_user)
{
	cr_assert_eq(make_state("lib/state.db"), 0, "%s", error.text);
	cr_expect_eq(scratch_owner("lib"), NOBODY);
	cr_expect_not(scratch_exists("lib/state.db"), "the user's own process makes it");
}

Test(host_runtime, a_state_file_of_roots_becomes_the_users_with_its_contents)
{
	_cleanup_(free_p) char *before = NULL;
	struct state *state;

	cr_assert_eq(sqlite_open(scratch_path("state.db"), &state, &error), 0, "%s", error.text);
	state_free(state);
	before = strdup(scratch_read("state.db"));
	cr_assert_eq(make_state("state.db"), 0, "%s", error.text);
	cr_expect_eq(scratch_owner("state.db"), NOBODY);
	cr_expect_str_eq(scratch_read("state.db"), before);
}

Test(host_runtime, an_empty_state_file_of_roots_becomes_the_users)
{
	scratch_write("state.db", "");
	cr_assert_eq(make_state("state.db"), 0, "%s", error.text);
	cr_expect_eq(scratch_owner("state.db"), NOBODY);
}

Test(host_runtime, any_other_file_of_roots_stays_roots)
{
	sqlite3 *db;

	scratch_write("roots.txt", "secret");
	cr_assert_eq(make_state("roots.txt"), 0);
	cr_expect_eq(scratch_owner("roots.txt"), 0);
	cr_assert_eq(sqlite3_open(scratch_path("packages.db"), &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, "CREATE TABLE packages (name)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	cr_assert_eq(make_state("packages.db"), 0);
	cr_expect_eq(scratch_owner("packages.db"), 0);
}

Test(host_runtime, a_pipe_in_place_of_the_state_file_blocks_nobody)
{
	cr_assert_eq(mkfifo(scratch_path("state.db"), 0666), 0);
	alarm(20);
	cr_assert_eq(make_state("state.db"), 0);
	cr_expect_eq(scratch_owner("state.db"), 0);
}

Test(host_runtime, a_state_file_of_another_user_keeps_its_owner)
{
	scratch_write("state.db", "");
	cr_assert_eq(lchown(scratch_path("state.db"), OTHER, OTHER), 0);
	cr_assert_eq(make_state("state.db"), 0);
	cr_expect_eq(scratch_owner("state.db"), OTHER);
}

Test(host_runtime, a_file_with_a_second_name_is_not_given_away)
{
	scratch_write("passwd", "");
	cr_assert_eq(link(scratch_path("passwd"), scratch_path("state.db")), 0);
	cr_assert_eq(make_state("state.db"), 0);
	cr_expect_eq(scratch_owner("passwd"), 0);
}

Test(host_runtime, a_link_in_place_of_the_state_file_is_refused)
{
	scratch_write("passwd", "");
	cr_assert_eq(symlink(scratch_path("passwd"), scratch_path("state.db")), 0);
	cr_expect_eq(make_state("state.db"), -ELOOP);
	cr_expect_not_null(strstr(error.text, "state file"), "%s", error.text);
	cr_expect_eq(scratch_owner("passwd"), 0);
}
