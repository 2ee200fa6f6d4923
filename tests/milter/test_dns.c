/* SPDX-License-Identifier: BSD-2-Clause */
/* The milter while its name server is silent, dead, and back again. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "milter/peer.h"
#include "milter/milter_fixture.h"
#include "netns/host.h"
#include "netns/nameserver.h"

#define PEERS	   100
#define ROUNDS	   5
#define TIMEOUT_MS 100 /* dns_timeout_ms of the fixture */

static pid_t nameserver;

/* The fixture's resolver, in a network namespace of its own. */
static void set_up(void)
{
	world_init();
	nameserver = nameserver_start(MAIL, "127.0.0.1", 9);
	host_enter(MAIL);
	milter_fixture_open("policy \"default\" { messages_per_minute = 10000 }\n");
}

static void tear_down(void)
{
	milter_fixture_close();
	host_leave();
	world_done();
}

TestSuite(milter_dns, .init = set_up, .fini = tear_down, .timeout = 60);

static struct peer peers[PEERS];

static void begin(struct peer *peer, const char *domain)
{
	char from[96];
	const struct peer_message message = {
		.from = from,
		.external = 1,
		.headers = {{"Message-ID", " <1@example.org>"}},
		.body = "Hello\r\n",
	};

	snprintf(from, sizeof(from), "<bob@%s>", domain);
	peer_begin(peer, &message);
	peer_end(peer);
}

static void expect_pool(struct peer *peer, const char *pool)
{
	struct peer_result result = peer_result(peer);

	cr_assert_eq(result.action, PROTOCOL_CONTINUE, "%c %s", result.action, result.reply);
	cr_assert_str_eq(result.pool, pool);
}

static void deliver(struct peer *peer, const char *domain, const char *pool)
{
	begin(peer, domain);
	expect_pool(peer, pool);
}

static bool is_high_risk(struct peer *peer, const char *domain)
{
	struct peer_result result;

	begin(peer, domain);
	result = peer_result(peer);
	return strcmp(result.pool, "high-risk") == 0;
}

/* All at once, each from a different domain. */
static void deliver_many(unsigned round, const char *pool)
{
	char domain[64];

	for (unsigned i = 0; i < PEERS; i++) {
		snprintf(domain, sizeof(domain), "nobody-%u-%u.example", round, i);
		begin(&peers[i], domain);
	}
	for (unsigned i = 0; i < PEERS; i++)
		expect_pool(&peers[i], pool);
}

/* The event loop and libunbound's thread; a message that waits needs none. */
static unsigned count_threads(void)
{
	_cleanup_result_ struct result result =
		host_run(MAIL, "ls /proc/%d/task | wc -l", milter_fixture_milter_pid());
	unsigned count = 0;

	cr_assert_eq(sscanf(result.text, "%u", &count), 1);
	return count;
}

/* Mail of other domains leaves by the relay pool, except where mail DNS is known to be absent. */
Test(milter_dns, a_silent_name_server_delays_mail_for_the_timeout_only)
{
	char domain[64];
	uint64_t start;
	unsigned threads;

	for (unsigned i = 0; i < PEERS; i++) {
		peers[i] = milter_fixture_connect();
		snprintf(domain, sizeof(domain), "nobody-0-%u.example", i);
		cr_assert(wait_for(is_high_risk(&peers[i], domain), 5000));
	}
	deliver(&peers[0], "both.example", "relay");
	threads = count_threads();

	nameserver_signal(nameserver, SIGSTOP);
	start = now_ms();
	for (unsigned round = 1; round <= ROUNDS; round++)
		deliver_many(round, "relay");
	cr_assert_lt(now_ms() - start, ROUNDS * (TIMEOUT_MS + 900) * test_patience());
	cr_assert_lt(count_threads(), threads + PEERS / 4);
	deliver_many(0, "high-risk");
	deliver(&peers[0], "both.example", "relay");

	nameserver_signal(nameserver, SIGCONT);
	for (unsigned i = 0; i < PEERS; i++)
		peer_close(&peers[i]);
	peers[0] = milter_fixture_connect();
	cr_assert(wait_for(is_high_risk(&peers[0], "nobody-1-0.example"), 30000));
	peer_close(&peers[0]);
}

Test(milter_dns, a_restarted_name_server_is_asked_again)
{
	peers[0] = milter_fixture_connect();
	nameserver_signal(nameserver, SIGKILL);
	deliver(&peers[0], "nobody.example", "relay");
	host_leave();
	nameserver = nameserver_start(MAIL, "127.0.0.1", 9);
	host_enter(MAIL);
	cr_assert(wait_for(is_high_risk(&peers[0], "nobody.example"), 30000));
	peer_close(&peers[0]);
}
