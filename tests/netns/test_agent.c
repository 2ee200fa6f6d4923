/* SPDX-License-Identifier: BSD-2-Clause */
/* The agent as a process: its rights, and the host without it. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_agent, .init = world_init, .fini = world_done, .timeout = 45);

static const struct origin tenant = {.host = TENANT};
static const struct origin local = {.host = MAIL};

static char *proc_status(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return read_text(path);
}

Test(netns_agent, runs_as_its_user_with_no_capability_and_no_way_to_get_one)
{
	static const char *const expected[] = {
		"\nUid:\t65534\t65534\t65534\t65534\n", "\nGid:\t65534\t65534\t65534\t65534\n",
		"\nCapInh:\t0000000000000000\n",	"\nCapPrm:\t0000000000000000\n",
		"\nCapEff:\t0000000000000000\n",	"\nCapBnd:\t0000000000000000\n",
		"\nCapAmb:\t0000000000000000\n",	"\nNoNewPrivs:\t1\n",
	};
	_cleanup_(free_p) char *status = proc_status(postern_begin(NULL));

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		cr_assert_not_null(strstr(status, expected[i]), "expected %s in:\n%s",
				   expected[i] + 1, status);
}

Test(netns_agent, a_reload_names_the_keys_that_need_a_restart)
{
	pid_t agent = postern_begin(NULL);

	free(host_must(MAIL, "echo 'decisions_max = 2048  dns_timeout_ms = 200  flows_max = 4096' "
			     ">>$directory/postern.conf"));
	kill(agent, SIGHUP);
	cr_expect(
		wait_for(host_succeeds(MAIL, "grep -q 'new values of decisions_max need a restart "
					     "of the agent' $directory/agent.log"),
			 3000));
}

Test(netns_agent, without_capabilities_it_changes_a_verdict_in_the_pinned_map)
{
	_cleanup_(free_p) char *map = NULL;

	postern_begin(NULL);
	free(postern_must("sender set tenant-7 high-risk"));
	map = host_must(MAIL, "bpftool map dump pinned %s/postern_verdict", world.pin_path);
	cr_assert_not_null(strstr(map, "\"label\": \"tenant-7\""), "%s", map);
	cr_assert_not_null(strstr(map, "\"pool_label\": \"high-risk\""), "%s", map);
	cr_assert_not_null(strstr(map, "\"reason\": \"REASON_MANUAL\""), "%s", map);
}

Test(netns_agent, killed_in_the_middle_of_traffic_it_takes_nothing_with_it)
{
	struct capture *capture;
	int receiver = receiver_open(25);
	pid_t agent = postern_begin(NULL);

	free(postern_must("sender set tenant-7 high-risk"));
	free(postern_must("pool drain normal 192.0.2.10"));
	capture = capture_start();
	{
		_cleanup_talk_ struct talk before = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);
		pid_t stream = fork();

		if (!stream)
			_exit(!talk_transfer(&before, 400 << 20, 40 << 20));
		cr_assert_eq(host_stop(agent, SIGKILL), 128 + SIGKILL);
		expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
		expect_pool(receiver, &local, RECEIVER_IPV4, "normal");
		agent = postern_agent();
		int status = -1;

		waitpid(stream, &status, 0);
		cr_assert_eq(status, 0, "the transfer broke");
		cr_assert(talk_lives(&before));
	}
	expect_pools_only(capture);
}

Test(netns_agent, a_restart_after_a_kill_keeps_all_orders)
{
	_cleanup_(free_p) char *pools = NULL, *sender = NULL;
	pid_t agent = postern_begin(NULL);
	int receiver = receiver_open(25);

	free(postern_must("sender set tenant-7 high-risk"));
	free(postern_must("sender block tenant-8"));
	free(postern_must("pool drain normal 192.0.2.10"));
	free(postern_must("pool disable relay"));
	host_stop(agent, SIGKILL);
	postern_agent();
	pools = postern_must("-j pool list | jq -c '[.[] | [.name, .state, "
			     "(.addresses[] | select(.state != \"active\") | .address)]]'");
	cr_assert_str_eq(pools, "[[\"normal\",\"enabled\",\"192.0.2.10\"],"
				"[\"high-risk\",\"enabled\"],[\"relay\",\"disabled\"]]\n");
	sender = postern_must("-j sender show tenant-7 | jq -c '[.verdict.pool, .verdict.reason]'");
	cr_assert_str_eq(sender, "[\"high-risk\",\"manual\"]\n");
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
	expect_refused(receiver, &(struct origin){.host = TENANT, .bind = TENANT_OTHER},
		       RECEIVER_IPV4);
}

Test(netns_agent, orders_outlive_down_and_up)
{
	int receiver = receiver_open(25);
	pid_t agent = postern_begin(NULL);

	free(postern_must("sender set tenant-7 high-risk"));
	host_stop(agent, SIGTERM);
	free(postern_must("down"));
	free(postern_must("up"));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
	expect_pool(receiver, &local, RECEIVER_IPV4, "normal");
}

/* As a mail server in the agent's group does it, see README.md. */
#define AS_MEMBER "setpriv --reuid 4711 --regid 65534 --clear-groups "

static struct result ask_as_member(const char *arguments)
{
	return host_run(MAIL, AS_MEMBER "curl -s --unix-socket %s/run/api.sock %s", world.directory,
			arguments);
}

Test(netns_agent, a_user_of_its_group_may_ask_and_not_command)
{
	_cleanup_result_ struct result ask = {0}, order = {0}, command = {0};

	postern_begin(NULL);
	ask = ask_as_member("-d '{}' http://localhost/v1/messages");
	cr_expect_not_null(strstr(ask.text, "\"action\""), "%s", ask.text);
	order = ask_as_member("-X PATCH -d '{\"state\":\"disabled\"}' "
			      "http://localhost/v1/pools/normal");
	cr_expect_not_null(strstr(order.text, "user '4711' may not command"), "%s", order.text);
	command = host_run(MAIL, AS_MEMBER "%s -c %s/postern.conf pool disable normal",
			   getenv("POSTERN"), world.directory);
	cr_expect_eq(command.status, 1);
	cr_expect_not_null(strstr(command.text, "may not command"), "%s", command.text);
}

/*
 * Sets verdicts without end, one after another; notes each that is confirmed and the one that is
 * not.
 */
static pid_t start_changes(void)
{
	static const char script[] = "while :; do for pool in high-risk relay normal; do "
				     "echo $pool >asked; "
				     "\"$0\" -c postern.conf sender set tenant-7 $pool || exit 0; "
				     "echo $pool >confirmed; done; done";
	const char *const argv[] = {"env", "-C",   world.directory,   "sh",
				    "-c",  script, getenv("POSTERN"), NULL};

	return host_start(MAIL, "changes", argv);
}

static bool is_noted(const char *name, const char *pool)
{
	return host_succeeds(MAIL, "test \"$(cat %s/%s)\" = '%s'", world.directory, name, pool);
}

static bool has_confirmed(void)
{
	return host_succeeds(MAIL, "test -s %s/confirmed", world.directory);
}

Test(netns_agent, killed_between_orders_it_keeps_each_confirmed_one)
{
	static const int after_ms[] = {0, 1, 2, 3, 5, 7, 11, 13};
	pid_t agent = postern_begin(NULL);

	for (size_t i = 0; i < sizeof(after_ms) / sizeof(after_ms[0]); i++) {
		_cleanup_(free_p) char *shown = NULL, *in_map = NULL;
		pid_t changes = start_changes();

		cr_assert(wait_for(has_confirmed(), 5000));
		poll(NULL, 0, after_ms[i]);
		cr_assert_eq(host_stop(agent, SIGKILL), 128 + SIGKILL);
		waitpid(changes, NULL, 0);
		agent = postern_agent();
		shown = postern_must("-j sender show tenant-7 | jq -r .verdict.pool");
		shown[strcspn(shown, "\n")] = '\0';
		/* The last order may be durable without an answer. */
		cr_assert(is_noted("confirmed", shown) || is_noted("asked", shown),
			  "after %d ms: %s", after_ms[i], shown);
		in_map = host_must(MAIL,
				   "bpftool -j map dump pinned $pin_path/postern_verdict | jq -r "
				   "'.[].formatted.value | select(.label == \"tenant-7\") |"
				   ".pool_label'");
		in_map[strcspn(in_map, "\n")] = '\0';
		cr_assert_str_eq(in_map, shown);
		free(host_must(MAIL, "rm %s/confirmed", world.directory));
	}
}

Test(netns_agent, ends_by_a_signal_with_status_0)
{
	cr_assert_eq(host_stop(postern_begin(NULL), SIGTERM), 0);
}

Test(netns_agent, without_it_the_command_line_reads_the_maps_and_reports_that)
{
	_cleanup_result_ struct result listed = {0}, set = {0};

	postern_configure(NULL);
	free(postern_must("up"));
	listed = postern_run("sender list");
	cr_assert_eq(listed.status, 0, "%s", listed.text);
	cr_assert_not_null(strstr(listed.text, "tenant-7"), "%s", listed.text);
	cr_assert_not_null(strstr(listed.text, "agent"), "does not say so: %s", listed.text);
	set = postern_run("sender set tenant-7 high-risk");
	cr_assert_eq(set.status, 1, "%s", set.text);
}

/* ---- the milter in status and metrics */

static bool status_says(const char *line)
{
	_cleanup_result_ struct result status = postern_run("status 2>/dev/null");
	bool is_well = !strstr(status.text, "NOT") && !strstr(status.text, "not running");

	cr_expect_eq(status.status, is_well ? 0 : 3, "exit %d: %s", status.status, status.text);
	return strstr(status.text, line);
}

static bool milter_is_shown(bool running)
{
	return postern_metric("postern_milter_running") == running;
}

Test(netns_agent, a_milter_that_is_down_is_shown_with_the_agent_and_without_it)
{
	const char *argv[] = {getenv("POSTERN"), "-c", NULL, "milter", NULL};
	_cleanup_(free_p) char *conf = NULL, *socket = NULL, *since = NULL;
	pid_t agent, milter;

	cr_assert_geq(asprintf(&conf, "%s/postern.conf", world.directory), 0);
	cr_assert_geq(asprintf(&socket, "milter = \"unix:%s/run/m.sock\"\n", world.directory), 0);
	argv[2] = conf;
	agent = postern_begin(&(const struct setup){.more = socket});
	cr_assert(milter_is_shown(false));
	cr_assert(status_says("milter    NOT running"));
	milter = host_start(MAIL, "milter", argv);
	cr_assert(wait_for(milter_is_shown(true), 5000));
	since = postern_must("-j status | jq -r '.milter | select(.running) | .since | fromdate'");
	cr_assert_gt(atoll(since), time(NULL) - 60, "%s", since);
	cr_assert_leq(atoll(since), time(NULL), "%s", since);
	host_stop(agent, SIGTERM);
	cr_assert(status_says("milter    running since 20"));
	host_stop(milter, SIGKILL);
	cr_assert(status_says("milter    NOT running"));
	postern_agent();
	cr_assert(milter_is_shown(false));
}

/* ---- the exit status of status */

static void expect_status(const char *arguments, int status)
{
	_cleanup_result_ struct result result = postern_run("status %s", arguments);

	cr_expect_eq(result.status, status, "exit %d: %s", result.status, result.text);
}

Test(netns_agent, status_exits_with_0_only_where_all_is_well)
{
	pid_t agent;

	postern_configure(NULL);
	expect_status("", 3);
	free(postern_must("up"));
	expect_status("", 3);
	expect_status("--wait 1s", 3);
	agent = postern_agent();
	expect_status("", 0);
	expect_status("--wait 15s", 0);
	free(host_must(MAIL, "tc qdisc del dev wan clsact 2>/dev/null || true; ip link del wan"));
	expect_status("", 3);
	host_stop(agent, SIGTERM);
}

Test(netns_agent, status_waits_until_all_is_well)
{
	const char *argv[] = {getenv("POSTERN"), "-c", NULL, "status", "--wait", "30s", NULL};
	_cleanup_(free_p) char *conf = NULL;
	pid_t waiter;

	argv[2] = conf = strdup(postern_configure(NULL));
	waiter = host_start(MAIL, "waiter", argv);
	free(postern_must("up"));
	postern_agent();
	cr_expect_eq(host_stop(waiter, 0), 0);
}
