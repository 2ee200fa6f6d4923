/* SPDX-License-Identifier: BSD-2-Clause */
/* The milter under load: many messages, many connections, restarts meanwhile. */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "common/patience.h"
#include "milter/peer.h"
#include "milter/milter_fixture.h"

TestSuite(milter_load, .fini = milter_fixture_close, .timeout = 120);

#define PEERS  100
#define LIMITS "policy \"default\" { messages_per_minute = 10000 }\n"

#ifndef __SANITIZE_ADDRESS__
#define __SANITIZE_ADDRESS__ 0
#endif

static struct peer peers[PEERS];

static void open_peers(void)
{
	for (unsigned i = 0; i < PEERS; i++)
		peers[i] = milter_fixture_connect();
}

static void close_peers(void)
{
	for (unsigned i = 0; i < PEERS; i++)
		peer_close(&peers[i]);
}

/* The n-th message: every third is spam; each sender has many messages. */
static bool is_spam(unsigned n)
{
	return n % 3 == 0;
}

static void begin(struct peer *peer, unsigned n)
{
	char from[64], id[64];
	const struct peer_message message = {
		.from = from,
		.external = 1 + n % 3,
		.internal = n % 2,
		.headers = {{"Received", " from client.example by mail.example.net"},
			    {"Message-ID", id},
			    {"From", from},
			    {"To", " <r0@example.org>"},
			    {"Subject", " one of many"},
			    {"Date", " Sat, 21 Nov 2026 20:00:00 +0000"},
			    {"X-Postern-Lane", " postern-normal"},
			    {"X-Spam", is_spam(n) ? " Yes" : " No"}},
		.body = "Hello\r\n",
	};

	snprintf(from, sizeof(from), "<s%u@example.net>", n % 5000);
	snprintf(id, sizeof(id), "<%u@example.net>", n);
	peer_begin(peer, &message);
	peer_end(peer);
}

/* False: the milter closed the connection. A reply that came is right. */
static bool end(struct peer *peer, unsigned n)
{
	struct peer_result result = peer_result(peer);

	if (result.action == '\0')
		return false;
	cr_expect_eq(result.action, PROTOCOL_CONTINUE, "%c %s", result.action, result.reply);
	cr_expect_str_eq(result.lane, is_spam(n) ? "postern-high-risk" : "postern-normal",
			 "message %u: %s", n, result.lane);
	cr_expect_str_eq(result.removed, "X-Postern-Lane:1 ");
	return true;
}

static void deliver(unsigned count)
{
	for (unsigned n = 0; n < count; n += PEERS) {
		for (unsigned i = 0; i < PEERS; i++)
			begin(&peers[i], n + i);
		for (unsigned i = 0; i < PEERS; i++)
			cr_assert(end(&peers[i], n + i));
	}
}

static size_t resident_kb(void)
{
	char path[64], line[256];
	size_t kb = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/status", milter_fixture_milter_pid());
	in = fopen(path, "r");
	cr_assert_not_null(in);
	while (fgets(line, sizeof(line), in))
		if (sscanf(line, "VmRSS: %zu", &kb) == 1)
			break;
	fclose(in);
	return kb;
}

/* Processor time of all threads. */
static double busy_seconds(void)
{
	unsigned long user = 0, system = 0;
	char path[64];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/stat", milter_fixture_milter_pid());
	in = fopen(path, "r");
	cr_assert_not_null(in);
	cr_assert_eq(fscanf(in, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			    &user, &system),
		     2);
	fclose(in);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/*
 * A hundred connections at once, each with one message after another. The first messages allocate
 * the lasting memory: buffers, connections to the agent, domains.
 */
Test(milter_load, ten_thousand_messages_over_a_hundred_connections_keep_no_memory)
{
	size_t before, after;
	uint64_t began_ns;
	double seconds, busy;

	milter_fixture_open(LIMITS);
	open_peers();
	deliver(5000);
	before = resident_kb();
	busy = busy_seconds();
	began_ns = clock_monotonic_ns();
	deliver(10000);
	busy = busy_seconds() - busy;
	seconds = (double)(clock_monotonic_ns() - began_ns) / 1e9;
	after = resident_kb();
	cr_log_info("10000 messages in %.2f s: %.0f/s, each %.0f us of a processor; %zu kB, then "
		    "%zu kB",
		    seconds, 10000 / seconds, busy * 100, before, after);
	if (!__SANITIZE_ADDRESS__)
		cr_expect_leq(after, before + 1536, "%zu kB before, %zu kB after", before, after);
	close_peers();
}

/* A connection frees its memory. */
Test(milter_load, closed_connections_keep_no_memory)
{
	size_t before = 0;

	milter_fixture_open(LIMITS);
	for (unsigned round = 0; round < 60; round++) {
		open_peers();
		for (unsigned i = 0; i < PEERS; i++)
			begin(&peers[i], i);
		for (unsigned i = 0; i < PEERS; i++)
			cr_assert(end(&peers[i], i));
		close_peers();
		if (round == 10)
			before = resident_kb();
	}
	if (!__SANITIZE_ADDRESS__)
		cr_expect_leq(resident_kb(), before + 1536, "%zu kB, %zu kB before", resident_kb(),
			      before);
}

Test(milter_load, an_agent_restarted_under_load_loses_no_message_and_no_high_risk_lane)
{
	unsigned unmarked = 0;

	milter_fixture_open(LIMITS);
	open_peers();
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < PEERS; i++)
			begin(&peers[i], i);
		milter_fixture_agent_kill();
		milter_fixture_agent_start();
		for (unsigned i = 0; i < PEERS; i++) {
			struct peer_result result = peer_result(&peers[i]);

			cr_assert_eq(result.action, PROTOCOL_CONTINUE);
			if (is_spam(i))
				cr_expect_str_eq(result.lane, "postern-high-risk");
			else
				unmarked += result.lane[0] == '\0';
		}
	}
	cr_log_info("%u of 1000 were not decided by an agent", unmarked);
	deliver(PEERS);
	close_peers();
}

Test(milter_load, sigterm_under_load_ends_it_and_all_replies_were_right)
{
	unsigned decided = 0;
	uint64_t began_ns;

	milter_fixture_open(LIMITS);
	open_peers();
	deliver(PEERS);
	for (unsigned i = 0; i < PEERS; i++)
		begin(&peers[i], i);
	began_ns = clock_monotonic_ns();
	cr_expect_eq(milter_fixture_milter_end(SIGTERM), 0);
	cr_expect_leq((clock_monotonic_ns() - began_ns) / 1000000, 5000 * test_patience());
	for (unsigned i = 0; i < PEERS; i++)
		decided += end(&peers[i], i);
	cr_log_info("%u of %u were decided", decided, PEERS);
	for (unsigned i = 0; i < PEERS; i++)
		close(peers[i].fd);
}

static void limit_descriptors(rlim_t soft)
{
	struct rlimit limit;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = soft;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

Test(milter_load, a_soft_limit_of_descriptors_does_not_end_it, .timeout = 30)
{
	limit_descriptors(64);
	milter_fixture_open(LIMITS);
	limit_descriptors(1024);
	open_peers();
	deliver(PEERS);
	close_peers();
}

/* The signal may come at any point of the work. */
Test(milter_load, each_signal_at_any_point_ends_it_cleanly)
{
	milter_fixture_open(LIMITS);
	for (unsigned round = 0; round < 40; round++) {
		struct peer peer = milter_fixture_connect();

		begin(&peer, round);
		if (round % 2)
			cr_assert(end(&peer, round));
		cr_assert_eq(milter_fixture_milter_end(round % 3 ? SIGTERM : SIGINT), 0);
		close(peer.fd);
		milter_fixture_milter_start();
	}
}

Test(milter_load, after_a_kill_under_load_the_next_milter_serves)
{
	milter_fixture_open(LIMITS);
	open_peers();
	for (unsigned i = 0; i < PEERS; i++)
		begin(&peers[i], i);
	cr_expect_eq(milter_fixture_milter_end(SIGKILL), 128 + SIGKILL);
	for (unsigned i = 0; i < PEERS; i++) {
		end(&peers[i], i);
		close(peers[i].fd);
	}
	milter_fixture_milter_start();
	open_peers();
	deliver(PEERS);
	close_peers();
}
