/* SPDX-License-Identifier: BSD-2-Clause */
/* Replies to the MTA, by the real milter and the real judge. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "milter/forged.h"
#include "milter/peer.h"
#include "milter/milter_fixture.h"

TestSuite(milter_milter, .fini = milter_fixture_close, .timeout = 30);

#define LIMITED(action) "policy \"default\" { recipients_per_day = 3 on_limit = \"" action "\" }\n"

static void expect_lane(const struct peer_result *result, const char *pool, const char *lane)
{
	cr_expect_eq(result->action, PROTOCOL_CONTINUE, "%c %s", result->action, result->reply);
	cr_expect_str_eq(result->pool, pool);
	cr_expect_str_eq(result->lane, lane);
	cr_expect_eq(result->added, (unsigned)(pool[0] != '\0') + (lane[0] != '\0'));
}

static void expect_reply(const struct peer_result *result, const char *begin)
{
	cr_expect_eq(result->action, PROTOCOL_REPLY_CODE, "%c", result->action);
	cr_expect_eq(strncmp(result->reply, begin, strlen(begin)), 0, "%s", result->reply);
	cr_expect_eq(result->added, 0);
}

static struct peer_message message_of(const char *user)
{
	return (struct peer_message){
		.user = user, .from = "<bob@example.net>", .external = 1, .body = "Hello\r\n"};
}

static const char *text(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

Test(milter_milter, good_mail_is_marked_with_the_normal_pool)
{
	const struct peer_message message = message_of("bob");
	struct peer peer;
	struct peer_result result;

	milter_fixture_open("");
	peer = milter_fixture_connect();
	result = peer_deliver(&peer, &message);
	expect_lane(&result, "normal", "postern-normal");
	cr_expect_str_empty(result.removed);
	peer_close(&peer);
}

Test(milter_milter, the_collected_facts_reach_the_agent)
{
	const struct peer_message message = {
		.user = "Bob",
		.from = "<@relay.example:Bob@Example.NET>",
		.external = 2,
		.internal = 3,
		.headers = {{"Message-ID", " <7@example.net>"},
			    {"From", " Bob B <bob@other.example>"},
			    {"X-Spam-Flag", " yes"}},
	};
	struct peer peer;
	struct peer_result result;
	json_t *decision, *facts;

	milter_fixture_open("");
	peer = milter_fixture_connect();
	result = peer_deliver(&peer, &message);
	expect_lane(&result, "high-risk", "postern-high-risk");
	decision = milter_fixture_explain("7@example.net");
	facts = json_object_get(decision, "facts");
	cr_expect_str_eq(text(decision, "reason"), "spam");
	cr_expect_str_eq(text(decision, "sender"), "bob");
	cr_expect_str_eq(text(facts, "envelope_from"), "Bob@example.net");
	cr_expect_eq(json_integer_value(json_object_get(facts, "recipients_external")), 2);
	cr_expect_eq(json_integer_value(json_object_get(facts, "recipients_internal")), 3);
	json_decref(decision);
	peer_close(&peer);
}

static void expect_pool(struct peer *peer, const struct peer_message *message, const char *pool,
			const char *lane)
{
	struct peer_result result = peer_deliver(peer, message);

	expect_lane(&result, pool, lane);
}

Test(milter_milter, bounces_spam_and_impossible_domains_leave_by_high_risk)
{
	static const struct peer_message messages[] = {
		{.from = "<>", .external = 1},
		{.from = "<bob@example.net>",
		 .external = 1,
		 .headers = {{"X-Spam-Status", " Yes, score=9"}}},
		{.from = "<bob@no..name>", .external = 1},
		{.from = "<mailer-daemon@example.net>",
		 .external = 1,
		 .headers = {{"Content-Type",
			      " multipart/report; report-type=delivery-status; boundary=b"}}},
	};
	struct peer peer;

	milter_fixture_open("");
	peer = milter_fixture_connect();
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		expect_pool(&peer, &messages[i], "high-risk", "postern-high-risk");
	peer_close(&peer);
}

/* By the metrics of the agent: twenty bounces are a surge. */
static unsigned long long surges_of(const struct peer_message *message)
{
	struct peer peer = milter_fixture_connect();

	for (int i = 0; i < 20; i++)
		expect_pool(&peer, message, "high-risk", "postern-high-risk");
	peer_close(&peer);
	return milter_fixture_metric("postern_bounce_surges_total{cause=\"unknown\"}");
}

Test(milter_milter, bounces_surge_by_the_recipient_of_the_envelope_and_only_if_they_report_failures)
{
	static const struct peer_message answer = {
		.from = "<>", .external = 1, .headers = {{"Auto-Submitted", " auto-replied"}}};
	static const struct peer_message without_to = {.from = "<>", .external = 1};
	static const struct peer_message forged_to = {
		.from = "<>", .external = 1, .headers = {{"To", " x@forged.example"}}};

	milter_fixture_open("");
	cr_expect_eq(surges_of(&answer), 0);
	cr_expect_eq(surges_of(&without_to), 1);
	cr_expect_eq(surges_of(&forged_to), 1, "the same domain surges already");
}

Test(milter_milter, a_pool_without_a_lane_is_still_named)
{
	const struct peer_message message = {.from = "<bob@elsewhere.example>", .external = 1};
	struct peer peer;

	milter_fixture_open("");
	peer = milter_fixture_connect();
	expect_pool(&peer, &message, "relay", "");
	peer_close(&peer);
}

Test(milter_milter, mail_over_a_limit_leaves_by_high_risk_from_that_message_on)
{
	const struct peer_message message = message_of("bob");
	struct peer peer;

	milter_fixture_open(LIMITED("high-risk"));
	peer = milter_fixture_connect();
	for (unsigned i = 0; i < 3; i++)
		expect_pool(&peer, &message, "normal", "postern-normal");
	expect_pool(&peer, &message, "high-risk", "postern-high-risk");
	peer_close(&peer);
}

Test(milter_milter, a_sender_over_its_limit_is_deferred_with_a_text)
{
	struct peer_message message = message_of("bob");
	struct peer peer;
	struct peer_result result;

	milter_fixture_open(LIMITED("defer"));
	peer = milter_fixture_connect();
	message.external = 4;
	result = peer_deliver(&peer, &message);
	expect_reply(&result, "550 5.5.3 Too many recipients: a message of bob may have 3 at most");
	message.external = 2;
	expect_pool(&peer, &message, "normal", "postern-normal");
	result = peer_deliver(&peer, &message);
	expect_reply(&result, "451 4.7.1 bob has sent too much for now, try again later: after 2");
	peer_close(&peer);
}

Test(milter_milter, a_restricted_mailbox_is_rejected_with_518)
{
	struct peer_message message = message_of("bob");
	struct peer peer;
	struct peer_result result;

	milter_fixture_open(LIMITED("restrict"));
	peer = milter_fixture_connect();
	message.external = 4;
	result = peer_deliver(&peer, &message);
	expect_reply(&result, "550 5.1.8 Sending is blocked for bob: too much was sent. Ask your");
	message.external = 1;
	result = peer_deliver(&peer, &message);
	expect_reply(&result, "550 5.1.8 Sending is blocked for bob: too much was sent. Ask your");
	message.user = "alice";
	expect_pool(&peer, &message, "normal", "postern-normal");
	peer_close(&peer);
}

Test(milter_milter, a_restricted_connector_is_rejected_with_57711)
{
	static const struct {
		const char *client, *reply;
	} cases[] = {
		{"10.1.18.7", "550 5.7.711 Sending is blocked for tenant-18 until 20"},
		{"10.1.17.7", "550 5.7.711 Sending is blocked for tenant-17 until 20"},
		{"2001:db8:17::7", "550 5.7.711 Sending is blocked for tenant-17 until 20"},
		{"10.127.255.255", "550 5.7.711 Sending is blocked for tenant-19 until 20"},
		{"10.128.0.0", "550 5.7.711 Sending is blocked for 10.128.0.0 until 20"},
		{"2001:db8:18::7", "550 5.7.711 Sending is blocked for 2001:db8:18::/64 until 20"},
	};
	struct peer_message message = message_of(NULL);
	struct peer peer;
	struct peer_result result;

	milter_fixture_open(LIMITED("restrict-today") "identity = \"sender\"\n");
	message.external = 4;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		peer = peer_open(milter_fixture_socket, PEER_STEPS_ALL, cases[i].client);
		result = peer_deliver(&peer, &message);
		expect_reply(&result, cases[i].reply);
		peer_close(&peer);
	}
}

Test(milter_milter, mail_without_a_sender_passes_unmarked)
{
	const struct peer_message message = {.from = "<root>", .internal = 1};
	struct peer peer;

	milter_fixture_open("default = \"pass\"\nidentity = \"sender\"\n");
	/* No user, no selector, no address: no sender. */
	peer = peer_open(milter_fixture_socket, PEER_STEPS_ALL, NULL);
	expect_pool(&peer, &message, "", "");
	peer_close(&peer);
}

/* ---- headers */

Test(milter_milter, headers_that_only_this_host_may_add_are_removed_from_the_last_to_the_first)
{
	const struct peer_message message = {
		.user = "bob",
		.from = "<bob@example.net>",
		.external = 1,
		.headers = {{"X-Postern-Lane", " postern-normal"},
			    {"Subject", " X-Postern-Pool: normal"},
			    {"x-postern-LANE", " postern-normal"},
			    {"X-Postern-Pool", " normal"},
			    {"X-Postern-", ""},
			    {"X-Postern", " not one of ours"},
			    {"X-Spam", " Yes"},
			    {"X-Postern-Lane", " postern-normal"}},
	};
	struct peer peer;
	struct peer_result result;

	milter_fixture_open("");
	peer = milter_fixture_connect();
	result = peer_deliver(&peer, &message);
	expect_lane(&result, "high-risk", "postern-high-risk");
	cr_expect_str_eq(result.removed,
			 "X-Postern-Lane:3 X-Postern-Lane:2 X-Postern-Lane:1 X-Postern-Pool:1 "
			 "X-Postern-:1 ");
	peer_close(&peer);
}

static struct peer_result deliver_forged(struct peer *peer, unsigned names, unsigned count)
{
	char name[32];

	peer_mail(peer, "bob", "<bob@example.net>");
	peer_rcpt(peer, "<a@example.org>");
	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "X-Postern-%u", i % names);
		peer_header(peer, name, "x", 1);
	}
	peer_end_of_headers(peer);
	peer_end(peer);
	return peer_result(peer);
}

Test(milter_milter, a_message_with_more_forged_headers_than_are_removed_is_rejected)
{
	struct peer peer;
	struct peer_result result;

	milter_fixture_open("");
	peer = milter_fixture_connect();
	result = deliver_forged(&peer, FORGED_NAMES_MAX + 1, FORGED_NAMES_MAX + 1);
	expect_reply(&result, "550 5.7.1 Too many headers");
	result = deliver_forged(&peer, 1, FORGED_MAX + 1);
	expect_reply(&result, "550 5.7.1 Too many headers");
	result = deliver_forged(&peer, FORGED_NAMES_MAX, FORGED_MAX);
	expect_lane(&result, "normal", "postern-normal");
	peer_close(&peer);
}

/* ---- sessions */

Test(milter_milter, each_message_of_a_connection_is_judged_by_itself)
{
	const struct peer_message plain = message_of("bob");
	struct peer_message spam = message_of("bob");
	struct peer peer;

	spam.headers[0] = (struct peer_header){"X-Spam", " Yes"};
	milter_fixture_open("");
	peer = milter_fixture_connect();
	for (unsigned i = 0; i < 5; i++) {
		expect_pool(&peer, &spam, "high-risk", "postern-high-risk");
		expect_pool(&peer, &plain, "normal", "postern-normal");
	}
	peer_close(&peer);
}

/* User and recipients belong to one message only. */
Test(milter_milter, an_aborted_message_leaves_nothing_behind)
{
	const struct peer_message message = message_of(NULL);
	struct peer_message spam = message_of("alice");
	struct peer peer;
	struct peer_result result;

	spam.headers[0] = (struct peer_header){"X-Postern-Lane", " x"};
	spam.headers[1] = (struct peer_header){"X-Spam", " Yes"};
	spam.external = 100;
	milter_fixture_open(LIMITED("defer"));
	peer = milter_fixture_connect();
	peer_begin(&peer, &spam); /* up to its body */
	cr_assert(peer_send(&peer, PROTOCOL_ABORT, NULL, 0));
	result = peer_deliver(&peer, &message);
	expect_lane(&result, "normal", "postern-normal");
	cr_expect_str_empty(result.removed);
	/* MAIL without an abort before it: an MTA may not report RSET. */
	peer_begin(&peer, &spam);
	result = peer_deliver(&peer, &message);
	expect_lane(&result, "normal", "postern-normal");
	cr_expect_str_empty(result.removed);
	peer_close(&peer);
}

Test(milter_milter, a_connection_may_serve_another_client_later)
{
	struct peer_message message = message_of(NULL);
	struct peer peer;
	struct peer_result result;

	milter_fixture_open(LIMITED("restrict") "identity = \"sender\"\n");
	peer = peer_open(milter_fixture_socket, PEER_STEPS_ALL, "10.1.18.7");
	expect_pool(&peer, &message, "normal", "postern-normal");
	cr_assert(peer_send(&peer, PROTOCOL_QUIT_NC, NULL, 0));
	peer_connect(&peer, "10.1.17.7");
	message.external = 4;
	result = peer_deliver(&peer, &message);
	expect_reply(&result, "550 5.7.711 Sending is blocked for tenant-17");
	peer_close(&peer);
}

Test(milter_milter, an_old_mta_gets_a_reply_to_each_command)
{
	struct peer_message message = message_of("bob");
	struct peer peer;

	message.headers[0] = (struct peer_header){"X-Spam", " Yes"};
	milter_fixture_open("");
	peer = peer_open(milter_fixture_socket, PEER_STEPS_OLD, "198.51.100.7");
	cr_expect_eq(peer.steps & PROTOCOL_CAN_SKIP, 0);
	expect_pool(&peer, &message, "high-risk", "postern-high-risk");
	expect_pool(&peer, &message, "high-risk", "postern-high-risk");
	peer_close(&peer);
}
