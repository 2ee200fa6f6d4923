/* SPDX-License-Identifier: BSD-2-Clause */
/* The last decisions: found again whole, bounded by count and age. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policy_fixture.h"
#include "policy/decision_log.h"

TestSuite(policy_decision_log, .init = config_file_setup, .fini = config_file_teardown);

static const uint8_t secret[SIPHASH_KEY_SIZE] = {7};

static struct decision_log *new_decisions(uint32_t max)
{
	struct decision_log *decisions = NULL;

	cr_assert_eq(decision_log_new(max, secret, &decisions), 0);
	return decisions;
}

static void add(struct decision_log *decisions, unsigned number, const char *sender,
		int64_t now_sec)
{
	char id[32];
	struct facts facts = {.message_id = id, .recipients_external = number};
	struct decision decision = {.action = DECISION_STEER};

	snprintf(id, sizeof(id), "<%u@example.net>", number);
	snprintf(decision.sender, sizeof(decision.sender), "%s", sender);
	decision_log_add(decisions, &facts, &decision, NULL, now_sec);
}

static int find(const struct decision_log *decisions, unsigned number, int64_t now_sec)
{
	struct decision_record record;
	char id[32];
	int r;

	snprintf(id, sizeof(id), "<%u@example.net>", number);
	r = decision_log_find(decisions, id, now_sec, &record);
	if (r == 0)
		cr_expect_eq(record.facts.recipients_external, number);
	return r;
}

Test(policy_decision_log, a_table_without_room_is_refused)
{
	struct decision_log *decisions = NULL;

	cr_expect_eq(decision_log_new(0, secret, &decisions), -EINVAL);
}

static void expect_text(const char *text, const char *expected)
{
	if (expected)
		cr_expect_str_eq(text, expected);
	else
		cr_expect_null(text);
}

Test(policy_decision_log, facts_and_steps_come_back_as_they_were)
{
	struct policy_fixture *fixture =
		policy_fixture_new("tenant \"t\" { domains = \"example.net\" }\n"
				   "policy \"default\" { recipients_external_per_hour = 3 "
				   "on_limit = \"restrict-today\" }\n");
	struct facts facts = {
		.message_id = "<1@example.net>",
		.user = "bob@example.net",
		.envelope_from = "news@example.net",
		.header_from = "bob@example.net",
		.recipients_external = 4,
		.recipients_internal = 5,
		.automatic = true,
		.mail_dns = FACTS_DNS_PRESENT,
		.spf = FACTS_AUTH_FAIL,
		.dkim = FACTS_AUTH_NONE,
		.client = "192.0.2.1",
		.connections = 6,
	};
	struct decision_log *decisions = new_decisions(10);
	struct decision decision = policy_fixture_decide(fixture, &facts, NOON);
	struct decision_record record;

	decision_log_add(decisions, &facts, &decision, NULL, NOON);
	cr_assert_eq(decision_log_find(decisions, "<1@example.net>", NOON + 1, &record), 0);
	cr_expect_eq(record.time_sec, NOON);
	expect_text(record.facts.message_id, facts.message_id);
	expect_text(record.facts.user, facts.user);
	expect_text(record.facts.envelope_from, facts.envelope_from);
	expect_text(record.facts.header_from, facts.header_from);
	expect_text(record.facts.client, facts.client);
	expect_text(record.facts.sender, NULL);
	expect_text(record.facts.tenant, NULL);
	cr_expect_eq(record.facts.recipients_external, 4);
	cr_expect_eq(record.facts.recipients_internal, 5);
	cr_expect_eq(record.facts.connections, 6);
	cr_expect(record.facts.automatic);
	cr_expect_not(record.facts.bounce);
	cr_expect_not(record.facts.spam);
	cr_expect_eq(record.facts.mail_dns, FACTS_DNS_PRESENT);
	cr_expect_eq(record.facts.spf, FACTS_AUTH_FAIL);
	cr_expect_eq(record.facts.dkim, FACTS_AUTH_NONE);

	cr_expect_eq(record.decision.action, DECISION_REJECT);
	cr_expect_eq(record.decision.reason, REASON_OVER_LIMIT);
	cr_expect_eq(record.decision.pool, POOL_NONE);
	cr_expect_str_eq(record.decision.status, "5.1.8");
	cr_expect_eq(record.decision.until_sec, MIDNIGHT + DAY);
	cr_expect_eq(record.decision.identity, IDENTITY_USER);
	cr_expect_str_eq(record.decision.sender, "bob@example.net");
	expect_text(record.decision.policy, "default");
	expect_text(record.decision.tenant, "t");
	cr_assert_eq(record.decision.n_steps, decision.n_steps);
	for (unsigned i = 0; i < decision.n_steps; i++)
		cr_expect_eq(memcmp(&record.decision.steps[i], &decision.steps[i],
				    sizeof(decision.steps[i])),
			     0, "step %u", i);
	decision_log_free(decisions);
	policy_fixture_free(fixture);
}

Test(policy_decision_log, the_oldest_gives_way_and_no_other)
{
	struct decision_log *decisions = new_decisions(100);

	for (unsigned i = 0; i < 1050; i++) {
		add(decisions, i, "bob", NOON + i);
		cr_assert_eq(find(decisions, i, NOON + i), 0);
	}
	for (unsigned i = 0; i < 1050; i++)
		cr_expect_eq(find(decisions, i, NOON + 1050), i < 950 ? -ENOENT : 0, "%u", i);
	decision_log_free(decisions);
}

Test(policy_decision_log, after_an_hour_it_is_forgotten)
{
	struct decision_log *decisions = new_decisions(100);

	add(decisions, 1, "bob", NOON);
	cr_expect_eq(find(decisions, 1, NOON + DECISION_LOG_SEC), 0);
	cr_expect_eq(find(decisions, 1, NOON + DECISION_LOG_SEC + 1), -ENOENT);
	cr_expect_eq(find(decisions, 1, NOON - 86400), 0, "the clock went back");
	decision_log_free(decisions);
}

Test(policy_decision_log, of_several_about_one_message_or_sender_the_last_is_found)
{
	struct decision_log *decisions = new_decisions(4);
	struct decision_record record;

	add(decisions, 1, "bob", NOON);
	add(decisions, 1, "Eve@example.net", NOON + 1);
	add(decisions, 2, "bob", NOON + 2);
	cr_assert_eq(decision_log_find(decisions, "<1@example.net>", NOON + 2, &record), 0);
	cr_expect_str_eq(record.decision.sender, "Eve@example.net");
	cr_assert_eq(decision_log_find_sender(decisions, "BOB", NOON + 2, &record), 0);
	cr_expect_eq(record.time_sec, NOON + 2);
	cr_assert_eq(decision_log_find_sender(decisions, "eve@example.net", NOON + 2, &record), 0);
	cr_expect_eq(record.time_sec, NOON + 1);
	cr_expect_eq(decision_log_find_sender(decisions, "nobody", NOON + 2, &record), -ENOENT);
	for (unsigned i = 3; i < 7; i++)
		add(decisions, i, "mallory", NOON + 3);
	cr_expect_eq(decision_log_find_sender(decisions, "bob", NOON + 3, &record), -ENOENT);
	decision_log_free(decisions);
}

Test(policy_decision_log, one_without_a_message_id_is_found_by_its_sender_only)
{
	struct decision_log *decisions = new_decisions(2);
	struct facts facts = {.kind = FACTS_CONNECTION, .sender = "web"};
	struct decision decision = {.action = DECISION_STEER, .sender = "web"};
	struct decision_record record;

	for (unsigned i = 0; i < 5; i++)
		decision_log_add(decisions, &facts, &decision, NULL, NOON);
	cr_expect_eq(decision_log_find(decisions, "", NOON, &record), -ENOENT);
	cr_assert_eq(decision_log_find_sender(decisions, "web", NOON, &record), 0);
	cr_expect_null(record.facts.message_id);
	decision_log_free(decisions);
}

Test(policy_decision_log, long_texts_are_cut_and_found_by_the_whole)
{
	struct decision_log *decisions = new_decisions(2);
	struct decision decision = {.action = DECISION_STEER};
	struct decision_record record;
	char id[2000], texts[5][250];
	struct facts facts = {.message_id = id,
			      .user = texts[0],
			      .envelope_from = texts[1],
			      .client = texts[2],
			      .header_from = texts[3],
			      .sender = texts[4]};

	memset(id, 'i', sizeof(id));
	id[sizeof(id) - 1] = '\0';
	for (unsigned i = 0; i < 5; i++) {
		memset(texts[i], 'a' + (int)i, sizeof(texts[i]));
		texts[i][sizeof(texts[i]) - 1] = '\0';
	}
	strcpy(decision.sender, "bob@example.net");
	decision_log_add(decisions, &facts, &decision, NULL, NOON);
	cr_assert_eq(decision_log_find(decisions, id, NOON, &record), 0);
	cr_expect_eq(strlen(record.facts.message_id), DECISION_TEXT_MAX);
	cr_expect_eq(strlen(record.facts.envelope_from), DECISION_TEXT_MAX);
	cr_expect_eq(strlen(record.facts.user), DECISION_TEXT_MAX);
	cr_expect_lt(strlen(record.facts.client), DECISION_TEXT_MAX, "the room was used up");
	id[sizeof(id) - 2] = 'j';
	cr_expect_eq(decision_log_find(decisions, id, NOON, &record), -ENOENT);
	cr_expect_eq(decision_log_find_sender(decisions, decision.sender, NOON, &record), 0);
	decision_log_free(decisions);
}

Test(policy_decision_log, the_name_of_the_sender_is_kept_whole_and_so_is_what_equals_it)
{
	struct decision_log *decisions = new_decisions(2);
	struct decision decision = {.action = DECISION_STEER, .policy = "default", .tenant = "t"};
	struct facts facts = {.message_id = "1@example.net", .user = decision.sender};
	struct decision_record record;

	memset(decision.sender, 'n', POLICY_NAME_SIZE - 1);
	decision_log_add(decisions, &facts, &decision, NULL, NOON);
	cr_assert_eq(decision_log_find(decisions, "1@example.net", NOON, &record), 0);
	cr_expect_str_eq(record.decision.sender, decision.sender);
	cr_expect_str_eq(record.facts.user, decision.sender);
	cr_expect_str_eq(record.facts.message_id, "1@example.net");
	cr_expect_str_eq(record.decision.policy, "default");
	cr_expect_str_eq(record.decision.tenant, "t");
	decision_log_free(decisions);
}
