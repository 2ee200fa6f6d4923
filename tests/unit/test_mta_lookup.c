/* SPDX-License-Identifier: BSD-2-Clause */
/* The lane in the answer to Postfix, by the current verdict of the sender. */
#include "mta/lookup.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "steering/steering.h"
#include "judge/judge.h"
#include "unit/judge_fixture.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define POOLS                                                                                      \
	"pool \"normal\" { addresses = \"192.0.2.10\" handles = \"100.127.0.1\" }\n"               \
	"pool \"high-risk\" { addresses = \"192.0.2.20\" handles = \"100.127.0.2\" }\n"            \
	"pool \"spare\" { addresses = \"192.0.2.30\" }\n"                                          \
	"policy \"few\" { senders = { \"*@few.example\" } recipients_external_per_hour = 5 }\n"    \
	"policy \"harsh\" { senders = { \"*@harsh.example\" } recipients_per_day = 5\n"            \
	"  on_limit = \"restrict\" }\n"                                                            \
	"policy \"spam\" { senders = { \"*@spam.example\" } reports_per_day = 1 }\n"               \
	"senders_tracked_max = 1024\ndecisions_max = 1024\n"

#define BLOCKED "OK retry:4.7.1 mail of this sender waits: manual"

TestSuite(mta_lookup, .fini = judge_fixture_close);

static const char *ask_bytes(const char *request, size_t size)
{
	static char reply[LOOKUP_REPLY_MAX];

	cr_assert_eq(lookup_reply(judge_fixture.judge, request, size, &judge_fixture.now, reply),
		     strlen(reply));
	return reply;
}

static const char *ask(const char *sender)
{
	char request[1024];

	return ask_bytes(request, (size_t)snprintf(request, sizeof(request), "lane %s", sender));
}

static void set(const char *sender, enum verdict_action action, const char *pool)
{
	const struct manual_order verdict = {.action = action, .pool = pool};

	cr_assert_eq(judge_set_verdict(judge_fixture.judge, sender, &verdict, &judge_fixture.now,
				       &judge_fixture.error),
		     0, "%s", judge_fixture.error.text);
}

Test(mta_lookup, the_null_sender_gets_high_risk_and_an_unknown_sender_normal)
{
	judge_fixture_open(POOLS);
	cr_expect_str_eq(ask(""), "OK postern-high-risk:");
	cr_expect_str_eq(ask("<>"), "OK postern-high-risk:");
	cr_expect_str_eq(ask("\"<>\""), "OK postern-high-risk:");
	cr_expect_str_eq(ask("bob@example.net"), "OK postern-normal:");
	cr_expect_str_eq(ask("bob"), "OK postern-normal:");
}

Test(mta_lookup, a_verdict_is_followed_when_it_comes_and_when_it_goes)
{
	judge_fixture_open(POOLS);
	judge_fixture_send_as("bob@example.net", 1);
	set("bob@example.net", VERDICT_STEER, "high-risk");
	cr_expect_str_eq(ask("bob@example.net"), "OK postern-high-risk:");
	set("bob@example.net", VERDICT_DROP, NULL);
	cr_expect_str_eq(ask("bob@example.net"), BLOCKED);
	set("bob@example.net", VERDICT_PASS, NULL);
	cr_expect_str_eq(ask("bob@example.net"), "NOTFOUND ");
	cr_expect_eq(judge_clear_verdict(judge_fixture.judge, "bob@example.net", &judge_fixture.now,
					 &judge_fixture.error),
		     0);
	cr_expect_str_eq(ask("bob@example.net"), "OK postern-normal:");
}

Test(mta_lookup, a_verdict_ends_to_the_second)
{
	const struct manual_order verdict = {
		.action = VERDICT_STEER, .pool = "high-risk", .until_sec = NOON + 60};

	judge_fixture_open(POOLS);
	judge_fixture_send_as("bob@example.net", 1);
	cr_assert_eq(judge_set_verdict(judge_fixture.judge, "bob@example.net", &verdict,
				       &judge_fixture.now, &judge_fixture.error),
		     0);
	judge_fixture.now.sec += 59;
	cr_expect_str_eq(ask("bob@example.net"), "OK postern-high-risk:");
	judge_fixture.now.sec++;
	cr_expect_str_eq(ask("bob@example.net"), "OK postern-normal:");
}

Test(mta_lookup, over_limit_spam_and_restricted_are_followed)
{
	judge_fixture_open(POOLS);
	judge_fixture_send_as("a@few.example", 5);
	cr_expect_str_eq(ask("a@few.example"), "OK postern-high-risk:");
	judge_fixture.now.sec += 7200;
	cr_expect_str_eq(ask("a@few.example"), "OK postern-normal:");
	cr_assert_eq(judge_report(judge_fixture.judge, "a@spam.example", &judge_fixture.now,
				  &judge_fixture.error),
		     0);
	cr_expect_str_eq(ask("a@spam.example"), "OK postern-high-risk:");
	judge_fixture_send_as("a@harsh.example", 6);
	cr_expect_str_eq(ask("a@harsh.example"),
			 "OK retry:4.7.1 mail of this sender waits: restricted");
	cr_assert_eq(judge_release(judge_fixture.judge, "a@harsh.example", &judge_fixture.now,
				   &judge_fixture.error),
		     0);
	cr_expect_str_eq(ask("a@harsh.example"), "OK postern-normal:");
}

Test(mta_lookup, all_spellings_of_a_mailbox_are_one_sender)
{
	static const char *const spellings[] = {
		"bob@example.net",
		"BOB@Example.NET",
		"\"bob\"@example.net",
		"bob@example.net.",
		"@relay.example:bob@example.net",
	};

	judge_fixture_open(POOLS);
	judge_fixture_send_as("bob@example.net", 1);
	set("bob@example.net", VERDICT_DROP, NULL);
	for (size_t i = 0; i < COUNT(spellings); i++)
		cr_expect_str_eq(ask(spellings[i]), BLOCKED, "%s", spellings[i]);
	cr_expect_str_eq(ask("bob@example.org"), "OK postern-normal:");
	cr_expect_str_eq(ask("bo@example.net"), "OK postern-normal:");
}

Test(mta_lookup, mail_of_a_pool_without_a_lane_waits_unless_it_is_normal)
{
	judge_fixture_open("pool \"normal\" { addresses = \"192.0.2.10\" }\n"
			   "pool \"high-risk\" { addresses = \"192.0.2.20\" }\n");
	cr_expect_str_eq(ask(""), "OK retry:4.7.1 pool high-risk has no lane, mail waits");
	cr_expect_str_eq(ask("bob@example.net"), "NOTFOUND ");
}

static void set_pool(const char *pool, enum pool_state to)
{
	cr_assert_eq(steering_set_pool(judge_fixture.steering, pool, to, &judge_fixture.error), 0);
}

static void set_address(const char *pool, const char *text, enum address_state to)
{
	struct address address;

	address_parse(text, &address);
	cr_assert_eq(steering_set_address(judge_fixture.steering, pool, &address, to,
					  &judge_fixture.error),
		     0);
}

Test(mta_lookup, mail_of_a_pool_that_holds_waits_and_the_answer_says_why)
{
	judge_fixture_open(POOLS);
	set_pool("high-risk", POOL_DISABLED);
	cr_expect_str_eq(ask(""), "OK retry:4.7.1 pool high-risk is disabled, mail waits");
	cr_expect_str_eq(ask("bob@example.net"), "OK postern-normal:");
	set_pool("high-risk", POOL_ENABLED);
	cr_expect_str_eq(ask(""), "OK postern-high-risk:");
	set_address("normal", "192.0.2.10", ADDRESS_DRAINING);
	cr_expect_str_eq(ask("bob@example.net"),
			 "OK retry:4.7.1 pool normal has no active address, mail waits");
	set_address("normal", "192.0.2.10", ADDRESS_ACTIVE);
	cr_expect_str_eq(ask("bob@example.net"), "OK postern-normal:");
}

static void set_held(const char *address, bool held)
{
	struct host_key key = {.kind = HOST_ADDRESS};
	const struct host_entry entry = {.state = held ? HOST_GIVEN_UP : HOST_PRESENT,
					 .held = held};
	struct datapath *datapath = &judge_fixture.fake->datapath;

	snprintf(key.name, sizeof(key.name), "%s", address);
	cr_assert_eq(datapath->ops->put(datapath, MAP_HOST, &key, &entry), 0);
	cr_assert_eq(steering_follow_host(judge_fixture.steering, &judge_fixture.error), 0);
}

Test(mta_lookup, mail_of_a_pool_without_an_address_on_the_host_waits)
{
	judge_fixture_open(POOLS);
	set_held("192.0.2.10", true);
	cr_expect_str_eq(
		ask("bob@example.net"),
		"OK retry:4.7.1 pool normal has no usable address on the host, mail waits");
	cr_expect_str_eq(ask(""), "OK postern-high-risk:");
	set_held("192.0.2.10", false);
	cr_expect_str_eq(ask("bob@example.net"), "OK postern-normal:");
}

/* The lane of normal serves both families, of high-risk IPv6 alone. */
Test(mta_lookup, a_pool_holds_when_no_family_of_its_lane_has_an_active_address)
{
	judge_fixture_open("pool \"normal\" { addresses = { \"192.0.2.10\", \"2001:db8::10\" }\n"
			   "  handles = { \"100.127.0.1\", \"fd70::1\" } when_empty = \"spare\" }\n"
			   "pool \"high-risk\" { addresses = { \"192.0.2.20\", \"2001:db8::20\" }\n"
			   "  handles = \"fd70::2\" }\n"
			   "pool \"spare\" { addresses = \"192.0.2.30\" }\n");
	set_address("normal", "2001:db8::10", ADDRESS_DRAINING);
	cr_expect_str_eq(ask("bob@example.net"), "OK postern-normal:");
	set_address("normal", "192.0.2.10", ADDRESS_DRAINING);
	cr_expect_str_eq(ask("bob@example.net"), "OK postern-normal:", "spare has IPv4");
	set_pool("spare", POOL_DISABLED);
	cr_expect_str_eq(ask("bob@example.net"),
			 "OK retry:4.7.1 pool normal has no active address, mail waits");
	set_address("high-risk", "192.0.2.20", ADDRESS_DISABLED);
	cr_expect_str_eq(ask(""), "OK postern-high-risk:");
	set_address("high-risk", "192.0.2.20", ADDRESS_ACTIVE);
	set_address("high-risk", "2001:db8::20", ADDRESS_DISABLED);
	cr_expect_str_eq(ask(""),
			 "OK retry:4.7.1 pool high-risk has no active address, mail waits");
}

Test(mta_lookup, lanes_of_handles_take_turns_by_the_second)
{
	judge_fixture_open("pool \"normal\" { addresses = { \"192.0.2.10\", \"2001:db8::10\" }\n"
			   "  handles = { \"100.127.0.1\", \"100.127.0.3\", \"fd70::1\" } }\n"
			   "pool \"high-risk\" { addresses = \"192.0.2.20\" handles = "
			   "\"100.127.0.2\" }\n");
	for (int i = 0; i < 4; i++, judge_fixture.now.sec++) {
		const char *expected =
			judge_fixture.now.sec % 2 ? "OK postern-normal~2:" : "OK postern-normal:";

		cr_expect_str_eq(ask("bob@example.net"), expected);
		cr_expect_str_eq(ask("ann@example.net"), expected, "one second, one lane");
		cr_expect_str_eq(ask(""), "OK postern-high-risk:");
	}
}

Test(mta_lookup, lanes_of_addresses_hold_when_no_address_is_active)
{
	judge_fixture_open("lanes = \"address\"\n"
			   "pool \"normal\" { addresses = { \"192.0.2.10 handle 100.127.0.10\",\n"
			   "  \"192.0.2.11 handle 100.127.0.11\" } }\n"
			   "pool \"high-risk\" { addresses = \"192.0.2.20\" handles = "
			   "\"100.127.0.2\" }\n");
	set_address("normal", "192.0.2.10", ADDRESS_DRAINING);
	cr_expect_str_eq(ask("bob@example.net"), "OK postern-normal~192.0.2.11:");
	set_address("normal", "192.0.2.11", ADDRESS_DRAINING);
	cr_expect_str_eq(ask("bob@example.net"),
			 "OK retry:4.7.1 pool normal has no active address, mail waits");
}

Test(mta_lookup, with_identity_domain_the_domain_counts_after_the_user)
{
	judge_fixture_open(POOLS "identity = \"domain\"\n");
	judge_fixture_send_as("example.net", 1);
	set("example.net", VERDICT_STEER, "high-risk");
	cr_expect_str_eq(ask("bob@example.net"), "OK postern-high-risk:");
	judge_fixture_send_as("bob@example.net", 1);
	set("bob@example.net", VERDICT_DROP, NULL);
	cr_expect_str_eq(ask("bob@example.net"), BLOCKED);
	cr_expect_str_eq(ask("ann@example.net"), "OK postern-high-risk:");
	cr_expect_str_eq(ask("ann@example.org"), "OK postern-normal:");
}

Test(mta_lookup, without_an_identity_in_the_envelope_the_default_holds)
{
	judge_fixture_open(POOLS "identity = \"client\"\ndefault = \"high-risk\"\n");
	cr_expect_str_eq(ask("bob@example.net"), "OK postern-high-risk:");
	judge_fixture_send_as("bob@example.net", 1);
	set("bob@example.net", VERDICT_STEER, "normal");
	cr_expect_str_eq(ask("bob@example.net"), "OK postern-normal:");
}

Test(mta_lookup, a_default_that_drops_holds)
{
	judge_fixture_open(POOLS "identity = \"client\"\ndefault = \"drop\"\n");
	cr_expect_str_eq(ask("bob@example.net"),
			 "OK retry:4.7.1 mail of this sender waits: unknown-sender");
}

Test(mta_lookup, a_default_that_passes_is_not_found)
{
	judge_fixture_open(POOLS "identity = \"client\"\ndefault = \"pass\"\n");
	cr_expect_str_eq(ask("bob@example.net"), "NOTFOUND ");
}

Test(mta_lookup, a_question_counts_nothing_and_creates_no_sender)
{
	struct policy_stats before, after;

	judge_fixture_open(POOLS);
	policy_stats(judge_policy(judge_fixture.judge), &before);
	for (int i = 0; i < 100; i++)
		ask("a@few.example");
	policy_stats(judge_policy(judge_fixture.judge), &after);
	cr_expect_eq(memcmp(&before, &after, sizeof(before)), 0);
	judge_fixture_send_as("a@few.example", 4);
	cr_expect_str_eq(ask("a@few.example"), "OK postern-normal:");
}

Test(mta_lookup, another_table_and_binary_requests_are_refused)
{
	static const char *const requests[] = {"", "lane", "lanes bob", "Lane bob", " lane bob"};

	judge_fixture_open(POOLS);
	for (size_t i = 0; i < COUNT(requests); i++)
		cr_expect_eq(strncmp(ask_bytes(requests[i], strlen(requests[i])), "PERM ", 5), 0,
			     "%s", requests[i]);
	cr_expect_eq(strncmp(ask_bytes("lane a\0b", 8), "PERM ", 5), 0);
}

Test(mta_lookup, a_sender_of_any_length_is_answered)
{
	static char request[LOOKUP_REQUEST_MAX];

	judge_fixture_open(POOLS);
	memset(request, 'a', sizeof(request));
	memcpy(request, "lane ", 5);
	for (size_t size = 200; size < LOOKUP_REQUEST_MAX; size++)
		cr_assert_str_eq(ask_bytes(request, size), "OK postern-normal:");
}

static void submit(const char *login, const char *from)
{
	const struct message_facts message = {
		.facts = {.user = login, .envelope_from = from, .recipients_external = 1}};
	struct message_decision answer;

	cr_assert_eq(judge_message(judge_fixture.judge, &message, &judge_fixture.now, &answer,
				   &judge_fixture.error),
		     0);
}

Test(mta_lookup, a_block_reaches_the_login_s_queue_under_every_envelope_sender)
{
	judge_fixture_open(POOLS);
	for (unsigned i = 0; i < 300; i++) {
		char from[64];

		snprintf(from, sizeof(from), "u%u@else.example", i);
		judge_fixture.now.sec += 3; /* within the limits */
		submit("bob", from);
	}
	submit("carol", "carol@else.example");
	cr_expect_str_eq(ask("u7@else.example"), "OK postern-normal:");
	set("bob", VERDICT_DROP, NULL);
	for (unsigned i = 0; i < 300; i++) {
		char from[64];

		snprintf(from, sizeof(from), "u%u@else.example", i);
		cr_expect_str_eq(ask(from), BLOCKED, "%s", from);
	}
	cr_expect_str_eq(ask("carol@else.example"), "OK postern-normal:");
	set("bob", VERDICT_STEER, "high-risk");
	cr_expect_str_eq(ask("u7@else.example"), "OK postern-high-risk:");
	cr_assert_eq(judge_clear_verdict(judge_fixture.judge, "bob", &judge_fixture.now,
					 &judge_fixture.error),
		     0);
	cr_expect_str_eq(ask("u7@else.example"), "OK postern-normal:");
}

Test(mta_lookup, the_strictest_of_two_logins_counts_and_both_expire)
{
	judge_fixture_open(POOLS);
	submit("bob", "desk@else.example");
	submit("carol", "desk@else.example");
	set("bob", VERDICT_DROP, NULL);
	set("carol", VERDICT_STEER, "high-risk");
	cr_expect_str_eq(ask("desk@else.example"), BLOCKED);
	cr_expect_str_eq(ask("desk+x@else.example"), BLOCKED, "one sender is one sender");
	judge_fixture.now.sec += 5 * DAY;
	cr_expect_str_eq(ask("desk@else.example"), "OK postern-normal:");
}

Test(mta_lookup, the_message_by_which_a_login_reaches_its_limit_leaves_as_it_was_judged)
{
	judge_fixture_open(POOLS);
	for (unsigned i = 0; i < 5; i++)
		submit("ann@few.example", "desk@else.example");
	cr_expect_str_eq(ask("ann@few.example"), "OK postern-high-risk:");
	cr_expect_str_eq(ask("desk@else.example"), "OK postern-normal:");
}

Test(mta_lookup, probes_of_address_verification_leave_by_high_risk)
{
	judge_fixture_open(POOLS);
	cr_expect_str_eq(ask("double-bounce@mail.example.net"), "OK postern-high-risk:");
	cr_expect_str_eq(ask("double-bounces@mail.example.net"), "OK postern-normal:");
}
