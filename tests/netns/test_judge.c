/* SPDX-License-Identifier: BSD-2-Clause */
/* Rates and facts become verdicts: the agent as a process, real mail and connections. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/http.h"
#include "netns/postern.h"

TestSuite(netns_judge, .init = world_init, .fini = world_done, .timeout = 60);

static const struct origin tenant = {.host = TENANT};

static const struct setup policies = {
	.more = "policy \"few\" { senders = { \"tenant-7\" } connections_per_minute = 3\n"
		"  recipients_external_per_hour = 10 }\n"
		"policy \"harsh\" { senders = { \"tenant-8\", \"*@harsh.example\" }\n"
		"  recipients_per_day = 5  on_limit = \"restrict\" }\n"};

static const char *string(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static char *verdict_of(const char *sender)
{
	return postern_must("-j sender show %s | jq -rj '.verdict | .reason, \" \", .pool'",
			    sender);
}

static bool has_verdict(const char *sender, const char *expected)
{
	_cleanup_(free_p) char *verdict = verdict_of(sender);

	return strcmp(verdict, expected) == 0;
}

Test(netns_judge, over_its_limit_of_connections_a_sender_goes_on_by_high_risk)
{
	int receiver = receiver_open(25);

	postern_begin(&policies);
	{
		_cleanup_talk_ struct talk before = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);

		expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
		expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
		cr_assert(wait_for(has_verdict("tenant-7", "over-limit high-risk"), 2000));
		expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
		cr_assert(talk_lives(&before));
		cr_assert_str_eq(pool_of(before.from), "normal");
	}
}

/* Fills the ring buffer with more events than it holds, while the agent reads none. */
static void fill_ring(void)
{
	const struct sockaddr_in from = {.sin_family = AF_INET,
					 .sin_addr.s_addr = inet_addr(TENANT_OTHER)};
	const struct sockaddr_in to = {.sin_family = AF_INET,
				       .sin_port = htons(25),
				       .sin_addr.s_addr = inet_addr(RECEIVER_IPV4)};

	host_enter(TENANT);
	for (int i = 0; i < 5000; i++) {
		_cleanup_(close_fd_p) int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		cr_assert_eq(bind(fd, (const struct sockaddr *)&from, sizeof(from)), 0, "%m");
		cr_assert_lt(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	}
	host_leave();
}

Test(netns_judge, connections_that_found_the_ring_full_count_all_the_same)
{
	int receiver = receiver_open(25);
	pid_t agent = postern_begin(&policies);

	free(postern_must("sender block tenant-8"));
	kill(agent, SIGSTOP);
	fill_ring();
	for (int i = 0; i < 3; i++)
		expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
	kill(agent, SIGCONT);
	cr_assert(wait_for(has_verdict("tenant-7", "over-limit high-risk"), 4000));
	cr_assert_geq(postern_metric("postern_events_lost_total"), 3);
}

Test(netns_judge, over_its_limit_of_recipients_a_sender_goes_on_by_high_risk)
{
	int receiver = receiver_open(25);
	_cleanup_(close_fd_p) int api = -1;
	json_t *answer;

	postern_begin(&policies);
	api = http_connect();
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
	answer = http_message(api, "{\"sender\":\"tenant-7\",\"message_id\":\"<1@x>\","
				   "\"recipients_external\":10}");
	cr_assert_str_eq(string(answer, "pool"), "normal");
	json_decref(answer);
	/* No wait: the map has the verdict before the answer. */
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
	answer = http_message(api, "{\"sender\":\"tenant-7\",\"recipients_external\":1}");
	cr_assert_str_eq(string(answer, "pool"), "high-risk");
	cr_assert_str_eq(string(answer, "reason"), "over-limit");
	cr_assert_str_eq(string(json_object_get(answer, "handles"), "ipv4"), HANDLE_HIGH_RISK);
	json_decref(answer);
}

Test(netns_judge, a_restriction_survives_a_kill_on_the_wire_and_in_answers)
{
	int receiver = receiver_open(25);
	const struct origin other = {.host = TENANT, .bind = TENANT_OTHER};
	pid_t agent = postern_begin(&policies);
	_cleanup_(close_fd_p) int api = http_connect();
	json_t *answer;

	answer = http_message(api, "{\"sender\":\"tenant-8\",\"recipients_external\":6}");
	cr_assert_str_eq(string(answer, "action"), "reject");
	cr_assert_str_eq(string(answer, "status"), "5.7.711");
	json_decref(answer);
	json_decref(http_message(api, "{\"user\":\"a@harsh.example\",\"recipients_external\":6}"));
	host_stop(agent, SIGKILL);
	expect_refused(receiver, &other, RECEIVER_IPV4);
	postern_agent();
	close(api);
	api = http_connect();
	expect_refused(receiver, &other, RECEIVER_IPV4);
	answer = http_message(api, "{\"user\":\"a@harsh.example\",\"recipients_external\":1}");
	cr_assert_str_eq(string(answer, "reason"), "restricted");
	cr_assert_str_eq(string(answer, "status"), "5.1.8");
	json_decref(answer);
	free(postern_must("sender release tenant-8"));
	expect_pool(receiver, &other, RECEIVER_IPV4, "normal");
}

Test(netns_judge, a_restriction_outlives_down_and_up_without_an_agent)
{
	int receiver = receiver_open(25);
	const struct origin other = {.host = TENANT, .bind = TENANT_OTHER};
	pid_t agent = postern_begin(&policies);
	_cleanup_(close_fd_p) int api = http_connect();

	json_decref(http_message(api, "{\"sender\":\"tenant-8\",\"recipients_external\":6}"));
	host_stop(agent, SIGKILL);
	free(postern_must("down"));
	free(postern_must("up"));
	expect_refused(receiver, &other, RECEIVER_IPV4);
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
}

#define MANY 20000

static void send_from_many(int api)
{
	for (int i = 0; i < MANY; i++)
		json_decref(http_message(api,
					 "{\"user\":\"user-%d@harsh.example\","
					 "\"recipients_external\":%d}",
					 i, i % 100 ? 3 : 6));
}

static bool all_are_written(void)
{
	_cleanup_(free_p) char *count = host_must(
		MAIL, "sqlite3 -readonly %s/state/state.db 'SELECT count(*) FROM count_log'",
		world.directory);

	return atoi(count) >= MANY;
}

Test(netns_judge, twenty_thousand_senders_at_once_are_judged_and_remembered)
{
	pid_t agent = postern_begin(&policies);
	_cleanup_(close_fd_p) int api = http_connect();
	json_t *answer;

	send_from_many(api);
	cr_assert_eq(postern_metric("postern_senders"), MANY);
	cr_assert_eq(postern_metric("postern_standings"), MANY / 100);
	cr_assert(wait_for(all_are_written(), 10000));
	host_stop(agent, SIGKILL);
	postern_agent();
	close(api);
	api = http_connect();
	cr_assert_eq(postern_metric("postern_senders"), MANY);
	answer = http_message(api, "{\"user\":\"user-1@harsh.example\",\"recipients_external\":3}");
	cr_assert_str_eq(string(answer, "action"), "reject", "3 of 5 were sent before");
	json_decref(answer);
}

Test(netns_judge, a_thousand_idle_clients_and_slow_ones_keep_it_from_nothing)
{
	const struct rlimit files = {4096, 4096};
	static int idle[1000];

	setrlimit(RLIMIT_NOFILE, &files);
	postern_begin(&policies);
	for (int i = 0; i < 1000; i++) {
		idle[i] = http_connect();
		/* Every other client begins a request and never ends it. */
		if (i % 2)
			(void)!write(idle[i], "POST /v1/messages HTTP/1.1\r\nContent-Le", 38);
	}
	for (int i = 0; i < 20; i++) {
		_cleanup_(close_fd_p) int api = http_connect();

		json_decref(http_message(api, "{\"user\":\"bob@example.net\"}"));
	}
	free(postern_must("status"));
	cr_assert_gt(postern_metric("postern_api_evicted_total"), 0);
}

Test(netns_judge, explain_tells_why_a_message_left_as_it_did)
{
	_cleanup_(free_p) char *by_id = NULL, *by_sender = NULL, *json = NULL;
	_cleanup_(close_fd_p) int api = -1;

	postern_begin(&policies);
	api = http_connect();
	json_decref(http_message(api, "{\"sender\":\"tenant-7\",\"message_id\":\"<1@x>\","
				      "\"recipients_external\":12,\"client\":\"10.1.7.5\"}"));
	by_id = postern_must("explain '<1@x>'");
	cr_assert_not_null(strstr(by_id, "steer to high-risk, reason over-limit"), "%s", by_id);
	cr_assert_not_null(strstr(by_id, HANDLE_HIGH_RISK " or " HANDLE_HIGH_RISK6), "%s", by_id);
	cr_assert_not_null(strstr(by_id, "recipients_external_per_hour      0    12   10"), "%s",
			   by_id);
	by_sender = postern_must("explain --sender tenant-7");
	cr_assert_not_null(strstr(by_sender, by_id), "%s", by_sender);
	cr_assert_not_null(strstr(by_sender, "source 10.1.7.0/24"), "%s", by_sender);
	json = postern_must("-j explain 1@x | jq -rj '(.facts.client, .why[-1].outcome)'");
	cr_assert_str_eq(json, "10.1.7.5matched");
}

/* From the Message-ID alone to the address on the wire, by handle and by translation. */
static void expect_explained_address(int receiver, const char *id, const struct origin *origin)
{
	_cleanup_talk_ struct talk talk = talk_must(receiver, origin, RECEIVER_IPV4, 25);
	_cleanup_(free_p) char *explained = postern_must(
		"-j explain '%s' | jq -rj '.flows[] | select(.destination == \"%s:25\").address'",
		id, RECEIVER_IPV4);
	_cleanup_(free_p) char *expected = NULL, *known = NULL;

	cr_assert_geq(asprintf(&expected, "%s:%d", talk.from, talk.from_port), 0);
	cr_assert_str_eq(explained, expected);
	known = postern_must("explain '%s' | grep '^leaves by  .*%s active'", id, talk.from);
}

Test(netns_judge, explain_names_the_address_that_the_receiver_sees)
{
	int receiver = receiver_open(25);
	const struct origin bound = {.host = MAIL, .bind = HANDLE_HIGH_RISK};
	_cleanup_(close_fd_p) int api = -1;

	postern_begin(&policies);
	api = http_connect();
	json_decref(http_message(api, "{\"sender\":\"tenant-7\",\"message_id\":\"<1@x>\","
				      "\"recipients_external\":12}"));
	expect_explained_address(receiver, "<1@x>", &tenant);
	json_decref(http_message(api, "{\"user\":\"bob@example.net\",\"message_id\":\"<2@x>\","
				      "\"spam\":true,\"recipients_external\":1}"));
	expect_explained_address(receiver, "<2@x>", &bound);
}

Test(netns_judge, events_are_followed_as_they_happen)
{
	_cleanup_(close_fd_p) int api = -1;
	pid_t events;

	postern_begin(&policies);
	api = http_connect();
	events = postern_follow();
	json_decref(http_message(api, "{\"sender\":\"tenant-7\",\"recipients_external\":10}"));
	cr_assert(wait_for(postern_printed("warning", "tenant-7"), 2000));
	cr_assert(wait_for(postern_printed("verdict", "\"reason\":\"over-limit\""), 2000));
	host_stop(events, SIGINT);
	cr_assert(wait_for(postern_metric("postern_followers") == 0, 2000));
}

Test(netns_judge, top_shows_once_where_no_terminal_is)
{
	_cleanup_(free_p) char *table = NULL, *json = NULL;
	_cleanup_(close_fd_p) int api = -1;

	postern_begin(&policies);
	api = http_connect();
	json_decref(http_message(api, "{\"sender\":\"shop\",\"recipients_external\":4}"));
	table = postern_must("top");
	cr_assert_eq(strncmp(table, "SENDER ", 7), 0, "%s", table);
	json = postern_must("-j top | jq -rc '.[0] | [.name, .messages_per_minute, "
			    ".recipients_per_hour]'");
	cr_assert_str_eq(json, "[\"shop\",1,4]\n");
}
