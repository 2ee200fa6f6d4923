/* SPDX-License-Identifier: BSD-2-Clause */
/* SIGHUP: a running milter reads another configuration. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "common/patience.h"
#include "milter/peer.h"
#include "milter/milter_fixture.h"

TestSuite(milter_reload, .fini = milter_fixture_close, .timeout = 60);

#define LIMITS	    "policy \"default\" { messages_per_minute = 10000 }\n"
#define MARK(value) "spam_marks = { \"X-Verdict: " value "\" }\n"

static const struct peer_message foul = {
	.from = "<bob@example.net>", .external = 1, .headers = {{"X-Verdict", "foul"}}};

static const struct timespec pause_between = {.tv_nsec = 10000000};

static uint64_t deadline_ns(void)
{
	return clock_monotonic_ns() + 10ull * test_patience() * NS_PER_SEC;
}

static unsigned count_lines(const char *text, const char *part)
{
	unsigned count = 0;

	for (; (text = strstr(text, part)); text++)
		count++;
	return count;
}

/* Awaits that the log has this text so many times. */
static void await_log(const char *part, unsigned times)
{
	const uint64_t until_ns = deadline_ns();

	for (;;) {
		_cleanup_(free_p) char *log = milter_fixture_milter_log();

		if (count_lines(log, part) >= times)
			return;
		cr_assert_lt(clock_monotonic_ns(), until_ns, "not '%s' %u times in: %s", part,
			     times, log);
		nanosleep(&pause_between, NULL);
	}
}

static void reload(const char *more, unsigned times)
{
	milter_fixture_write(more);
	kill(milter_fixture_milter_pid(), SIGHUP);
	await_log("reloaded", times);
}

static void expect_pool(struct peer *peer, const struct peer_message *message, const char *pool)
{
	struct peer_result result = peer_deliver(peer, message);

	cr_assert_eq(result.action, PROTOCOL_CONTINUE, "%c %s", result.action, result.reply);
	cr_assert_str_eq(result.pool, pool);
}

Test(milter_reload, a_new_configuration_counts_from_the_next_message_also_on_old_connections)
{
	struct peer peer;

	milter_fixture_open(MARK("bad"));
	peer = milter_fixture_connect();
	expect_pool(&peer, &foul, "normal");
	reload(MARK("foul"), 1);
	expect_pool(&peer, &foul, "high-risk");
	peer_close(&peer);
	peer = milter_fixture_connect();
	expect_pool(&peer, &foul, "high-risk");
	reload(MARK("bad"), 2);
	expect_pool(&peer, &foul, "normal");
	peer_close(&peer);
}

Test(milter_reload, a_message_is_judged_by_the_configuration_of_its_start)
{
	struct peer peer, other;
	struct peer_result result;

	milter_fixture_open(MARK("foul"));
	/* An old MTA gets a reply at each step, so the message has started for sure. */
	peer = peer_open(milter_fixture_socket, PEER_STEPS_OLD, "198.51.100.7");
	other = milter_fixture_connect();
	peer_mail(&peer, NULL, foul.from);
	reload(MARK("bad"), 1);
	peer_rcpt(&peer, "<ann@example.org>");
	peer_header(&peer, "X-Verdict", "foul", sizeof("foul"));
	peer_end_of_headers(&peer);
	expect_pool(&other, &foul, "normal");
	peer_end(&peer);
	result = peer_result(&peer);
	cr_expect_str_eq(result.pool, "high-risk");
	expect_pool(&peer, &foul, "normal");
	peer_close(&peer);
	peer_close(&other);
}

Test(milter_reload, senders_of_clients_change_with_the_configuration)
{
	static const struct peer_message message = {
		.from = "<bob@example.net>",
		.external = 1,
		.headers = {{"Message-ID", "<1@reload>"}},
	};
	struct peer peer;
	json_t *explained;

	milter_fixture_open("");
	peer = milter_fixture_connect();
	reload("sender \"shop\" { source = { \"198.51.100.0/24\" } }\n", 1);
	/*
	 * The agent still has the old configuration, without that name; the facts have it
	 * nevertheless.
	 */
	peer_deliver(&peer, &message);
	explained = milter_fixture_explain("1@reload");
	cr_expect_str_eq(
		json_string_value(json_object_get(json_object_get(explained, "facts"), "sender")),
		"shop");
	json_decref(explained);
	peer_close(&peer);
}

enum { STARTS = 20 };

Test(milter_reload, a_reload_right_after_the_start_does_not_end_it)
{
	struct peer peer;

	milter_fixture_open(MARK("bad"));
	for (unsigned i = 1; i <= STARTS; i++) {
		milter_fixture_milter_end(SIGKILL);
		milter_fixture_milter_start();
		reload(MARK("foul"), i);
	}
	peer = milter_fixture_connect();
	expect_pool(&peer, &foul, "high-risk");
	peer_close(&peer);
}

Test(milter_reload, a_wrong_configuration_is_reported_and_the_old_one_stays)
{
	struct peer peer;

	milter_fixture_open(MARK("foul"));
	peer = milter_fixture_connect();
	milter_fixture_write("spam_marks = { \"X-Verdict\" }\n");
	kill(milter_fixture_milter_pid(), SIGHUP);
	await_log("the old one stays", 1);
	expect_pool(&peer, &foul, "high-risk");
	milter_fixture_write("milter = \"unix:/nowhere/milter.sock\"\n" MARK("bad"));
	kill(milter_fixture_milter_pid(), SIGHUP);
	await_log("new values of milter need a restart of the milter", 1);
	await_log("reloaded", 1);
	expect_pool(&peer, &foul, "normal");
	peer_close(&peer);
}

static unsigned count_entries(const char *directory)
{
	char path[64];
	unsigned count = 0;
	DIR *entries;

	snprintf(path, sizeof(path), "/proc/%d/%s", milter_fixture_milter_pid(), directory);
	entries = opendir(path);
	cr_assert_not_null(entries);
	while (readdir(entries))
		count++;
	closedir(entries);
	return count;
}

/* The last reload may be in progress. */
static void await_at_most(const char *directory, unsigned most)
{
	const uint64_t until_ns = deadline_ns();

	while (count_entries(directory) > most) {
		cr_assert_lt(clock_monotonic_ns(), until_ns, "%u in %s, expected %u at most",
			     count_entries(directory), directory, most);
		nanosleep(&pause_between, NULL);
	}
}

enum { PEERS = 10, ROUNDS = 20 };

/* A message on each connection, and reloads meanwhile. */
static void deliver_and_reload(struct peer peers[PEERS], const struct peer_message *message)
{
	for (unsigned i = 0; i < PEERS; i++)
		peer_begin(&peers[i], message);
	for (unsigned i = 0; i < PEERS; i++)
		peer_end(&peers[i]);
	/* Twice: the second signal comes during the first reload. */
	kill(milter_fixture_milter_pid(), SIGHUP);
	kill(milter_fixture_milter_pid(), SIGHUP);
	for (unsigned i = 0; i < PEERS; i++) {
		struct peer_result result = peer_result(&peers[i]);

		cr_assert_eq(result.action, PROTOCOL_CONTINUE, "%d %s", result.action,
			     result.reply);
		cr_assert_str_eq(result.pool, "high-risk");
	}
}

Test(milter_reload, reloads_under_load_lose_no_message_and_keep_no_resources)
{
	struct peer_message message = foul;
	struct peer peers[PEERS];
	unsigned threads = 0, files = 0;

	milter_fixture_open(LIMITS MARK("foul"));
	message.from = "<bob@nowhere.example>"; /* no name server answers */
	for (unsigned i = 0; i < PEERS; i++)
		peers[i] = milter_fixture_connect();
	for (unsigned round = 0; round < ROUNDS; round++) {
		deliver_and_reload(peers, &message);
		if (round == 0) {
			threads = count_entries("task");
			files = count_entries("fd");
		}
	}
	/* A configuration that is not freed keeps libunbound's thread and descriptors. */
	await_at_most("task", threads + ROUNDS / 2);
	await_at_most("fd", files + 2 * ROUNDS);
	for (unsigned i = 0; i < PEERS; i++)
		peer_close(&peers[i]);
}
