/* SPDX-License-Identifier: BSD-2-Clause */
/* Locks of one process of a kind: taken, looked at, released. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "process/lock.h"

static char directory[] = "/tmp/postern-lock-XXXXXX";
static struct error error;

static void make_directory(void)
{
	cr_assert_not_null(mkdtemp(directory));
}

static void remove_directory(void)
{
	char file[64];

	snprintf(file, sizeof(file), "%s/milter.lock", directory);
	unlink(file);
	snprintf(file, sizeof(file), "%s/agent.lock", directory);
	unlink(file);
	rmdir(directory);
}

TestSuite(process_lock, .init = make_directory, .fini = remove_directory, .timeout = 30);

Test(process_lock, one_holds_it_and_the_next_gets_the_name_of_its_file)
{
	_cleanup_(close_fd_p) int first = -1, second = -1, other = -1;

	cr_assert_eq(lock_take(directory, "milter", &first, &error), 0, "%s", error.text);
	cr_assert_eq(lock_take(directory, "milter", &second, &error), -EBUSY);
	cr_expect_eq(second, -1);
	cr_expect(strstr(error.text, "milter already running"), "%s", error.text);
	cr_expect(strstr(error.text, "/milter.lock"), "%s", error.text);
	cr_expect_eq(lock_take(directory, "agent", &other, &error), 0, "%s", error.text);
}

Test(process_lock, without_its_directory_there_is_none)
{
	int64_t since_sec = 7;
	int fd = -1;

	cr_expect_eq(lock_take("/nonexistent", "milter", &fd, &error), -ENOENT);
	cr_expect_eq(lock_look("/nonexistent", "milter", &since_sec), -ENOENT);
	cr_expect_eq(since_sec, 7);
}

Test(process_lock, a_look_distinguishes_never_held_from_held_and_released)
{
	int64_t since_sec = 7;
	int fd = -1;

	cr_assert_eq(lock_look(directory, "milter", &since_sec), -ENOENT);
	cr_assert_eq(lock_take(directory, "milter", &fd, &error), 0, "%s", error.text);
	cr_assert_eq(lock_look(directory, "milter", &since_sec), 0);
	cr_expect_leq(since_sec, time(NULL));
	cr_expect_gt(since_sec, time(NULL) - 10);
	close(fd);
	since_sec = 7;
	cr_assert_eq(lock_look(directory, "milter", &since_sec), -ESRCH);
	cr_expect_eq(since_sec, 7);
}

/* The file is older than the holder: only the holder's time counts. */
Test(process_lock, the_time_is_the_one_at_which_the_holder_took_it)
{
	const struct timespec long_ago[2] = {{.tv_sec = 86400}, {.tv_sec = 86400}};
	_cleanup_(close_fd_p) int fd = -1;
	int64_t since_sec = 0;

	cr_assert_eq(lock_take(directory, "milter", &fd, &error), 0, "%s", error.text);
	cr_assert_eq(futimens(fd, long_ago), 0);
	close(fd);
	cr_assert_eq(lock_take(directory, "milter", &fd, &error), 0, "%s", error.text);
	cr_assert_eq(lock_look(directory, "milter", &since_sec), 0);
	cr_expect_gt(since_sec, time(NULL) - 10);
}

static pid_t look_all_the_time(void)
{
	pid_t pid = fork();
	int64_t since_sec;

	cr_assert_geq(pid, 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		lock_look(directory, "milter", &since_sec);
}

Test(process_lock, looking_keeps_nobody_from_taking_it)
{
	pid_t looker = look_all_the_time();

	for (int i = 0; i < 20000; i++) {
		int fd = -1;

		cr_assert_eq(lock_take(directory, "milter", &fd, &error), 0, "%s", error.text);
		close(fd);
	}
	kill(looker, SIGKILL);
	waitpid(looker, NULL, 0);
}

/* ---- holders that end, and files of another user's */

static pid_t hold_in_child(void)
{
	int ready[2], fd = -1;
	char byte;
	pid_t pid;

	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (lock_take(directory, "agent", &fd, &error) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 1, "the child took the lock");
	close(ready[0]);
	return pid;
}

Test(process_lock, a_holder_that_is_killed_holds_it_no_more)
{
	_cleanup_(close_fd_p) int fd = -1;
	pid_t holder = hold_in_child();

	cr_assert_eq(lock_take(directory, "agent", &fd, &error), -EBUSY);
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	cr_expect_eq(lock_take(directory, "agent", &fd, &error), 0, "%s", error.text);
}

Test(process_lock, a_file_that_root_made_serves_another_user)
{
	int fd = -1, status;
	pid_t pid;

	if (geteuid() != 0)
		cr_skip_test("needs root to become another user");
	cr_assert_eq(lock_take(directory, "agent", &fd, &error), 0, "%s", error.text);
	close(fd);
	cr_assert_eq(chmod(directory, 0755), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0)
		_exit(setresuid(65534, 65534, 65534) || lock_take(directory, "agent", &fd, &error));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0);
}

Test(process_lock, a_link_in_its_place_is_not_followed)
{
	char file[64];
	int fd = -1;

	snprintf(file, sizeof(file), "%s/agent.lock", directory);
	cr_assert_eq(symlink("/nonexistent", file), 0);
	cr_expect_eq(lock_take(directory, "agent", &fd, &error), -ELOOP);
	cr_expect_eq(fd, -1);
}

Test(process_lock, a_pipe_in_its_place_blocks_nobody)
{
	_cleanup_(close_fd_p) int fd = -1;
	char file[64];

	snprintf(file, sizeof(file), "%s/agent.lock", directory);
	cr_assert_eq(mkfifo(file, 0666), 0);
	cr_expect_eq(lock_take(directory, "agent", &fd, &error), 0, "%s", error.text);
}
