/* SPDX-License-Identifier: BSD-2-Clause */
/* `postern run`: up, the agent as a child without root, and down at the end. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_run, .init = world_init, .fini = world_done, .timeout = 60);

static const struct origin tenant = {.host = TENANT};

/* Addresses without their lifetimes, qdiscs and pins of the mail host. */
static char *host_picture(void)
{
	return host_must(MAIL,
			 "ip -o address show | sed 's/ *valid_lft.*//; / fe80::/d'; tc qdisc show;"
			 "ls %s 2>&1 || true",
			 world.pin_path);
}

static bool agent_answers(void)
{
	return host_succeeds(MAIL,
			     "curl -sf --unix-socket %s/run/api.sock http://localhost/v1/status",
			     world.directory);
}

static pid_t start(void)
{
	const char *const argv[] = {getenv("POSTERN"), "-c", postern_configure(NULL), "run", NULL};
	pid_t pid = host_start(MAIL, "run", argv);

	cr_assert(wait_for(agent_answers(), 5000), "the agent does not answer");
	return pid;
}

static pid_t child_of(pid_t pid)
{
	_cleanup_(free_p) char *text = host_must(MAIL, "cat /proc/%d/task/%d/children", pid, pid);
	int child = atoi(text);

	cr_assert_gt(child, 0, "%d has no child", pid);
	return child;
}

static bool has_uid(pid_t pid, unsigned uid)
{
	return host_succeeds(MAIL, "grep -qP '^Uid:\t%u\t%u\t%u\t%u$' /proc/%d/status", uid, uid,
			     uid, uid, pid);
}

Test(netns_run, a_signal_ends_the_agent_and_takes_the_datapath_down)
{
	_cleanup_(free_p) char *before = NULL, *after = NULL;
	int receiver = receiver_open(25);
	pid_t run;

	postern_configure(NULL);
	before = host_picture();
	run = start();
	cr_expect(has_uid(run, 0));
	cr_expect(has_uid(child_of(run), 65534));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
	cr_expect_eq(host_stop(run, SIGTERM), 0);
	after = host_picture();
	cr_expect_str_eq(before, after);
}

Test(netns_run, an_agent_that_is_killed_takes_the_datapath_down_and_is_its_exit_status)
{
	_cleanup_(free_p) char *before = NULL, *after = NULL;
	pid_t run;

	postern_configure(NULL);
	before = host_picture();
	run = start();
	kill(child_of(run), SIGKILL);
	cr_expect_eq(host_stop(run, 0), 128 + SIGKILL);
	after = host_picture();
	cr_expect_str_eq(before, after);
}

Test(netns_run, a_killed_parent_leaves_the_datapath_and_no_agent)
{
	int receiver = receiver_open(25);
	pid_t run = start(), agent = child_of(run);

	cr_expect_eq(host_stop(run, SIGKILL), 128 + SIGKILL);
	cr_expect(wait_for(kill(agent, 0) != 0, 5000), "the agent outlives its parent");
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
	free(postern_must("down"));
}

Test(netns_run, beside_an_agent_it_is_refused_and_changes_nothing)
{
	int receiver = receiver_open(25);
	pid_t agent = postern_begin(NULL);
	_cleanup_talk_ struct talk talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);
	_cleanup_result_ struct result run = postern_run("run");

	cr_expect_eq(run.status, 1);
	cr_expect_not_null(strstr(run.text, "agent"), "%s", run.text);
	cr_expect(talk_lives(&talk));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
	cr_expect_eq(kill(agent, 0), 0);
}

static bool is_on_wan(const char *address)
{
	return host_succeeds(MAIL, "ip address show dev wan | grep -q ' %s/'", address);
}

Test(netns_run, what_the_host_loses_comes_back_also_after_the_guard_was_killed)
{
	pid_t run = start();
	int guard;

	cr_assert(wait_for(
		host_succeeds(MAIL, "grep -q 'watching the host' %s/run.log", world.directory),
		5000));
	free(host_must(MAIL, "ip address del 192.0.2.10/32 dev wan"));
	cr_expect(wait_for(is_on_wan("192.0.2.10"), 5000));
	guard = atoi(strchr(host_must(MAIL, "cat /proc/%d/task/%d/children", run, run), ' '));
	cr_assert_gt(guard, 0);
	kill(guard, SIGKILL);
	cr_assert(wait_for(host_succeeds(MAIL, "[ $(grep -c 'watching the host' %s/run.log) = 2 ]",
					 world.directory),
			   5000));
	free(host_must(MAIL, "ip address del 192.0.2.11/32 dev wan"));
	cr_expect(wait_for(is_on_wan("192.0.2.11"), 5000));
	cr_expect_eq(host_stop(run, SIGTERM), 0);
	cr_expect_not(is_on_wan("192.0.2.10"));
}

Test(netns_run, a_hangup_reaches_the_agent)
{
	pid_t run = start();

	kill(run, SIGHUP);
	cr_expect(wait_for(host_succeeds(MAIL, "grep -q ': reloaded' %s/run.log", world.directory),
			   5000));
	cr_expect_eq(host_stop(run, SIGTERM), 0);
}
