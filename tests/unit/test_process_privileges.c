/* SPDX-License-Identifier: BSD-2-Clause */
/* Privileges of real processes, as the kernel shows them in /proc/self/status. */
#include "process/privileges.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

#define USER	    "nobody"
#define GUARD	    (PRIVILEGE(CAP_NET_ADMIN) | PRIVILEGE(CAP_BPF) | PRIVILEGE(CAP_PERFMON))
#define NO_NAME	    4242424242U
#define TIMEOUT_SEC 10

static void need_root(void)
{
	if (geteuid() != 0)
		cr_skip_test("needs root to give up privileges");
}

TestSuite(process_privileges, .init = need_root);

/* ---- work in a child process, which reports to the test */

struct report {
	char text[4096];
	int status; /* waitpid(2)'s */
};

typedef void (*child_work)(FILE *out);

static void run_child(child_work work, int fd)
{
	FILE *out = fdopen(fd, "we");

	alarm(TIMEOUT_SEC);
	if (!out)
		_exit(99);
	work(out);
	fclose(out);
	_exit(0);
}

static void in_child(child_work work, struct report *ret_report)
{
	_cleanup_(fclose_p) FILE *in = NULL;
	int ends[2];
	pid_t child;

	cr_assert_eq(pipe(ends), 0);
	child = fork();
	cr_assert_geq(child, 0);
	if (child == 0)
		run_child(work, ends[1]);
	close(ends[1]);
	in = fdopen(ends[0], "re");
	cr_assert_not_null(in);
	ret_report->text[fread(ret_report->text, 1, sizeof(ret_report->text) - 1, in)] = '\0';
	cr_assert_eq(waitpid(child, &ret_report->status, 0), child);
}

static void print_status(FILE *out)
{
	_cleanup_(fclose_p) FILE *status = fopen("/proc/self/status", "re");
	char line[256];

	while (status && fgets(line, sizeof(line), status))
		fputs(line, out);
}

/* A line of /proc/self/status, as "NAME:\tVALUE". */
static void expect_set(const struct report *report, const char *name, uint64_t set)
{
	char line[64];

	snprintf(line, sizeof(line), "\n%s:\t%016llx\n", name, (unsigned long long)set);
	cr_expect_not_null(strstr(report->text, line), "expected '%s' in:\n%s", line + 1,
			   report->text);
}

static void expect_line(const struct report *report, const char *line)
{
	cr_expect_not_null(strstr(report->text, line), "expected '%s' in:\n%s", line, report->text);
}

static void print_result(FILE *out, int r, const struct error *error)
{
	fprintf(out, "\nresult %d%s%s\n", r, r ? ": " : "", r ? error->text : "");
}

/* ---- dropping all */

static void drop(FILE *out)
{
	struct error error;

	print_result(out, privileges_drop(USER, &error), &error);
	print_status(out);
}

Test(process_privileges, root_becomes_the_user_without_any_capability)
{
	const struct passwd *user = getpwnam(USER);
	struct report report;
	char line[128];

	in_child(drop, &report);
	expect_line(&report, "\nresult 0\n");
	snprintf(line, sizeof(line), "\nUid:\t%1$u\t%1$u\t%1$u\t%1$u\n", user->pw_uid);
	expect_line(&report, line);
	snprintf(line, sizeof(line), "\nGid:\t%1$u\t%1$u\t%1$u\t%1$u\n", user->pw_gid);
	expect_line(&report, line);
	snprintf(line, sizeof(line), "\nGroups:\t%u \n", user->pw_gid);
	expect_line(&report, line);
	expect_line(&report, "\nNoNewPrivs:\t1\n");
	expect_set(&report, "CapInh", 0);
	expect_set(&report, "CapPrm", 0);
	expect_set(&report, "CapEff", 0);
	expect_set(&report, "CapBnd", 0);
	expect_set(&report, "CapAmb", 0);
}

static void drop_to_root(FILE *out)
{
	struct error error;

	print_result(out, privileges_drop("root", &error), &error);
	print_status(out);
}

Test(process_privileges, root_that_stays_root_has_no_capability_either)
{
	struct report report;

	in_child(drop_to_root, &report);
	expect_line(&report, "\nUid:\t0\t0\t0\t0\n");
	expect_set(&report, "CapPrm", 0);
	expect_set(&report, "CapEff", 0);
	expect_set(&report, "CapBnd", 0);
}

static void drop_to_nobody_known(FILE *out)
{
	struct error error;

	print_result(out, privileges_drop("no-such-user", &error), &error);
}

Test(process_privileges, a_user_that_does_not_exist_is_an_error)
{
	char expected[96];
	struct report report;

	in_child(drop_to_nobody_known, &report);
	snprintf(expected, sizeof(expected),
		 "\nresult %d: user 'no-such-user': no such user: create it, or set user = "
		 "\"NAME\"\n",
		 -ENOENT);
	expect_line(&report, expected);
}

/* ---- where capset(2) kills, as under the milter's unit */

static void kill_at_capset(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_capset, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(98);
}

static void drop_once_more(FILE *out)
{
	struct error error;

	if (privileges_drop(USER, &error))
		_exit(97);
	kill_at_capset();
	print_result(out, privileges_drop(USER, &error), &error);
}

static void call_capset(FILE *out)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	(void)out;
	kill_at_capset();
	syscall(SYS_capset, &header, none);
}

Test(process_privileges, a_process_without_capabilities_makes_no_capset)
{
	struct report report;

	in_child(call_capset, &report);
	cr_assert(WIFSIGNALED(report.status) && WTERMSIG(report.status) == SIGSYS,
		  "the filter kills at capset: status %x", report.status);
	in_child(drop_once_more, &report);
	cr_expect_eq(report.status, 0, "status %x", report.status);
	expect_line(&report, "\nresult 0\n");
}

/* ---- keeping some */

static void reduce(FILE *out)
{
	struct error error;

	print_result(out, privileges_reduce(GUARD, &error), &error);
	print_status(out);
}

Test(process_privileges, the_given_set_is_kept_and_nothing_else)
{
	struct report report;

	in_child(reduce, &report);
	expect_line(&report, "\nresult 0\n");
	expect_line(&report, "\nUid:\t0\t0\t0\t0\n");
	expect_line(&report, "\nNoNewPrivs:\t1\n");
	expect_set(&report, "CapInh", 0);
	expect_set(&report, "CapPrm", GUARD);
	expect_set(&report, "CapEff", GUARD);
	expect_set(&report, "CapBnd", GUARD);
	expect_set(&report, "CapAmb", 0);
}

static void reduce_and_want_more(FILE *out)
{
	struct error error;

	if (privileges_reduce(GUARD, &error))
		_exit(97);
	print_result(out, privileges_reduce(PRIVILEGE(CAP_BPF) | PRIVILEGE(CAP_CHOWN), &error),
		     &error);
	print_status(out);
}

Test(process_privileges, a_set_with_more_than_there_is_is_refused_and_changes_nothing)
{
	char expected[128];
	struct report report;

	in_child(reduce_and_want_more, &report);
	snprintf(expected, sizeof(expected),
		 "\nresult %d: not privileged: lacks the capability cap_chown; run it as root\n",
		 -EPERM);
	expect_line(&report, expected);
	expect_set(&report, "CapEff", GUARD);
}

static void check_all(FILE *out)
{
	struct error error;

	print_result(out, privileges_check(GUARD, &error), &error);
	if (privileges_drop(USER, &error))
		_exit(97);
	print_result(out, privileges_check(0, &error), &error);
	print_result(out, privileges_check(GUARD, &error), &error);
}

Test(process_privileges, the_first_capability_that_is_missing_is_named)
{
	char expected[160];
	struct report report;

	in_child(check_all, &report);
	snprintf(expected, sizeof(expected),
		 "\nresult 0\n\nresult 0\n\nresult %d: not privileged: lacks the capability "
		 "cap_net_admin; run it as root\n",
		 -EPERM);
	cr_expect_str_eq(report.text, expected);
}

/* ---- the parent */

/* A parent that ends at once, and the child that it leaves to us, its subreaper. */
static pid_t orphan(int ready[2])
{
	pid_t parent = fork();
	char byte;

	if (parent == 0) {
		struct error error;

		if (fork() != 0) {
			if (read(ready[0], &byte, 1) != 1)
				_exit(1);
			_exit(0);
		}
		alarm(TIMEOUT_SEC);
		if (privileges_become(USER, true, &error) || write(ready[1], "x", 1) != 1)
			_exit(96);
		for (;;)
			pause();
	}
	return parent;
}

Test(process_privileges, the_end_of_the_parent_ends_the_child)
{
	int ready[2], status;
	pid_t parent, child;

	cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	cr_assert_eq(pipe(ready), 0);
	parent = orphan(ready);
	cr_assert_eq(waitpid(parent, &status, 0), parent);
	cr_assert_eq(status, 0);
	child = waitpid(-1, &status, 0);
	cr_assert_gt(child, 0);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "status %x", status);
}

/* ---- the name */

static void print_names(FILE *out)
{
	char user[PRIVILEGES_USER_SIZE];

	privileges_user(user);
	fprintf(out, "%s ", user);
	if (setresuid(NO_NAME, NO_NAME, NO_NAME) < 0)
		_exit(97);
	privileges_user(user);
	fprintf(out, "%s", user);
}

Test(process_privileges, a_user_without_a_name_is_a_number)
{
	struct report report;

	in_child(print_names, &report);
	cr_expect_str_eq(report.text, "root 4242424242");
}
