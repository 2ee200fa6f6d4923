/* SPDX-License-Identifier: BSD-2-Clause */
/* The milter while the agent is down, slow, restarted, or answers nonsense. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "common/patience.h"
#include "milter/agent_client.h"
#include "milter/peer.h"
#include "milter/milter_fixture.h"
#include "netns/host.h"

TestSuite(milter_outage, .fini = milter_fixture_close, .timeout = 60);

#define MARGIN_MS (1000 * test_patience())

static const struct peer_message plain = {
	.user = "bob",
	.from = "<bob@example.net>",
	.external = 1,
	.headers = {{"X-Postern-Lane", " postern-normal"}},
};
static const struct peer_message spam = {
	.user = "bob",
	.from = "<bob@example.net>",
	.external = 1,
	.headers = {{"X-Spam", " Yes"}, {"X-Postern-Lane", " postern-normal"}},
};
static const struct peer_message bounce = {.from = "<>", .external = 1};
static const struct peer_message nameless = {.from = "<bob@no..name>", .external = 1};

static void expect(struct peer *peer, const struct peer_message *message, const char *pool)
{
	struct peer_result result = peer_deliver(peer, message);
	char lane[64] = "";

	if (pool[0])
		snprintf(lane, sizeof(lane), "postern-%s", pool);
	cr_expect_eq(result.action, PROTOCOL_CONTINUE, "%c %s", result.action, result.reply);
	cr_expect_str_eq(result.pool, pool);
	cr_expect_str_eq(result.lane, lane);
}

static void expect_deferred(struct peer *peer, const struct peer_message *message)
{
	struct peer_result result = peer_deliver(peer, message);

	cr_expect_eq(result.action, PROTOCOL_REPLY_CODE);
	cr_expect_str_eq(result.reply, "451 4.7.1 Outbound mail cannot be checked at the moment, "
				       "try again later");
	cr_expect_eq(result.added, 0);
}

static void expect_logged(const char *what)
{
	_cleanup_(free_p) char *log = milter_fixture_milter_log();

	cr_expect_not_null(strstr(log, what), "expected '%s' in:\n%s", what, log);
}

Test(milter_outage, without_an_agent_only_high_risk_mail_is_marked)
{
	struct peer peer;
	struct peer_result result;

	milter_fixture_prepare("");
	milter_fixture_milter_start();
	peer = milter_fixture_connect();
	result = peer_deliver(&peer, &plain);
	cr_expect_eq(result.action, PROTOCOL_CONTINUE);
	cr_expect_eq(result.added, 0);
	cr_expect_str_eq(result.removed, "X-Postern-Lane:1 ");
	expect(&peer, &spam, "high-risk");
	expect(&peer, &bounce, "high-risk");
	expect(&peer, &nameless, "high-risk");
	expect(&peer, &plain, "");
	expect_logged("': of the messages without the agent's decision 1 passed, 0 were marked "
		      "high-risk, "
		      "0 were deferred\n");
	milter_fixture_agent_start();
	expect(&peer, &plain, "normal");
	expect_logged(
		"milter: the agent answers again: of the messages without the agent's decision 2 "
		"passed, 3 were marked high-risk, 0 were deferred\n");
	cr_expect_eq(milter_fixture_metric("postern_messages_unanswered_total"), 5);
	expect(&peer, &plain, "normal");
	cr_expect_eq(milter_fixture_metric("postern_messages_unanswered_total"), 5);
	peer_close(&peer);
}

Test(milter_outage, with_on_agent_down_defer_all_mail_is_deferred)
{
	struct peer peer;

	milter_fixture_prepare("on_agent_down = \"defer\"\n");
	milter_fixture_milter_start();
	peer = milter_fixture_connect();
	expect_deferred(&peer, &plain);
	expect_deferred(&peer, &spam);
	expect_deferred(&peer, &bounce);
	milter_fixture_agent_start();
	expect(&peer, &plain, "normal");
	expect(&peer, &spam, "high-risk");
	expect_logged(
		"of the messages without the agent's decision 0 passed, 0 were marked high-risk, 3 "
		"were deferred\n");
	peer_close(&peer);
}

Test(milter_outage, a_session_asks_a_restarted_agent)
{
	struct peer peer;

	milter_fixture_open("");
	peer = milter_fixture_connect();
	for (unsigned i = 0; i < 3; i++) {
		expect(&peer, &plain, "normal");
		milter_fixture_agent_kill();
		milter_fixture_agent_start();
	}
	expect(&peer, &spam, "high-risk");
	peer_close(&peer);
}

static uint64_t since_ms(uint64_t began_ns)
{
	return (clock_monotonic_ns() - began_ns) / 1000000;
}

/* A silent agent has AGENT_PROBE_MS for a question; the first answer may take longer. */
static bool is_answered(struct peer *peer)
{
	return strcmp(peer_deliver(peer, &plain).pool, "normal") == 0;
}

Test(milter_outage, a_silent_agent_is_waited_for_once)
{
	struct peer peer;
	uint64_t began_ns;

	milter_fixture_open("");
	peer = milter_fixture_connect();
	expect(&peer, &plain, "normal");
	milter_fixture_agent_signal(SIGSTOP);
	began_ns = clock_monotonic_ns();
	expect(&peer, &spam, "high-risk");
	cr_expect_geq(since_ms(began_ns), AGENT_TIME_MS - 100);
	cr_expect_lt(since_ms(began_ns), 2 * AGENT_TIME_MS);
	expect_logged("does not answer");
	began_ns = clock_monotonic_ns();
	expect(&peer, &plain, "");
	expect(&peer, &spam, "high-risk");
	cr_expect_lt(since_ms(began_ns), AGENT_TIME_MS);
	milter_fixture_agent_signal(SIGCONT);
	cr_expect(wait_for(is_answered(&peer), 5000));
	expect(&peer, &plain, "normal");
	peer_close(&peer);
}

/* More messages than connections to the agent. */
Test(milter_outage, a_silent_agent_delays_all_messages_together_once)
{
	struct peer peers[4 * AGENT_CONNECTIONS_MAX];
	const unsigned count = sizeof(peers) / sizeof(peers[0]);
	uint64_t began_ns;

	milter_fixture_open("policy \"default\" { messages_per_minute = 10000 }\n");
	for (unsigned i = 0; i < count; i++)
		peers[i] = milter_fixture_connect();
	milter_fixture_agent_signal(SIGSTOP);
	began_ns = clock_monotonic_ns();
	for (unsigned i = 0; i < count; i++) {
		peer_begin(&peers[i], &plain);
		peer_end(&peers[i]);
	}
	for (unsigned i = 0; i < count; i++) {
		struct peer_result result = peer_result(&peers[i]);

		cr_expect_eq(result.action, PROTOCOL_CONTINUE);
		cr_expect_eq(result.added, 0);
	}
	cr_expect_leq(since_ms(began_ns), 2 * AGENT_TIME_MS + 4 * MARGIN_MS, "%lu",
		      since_ms(began_ns));
	milter_fixture_agent_signal(SIGCONT);
	cr_expect(wait_for(is_answered(&peers[0]), 5000));
	for (unsigned i = 0; i < count; i++) {
		expect(&peers[i], &plain, "normal");
		peer_close(&peers[i]);
	}
}

/* ---- an agent that is none */

#define HTTP(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body

static const char *const nonsense[] = {
	"",
	"220 mail.example.net ESMTP\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
	"HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\n{\"error\": \"no\"}",
	HTTP(""),
	HTTP("good"),
	HTTP("[]"),
	HTTP("{}"),
	HTTP("{\"action\": \"accept\"}"),
	HTTP("{\"action\": 1}"),
	HTTP("{\"action\": \"steer\", \"pool\": 7}"),
	HTTP("{\"action\": \"steer\", \"pool\": \"normal\\nX-Spam: No\"}"),
	HTTP("{\"action\": \"steer\", \"pool\": \"normal\", \"lane\": \"a b\"}"),
	HTTP("{\"action\": \"steer\", \"lane\": \"postern-normal\"}"),
	HTTP("{\"action\": \"steer\", \"pool\": \"normalnormalnormalnormalnormalnorm\"}"),
	HTTP("{\"action\": \"defer\"}"),
	HTTP("{\"action\": \"defer\", \"status\": \"5.7.1\"}"),
	HTTP("{\"action\": \"reject\", \"status\": \"4.7.1\"}"),
	HTTP("{\"action\": \"reject\", \"status\": \"5\"}"),
	HTTP("{\"action\": \"reject\", \"status\": \"5.1.8 \"}"),
	HTTP("{\"action\": \"reject\", \"status\": \"5.1.8888\"}"),
	HTTP("{\"action\": \"reject\", \"status\": \"5.-1.8\"}"),
};

Test(milter_outage, answers_that_are_not_decisions_count_as_none)
{
	struct peer peer;

	milter_fixture_prepare("");
	milter_fixture_milter_start();
	peer = milter_fixture_connect();
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		struct peer_result result;

		milter_fixture_nonsense_start(nonsense[i]);
		result = peer_deliver(&peer, &plain);
		cr_expect_eq(result.action, PROTOCOL_CONTINUE, "%s: %c", nonsense[i],
			     result.action);
		cr_expect_eq(result.added, 0, "%s", nonsense[i]);
		result = peer_deliver(&peer, &spam);
		cr_expect_str_eq(result.lane, "postern-high-risk", "%s", nonsense[i]);
	}
	peer_close(&peer);
}

Test(milter_outage, a_message_with_rejected_facts_is_high_risk)
{
	struct peer peer;

	milter_fixture_prepare("on_agent_down = \"defer\"\n");
	milter_fixture_nonsense_start("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
				      "{\"error\": \"member 'user': found 256 bytes\"}");
	milter_fixture_milter_start();
	peer = milter_fixture_connect();
	expect(&peer, &plain, "high-risk");
	expect_logged("milter: member 'user': found 256 bytes: of the messages without the agent's "
		      "decision 0 passed, 1 were marked high-risk, 0 were deferred\n");
	peer_close(&peer);
}

Test(milter_outage, an_endless_answer_is_cut_off)
{
	static char endless[200000];
	struct peer peer;

	memset(endless, ' ', sizeof(endless) - 1);
	memcpy(endless, HTTP("{\"action\": \"steer\""), strlen(HTTP("{\"action\": \"steer\"")));
	endless[sizeof(endless) - 2] = '}';
	milter_fixture_prepare("");
	milter_fixture_nonsense_start(endless);
	milter_fixture_milter_start();
	peer = milter_fixture_connect();
	expect(&peer, &plain, "");
	expect_logged("the agent's answer has more than 65536 bytes");
	peer_close(&peer);
}

#define REJECTS(sender)                                                                            \
	HTTP("{\"action\": \"reject\", \"status\": \"5.1.8\", \"reason\": \"restricted\", "        \
	     "\"sender\": \"" sender "\"}")

Test(milter_outage, no_name_of_a_sender_breaks_a_reply)
{
	static const char *const answers[] = {REJECTS("100%d"), REJECTS("a\\r\\n250 ok"),
					      REJECTS("a b"), REJECTS("b\xc3\xbc"), REJECTS("")};
	struct peer peer;

	milter_fixture_prepare("");
	milter_fixture_milter_start();
	peer = milter_fixture_connect();
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct peer_result result;

		milter_fixture_nonsense_start(answers[i]);
		result = peer_deliver(&peer, &plain);
		cr_expect_str_eq(result.reply, "550 5.1.8 Sending is blocked for this sender: too "
					       "much was sent. Ask your postmaster");
	}
	peer_close(&peer);
}
