/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state that the agent keeps, and its work without its file: killed, damaged, full, of an older
 * version.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/http.h"
#include "netns/postern.h"

TestSuite(netns_judge_state, .init = world_init, .fini = world_done, .timeout = 60);

static const struct origin tenant = {.host = TENANT};
static const struct origin other = {.host = TENANT, .bind = TENANT_OTHER};

static const struct setup policies = {
	.more = "policy \"harsh\" { senders = { \"tenant-8\" }\n"
		"  recipients_per_day = 5  on_limit = \"restrict\" }\n"};

static char *show(const char *sender, const char *filter)
{
	return postern_must("-j sender show %s | jq -rj '%s'", sender, filter);
}

static bool has_verdict(const char *sender, const char *expected)
{
	_cleanup_(free_p) char *verdict = show(sender, ".verdict | .reason, \" \", .pool");

	return strcmp(verdict, expected) == 0;
}

static int recipients_of(const char *sender)
{
	_cleanup_(free_p) char *count = show(sender, ".windows.recipients_per_day.count");

	return atoi(count);
}

static bool state_says(const char *beginning)
{
	_cleanup_(free_p) char *state = postern_must("-j status | jq -rj .agent.state");

	return strncmp(state, beginning, strlen(beginning)) == 0;
}

static void restrict_tenant_8(int api)
{
	json_decref(http_message(api, "{\"sender\":\"tenant-8\",\"recipients_external\":6}"));
	cr_assert(has_verdict("tenant-8", "restricted null"));
}

static void send_one(int api)
{
	json_decref(http_message(api, "{\"sender\":\"tenant-7\",\"recipients_external\":1}"));
}

/* A second between two writes, and the time of one, on a disk with other work. */
#define WRITTEN_MS (2000 * test_patience())

/* Sends for longer than that, then kills: every answer older than that must count. */
Test(netns_judge_state, a_kill_loses_no_restriction_and_at_most_a_second_of_counts)
{
	int receiver = receiver_open(25);
	pid_t agent = postern_begin(&policies);
	_cleanup_(close_fd_p) int api = http_connect();
	static uint64_t answered_ms[10000];
	int answered = 0, old_enough = 0;
	uint64_t begin_ms = now_ms(), killed_ms;

	restrict_tenant_8(api);
	free(postern_must("sender set tenant-7 high-risk"));
	while (answered < 10000 && (answered < 100 || now_ms() < begin_ms + 2 * WRITTEN_MS)) {
		send_one(api);
		answered_ms[answered++] = now_ms();
		poll(NULL, 0, 5);
	}
	host_stop(agent, SIGKILL);
	killed_ms = now_ms();
	while (old_enough < answered && answered_ms[old_enough] + WRITTEN_MS < killed_ms)
		old_enough++;
	postern_agent();
	cr_assert_gt(old_enough, 10);
	cr_assert_geq(recipients_of("tenant-7"), old_enough, "of %d", answered);
	cr_assert_leq(recipients_of("tenant-7"), answered);
	cr_assert(has_verdict("tenant-7", "manual high-risk"));
	expect_refused(receiver, &other, RECEIVER_IPV4);
}

Test(netns_judge_state, after_a_clean_end_no_count_is_lost)
{
	pid_t agent = postern_begin(&policies);
	_cleanup_(close_fd_p) int api = http_connect();

	for (int i = 0; i < 20; i++)
		send_one(api);
	cr_assert_eq(host_stop(agent, SIGTERM), 0);
	postern_agent();
	cr_assert_eq(recipients_of("tenant-7"), 20);
}

static void damage(void)
{
	free(host_must(MAIL,
		       "cd %s/state && rm -f state.db-wal state.db-shm &&\n"
		       "yes 'no database' | head -c 65536 >state.db && sha256sum state.db >sum",
		       world.directory));
}

static void expect_undamaged_damage(void)
{
	free(host_must(MAIL, "cd %s/state && sha256sum -c sum", world.directory));
}

Test(netns_judge_state, over_a_damaged_file_it_decides_steers_and_says_so)
{
	int receiver = receiver_open(25);
	pid_t agent = postern_begin(&policies);
	_cleanup_(close_fd_p) int api = http_connect();

	restrict_tenant_8(api);
	host_stop(agent, SIGKILL);
	damage();
	postern_agent();
	close(api);
	api = http_connect();
	cr_assert(state_says("memory: "));
	cr_assert_eq(postern_metric("postern_state_durable"), 0);
	/* The maps still have it. */
	expect_refused(receiver, &other, RECEIVER_IPV4);
	send_one(api);
	free(postern_must("sender set tenant-7 high-risk"));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
	expect_undamaged_damage();
}

Test(netns_judge_state, once_a_damaged_file_is_put_away_all_is_in_a_new_one)
{
	pid_t agent = postern_begin(&policies);
	_cleanup_(close_fd_p) int api = http_connect();

	host_stop(agent, SIGKILL);
	damage();
	agent = postern_agent();
	close(api);
	api = http_connect();
	postern_follow();
	restrict_tenant_8(api);
	free(postern_must("sender set tenant-7 high-risk"));
	expect_undamaged_damage();
	free(host_must(MAIL, "mv %s/state/state.db %s/damaged", world.directory, world.directory));
	cr_assert(wait_for(postern_metric("postern_state_durable") == 1, 15000));
	cr_assert(wait_for(postern_printed("state", "\"trouble\":null"), 2000));
	host_stop(agent, SIGKILL);
	postern_agent();
	cr_assert(has_verdict("tenant-7", "manual high-risk"));
	cr_assert(has_verdict("tenant-8", "restricted null"));
}

Test(netns_judge_state, a_file_of_the_first_schema_is_taken_over)
{
	int receiver = receiver_open(25);
	_cleanup_(free_p) char *version = NULL;
	_cleanup_(close_fd_p) int api = -1;

	postern_configure(&policies);
	free(host_must(
		MAIL,
		"mkdir -m 0777 %s/state && sqlite3 %s/state/state.db '\n"
		"CREATE TABLE pool_state (pool TEXT PRIMARY KEY, state TEXT NOT NULL)\n"
		"	WITHOUT ROWID;\n"
		"CREATE TABLE address_state (pool TEXT NOT NULL, address TEXT NOT NULL,\n"
		"	state TEXT NOT NULL, PRIMARY KEY (pool, address)) WITHOUT ROWID;\n"
		"CREATE TABLE sender_verdict (sender TEXT PRIMARY KEY, action TEXT NOT NULL,\n"
		"	pool TEXT NOT NULL, reason TEXT NOT NULL, until_sec INTEGER NOT NULL,\n"
		"	set_sec INTEGER NOT NULL) WITHOUT ROWID;\n"
		"INSERT INTO sender_verdict VALUES\n"
		"	(\"tenant-7\", \"steer\", \"high-risk\", \"manual\", 0, 1);\n"
		"INSERT INTO address_state VALUES (\"normal\", \"192.0.2.10\", \"draining\");\n"
		"PRAGMA user_version = 1' && chmod 0666 %s/state/state.db",
		world.directory, world.directory, world.directory));
	free(postern_must("up"));
	postern_agent();
	api = http_connect();
	cr_assert(state_says("durable"));
	cr_assert(has_verdict("tenant-7", "manual high-risk"));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
	free(postern_must("-j pool list | jq -e '.[] | select(.name == \"normal\").addresses[] |\n"
			  "select(.address == \"192.0.2.10\").state == \"draining\"'"));
	restrict_tenant_8(api);
	version =
		host_must(MAIL, "sqlite3 %s/state/state.db 'PRAGMA user_version'", world.directory);
	cr_assert_str_eq(version, "6\n");
}

Test(netns_judge_state, over_a_full_disk_it_goes_on_and_says_so)
{
	_cleanup_result_ struct result full = {0};
	_cleanup_(close_fd_p) int api = -1;
	pid_t agent;

	postern_configure(&policies);
	free(host_must(MAIL,
		       "mkdir -p %s/state && mount -t tmpfs -o size=1m,mode=0777 none %s/state",
		       world.directory, world.directory));
	free(postern_must("up"));
	agent = postern_agent();
	api = http_connect();
	postern_follow();
	full = host_run(MAIL, "dd if=/dev/zero of=%s/state/ballast bs=4k", world.directory);
	for (int i = 0; i < 5000; i++)
		json_decref(http_message(api, "{\"user\":\"u%d\",\"recipients_external\":1}", i));
	restrict_tenant_8(api);
	free(postern_must("sender set tenant-7 high-risk"));
	cr_assert(wait_for(postern_metric("postern_state_durable") == 0, 5000));
	cr_assert(state_says("memory: "));
	cr_assert(wait_for(postern_printed("state", "full"), 2000));
	free(host_must(MAIL, "rm %s/state/ballast && mount -o remount,size=64m %s/state",
		       world.directory, world.directory));
	cr_assert(wait_for(postern_metric("postern_state_durable") == 1, 20000));
	host_stop(agent, SIGKILL);
	postern_agent();
	cr_assert(has_verdict("tenant-8", "restricted null"));
	cr_assert(has_verdict("tenant-7", "manual high-risk"));
	free(host_must(MAIL, "umount -l %s/state", world.directory));
}

Test(netns_judge_state, orders_hold_over_a_disk_that_is_full_at_the_start)
{
	_cleanup_(close_fd_p) int api = -1;
	pid_t agent;

	postern_configure(&policies);
	free(host_must(MAIL,
		       "mkdir -p %s/state && mount -t tmpfs -o size=256k,mode=0777 none %s/state",
		       world.directory, world.directory));
	free(postern_must("up"));
	agent = postern_agent();
	api = http_connect();
	restrict_tenant_8(api);
	free(postern_must("sender set tenant-7 high-risk"));
	free(postern_must("pool disable relay"));
	host_stop(agent, SIGTERM);
	free(postern_must("down"));
	free(host_must(MAIL, "dd if=/dev/zero of=%s/state/ballast bs=4k 2>&1 || true",
		       world.directory));
	free(postern_must("up"));
	postern_agent();
	cr_assert(state_says("memory: "));
	cr_expect(has_verdict("tenant-8", "restricted null"));
	cr_expect(has_verdict("tenant-7", "manual high-risk"));
	free(postern_must("-j pool list | jq -e 'any(.[]; .name == \"relay\" and "
			  ".state == \"disabled\")'"));
	free(host_must(MAIL, "umount -l %s/state", world.directory));
}
