/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hours, midnights and leaps of the clock: their effect on windows and restrictions, and so on
 * connections.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/http.h"
#include "netns/postern.h"
#include "netns/walltime.h"

/* 2026-11-21 12:00:00 UTC */
#define NOON	 1795262400
#define MIDNIGHT (NOON + 12 * 3600)

TestSuite(netns_judge_clock, .init = world_init, .fini = world_done, .timeout = 60);

static const struct origin tenant = {.host = TENANT};

static pid_t begin(int64_t now_sec)
{
	const struct setup policies = {
		.more = "policy \"few\" { senders = { \"tenant-7\" }\n"
			"  recipients_external_per_hour = 10 }\n"
			"policy \"harsh\" { senders = { \"tenant-8\", \"*@harsh.example\" }\n"
			"  recipients_per_day = 5  on_limit = \"restrict-today\" }\n"};

	postern_configure(&policies);
	free(postern_must("up"));
	walltime_set(now_sec);
	return walltime_agent();
}

static bool is_answered(int api, const char *sender, unsigned recipients, const char *expected)
{
	json_t *answer = http_message(api, "{\"sender\":\"%s\",\"recipients_external\":%u}", sender,
				      recipients);
	bool is = strcmp(json_string_value(json_object_get(answer, "reason")), expected) == 0;

	json_decref(answer);
	return is;
}

static bool has_reason(const char *sender, const char *expected)
{
	_cleanup_(free_p) char *reason =
		postern_must("-j sender show %s | jq -rj .verdict.reason", sender);

	return strcmp(reason, expected) == 0;
}

static bool ends_at(const char *sender, const char *expected)
{
	_cleanup_(free_p) char *until =
		postern_must("-j sender show %s | jq -rj .verdict.until", sender);

	return strcmp(until, expected) == 0;
}

Test(netns_judge_clock, an_hour_later_the_window_has_space_and_connections_are_normal)
{
	int receiver = receiver_open(25);
	_cleanup_(close_fd_p) int api = -1;

	begin(NOON);
	api = http_connect();
	cr_assert(is_answered(api, "tenant-7", 10, "good"));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
	walltime_pass(3590);
	cr_assert(is_answered(api, "tenant-7", 1, "over-limit"));
	/* The last message counts for an hour, then for up to a twelfth of an hour more. */
	walltime_pass(3600 + 300);
	cr_assert(wait_for(has_reason("tenant-7", "good"), 3000));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
	cr_assert(is_answered(api, "tenant-7", 10, "good"));
}

Test(netns_judge_clock, steps_back_give_no_space_and_freeze_nothing)
{
	int receiver = receiver_open(25);
	_cleanup_(close_fd_p) int api = -1;

	begin(NOON);
	api = http_connect();
	cr_assert(is_answered(api, "tenant-7", 10, "good"));
	walltime_pass(-7200);
	cr_assert(is_answered(api, "tenant-7", 1, "over-limit"));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
	/* Afterwards all counts expire within an hour of the new clock. */
	walltime_pass(3600 + 600);
	cr_assert(wait_for(has_reason("tenant-7", "good"), 3000));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
}

Test(netns_judge_clock, restricted_for_today_ends_at_midnight_utc_and_not_before)
{
	int receiver = receiver_open(25);
	const struct origin other = {.host = TENANT, .bind = TENANT_OTHER};
	_cleanup_(close_fd_p) int api = -1;

	begin(NOON);
	api = http_connect();
	cr_assert(is_answered(api, "tenant-8", 6, "over-limit"));
	walltime_pass(12 * 3600 - 30);
	expect_refused(receiver, &other, RECEIVER_IPV4);
	cr_assert(is_answered(api, "tenant-8", 1, "restricted"));
	walltime_pass(30);
	cr_assert(wait_for(has_reason("tenant-8", "good"), 3000));
	expect_pool(receiver, &other, RECEIVER_IPV4, "normal");
	cr_assert(is_answered(api, "tenant-8", 1, "good"));
}

Test(netns_judge_clock,
     a_restriction_for_today_survives_steps_back_over_midnight_and_ends_all_the_same)
{
	_cleanup_(close_fd_p) int api = -1;

	begin(MIDNIGHT + 30);
	api = http_connect();
	cr_assert(is_answered(api, "tenant-8", 6, "over-limit"));
	walltime_pass(-7230);
	cr_assert(is_answered(api, "tenant-8", 1, "restricted"));
	/*
	 * By the new clock today is the day before, so the restriction ends at this earlier
	 * midnight.
	 */
	cr_assert(wait_for(ends_at("tenant-8", "2026-11-22T00:00:00Z"), 3000));
	walltime_pass(7230);
	cr_assert(wait_for(has_reason("tenant-8", "good"), 3000));
}

Test(netns_judge_clock, across_a_restart_windows_go_on_ageing)
{
	_cleanup_(close_fd_p) int api = -1, again = -1;
	pid_t agent = begin(NOON);

	api = http_connect();
	cr_assert(is_answered(api, "tenant-7", 6, "good"));
	cr_assert_eq(host_stop(agent, SIGTERM), 0);
	agent = walltime_agent();
	walltime_pass(1800);
	again = http_connect();
	cr_assert(is_answered(again, "tenant-7", 5, "over-limit"), "6 of 10 half an hour ago");
	cr_assert_eq(host_stop(agent, SIGTERM), 0);
	walltime_agent();
	walltime_pass(1800 + 300);
	close(api);
	api = http_connect();
	cr_assert(is_answered(api, "tenant-7", 5, "good"), "only 5 are from the last hour");
}

/* ---- leaps */

static bool order_ends_at(int64_t sec)
{
	_cleanup_(free_p) char *until =
		postern_must("-j sender show tenant-7 | jq -rj '.verdict | .reason, \" \","
			     " (.until | fromdateiso8601)'");
	long long shown = 0;

	/* Rounded to the second, and the order was given within one. */
	return sscanf(until, "manual %lld", &shown) == 1 && shown >= sec - 2 && shown <= sec + 5;
}

static void expect_order(int receiver, int64_t ends_sec)
{
	cr_expect(order_ends_at(ends_sec));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
}

/* The wall clock shows the end that is as far away as before, whatever it says of now. */
Test(netns_judge_clock,
     an_order_for_an_hour_lasts_an_hour_while_the_clock_leaps_and_the_agent_restarts)
{
	static const int64_t leaps[] = {7200, -14400};
	int receiver = receiver_open(25);
	pid_t agent = begin(NOON);
	int64_t ends_sec = NOON + 3600;

	free(postern_must("sender set tenant-7 high-risk --for 1h"));
	expect_order(receiver, ends_sec);
	for (size_t i = 0; i < sizeof(leaps) / sizeof(leaps[0]); i++) {
		walltime_leap(leaps[i]);
		ends_sec += leaps[i];
		expect_order(receiver, ends_sec);
		host_stop(agent, i % 2 ? SIGTERM : SIGKILL);
		agent = walltime_agent();
		expect_order(receiver, ends_sec);
		/* Its own clock has not leapt. */
		free(postern_must("up"));
		expect_order(receiver, ends_sec);
	}
}

Test(netns_judge_clock, windows_go_on_over_a_leap_which_is_reported)
{
	_cleanup_(close_fd_p) int api = -1;

	begin(NOON);
	postern_follow();
	api = http_connect();
	cr_assert(is_answered(api, "tenant-7", 10, "good"));
	walltime_leap(7200);
	cr_assert(is_answered(api, "tenant-7", 1, "over-limit"), "not an hour later");
	cr_assert(wait_for(postern_printed("clock", "\"state\":\"leapt\""), 5000));
	walltime_leap(-7200);
	cr_assert(wait_for(postern_printed("clock", "\"state\":\"back\""), 5000));
	cr_assert(is_answered(api, "tenant-7", 1, "over-limit"));
}

Test(netns_judge_clock, years_out_of_range_restrict_nobody)
{
	static const int64_t times[] = {-86400 * 365, 86400, 7000000000};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		pid_t agent = begin(times[i]);
		_cleanup_(close_fd_p) int api = http_connect();

		cr_expect(is_answered(api, "tenant-8", 1, "good"), "%lld", (long long)times[i]);
		cr_expect(is_answered(api, "any@harsh.example", 1, "good"));
		cr_expect(has_reason("tenant-8", "good"));
		host_stop(agent, SIGKILL);
		/* The next boot: no moment of this one counts. */
		free(host_must(MAIL, "rm -f $directory/state/state.db*"));
	}
}
