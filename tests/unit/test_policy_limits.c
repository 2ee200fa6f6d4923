/* SPDX-License-Identifier: BSD-2-Clause */
/* Each limit below, at and above it; over time and clocks; facts that count; events. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy_fixture.h"

TestSuite(policy_limits, .init = config_file_setup, .fini = config_file_teardown);

#define LIMIT 10

/* The limit under test is 10, the others are high. Tenant and sender are bob's. */
static struct policy_fixture *judge_of(enum config_limit limit, const char *on_limit)
{
	char text[1024];
	size_t used = (size_t)snprintf(text, sizeof(text),
				       "policy \"default\" { on_limit = \"%s\"\n", on_limit);

	for (enum config_limit i = 0; i < CONFIG_LIMITS_OF_SENDER; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s = %d\n",
					 config_limit_name(i), i == limit ? LIMIT : 10000);
	used += (size_t)snprintf(text + used, sizeof(text) - used,
				 "}\ntenant \"t\" { domains = \"example.net\"\n");
	if (limit >= CONFIG_LIMITS_OF_SENDER)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "on_limit = \"%s\" %s = %d\n", on_limit,
					 config_limit_name(limit) + sizeof("tenant"), LIMIT);
	snprintf(text + used, sizeof(text) - used, "}\n");
	return policy_fixture_new(text);
}

/* Facts that count `n` against the limit; messages by the minute are sent several times. */
static struct facts facts_of(enum config_limit limit, uint32_t n)
{
	struct facts facts = {.user = "bob@example.net"};

	switch (limit) {
	case CONFIG_CONNECTIONS_PER_MINUTE:
		return (struct facts){
			.kind = FACTS_CONNECTION, .sender = "bob@example.net", .connections = n};
	case CONFIG_INTERNAL_PER_HOUR:
	case CONFIG_TENANT_RECIPIENTS_PER_DAY:
		facts.recipients_internal = n;
		break;
	default:
		facts.recipients_external = n;
		break;
	}
	return facts;
}

static struct decision send_n(struct policy_fixture *fixture, enum config_limit limit, uint32_t n,
			      int64_t now_sec)
{
	struct facts facts = facts_of(limit, n);
	struct decision decision = {0};

	if (limit != CONFIG_MESSAGES_PER_MINUTE)
		return policy_fixture_decide(fixture, &facts, now_sec);
	for (facts.recipients_external = 1; n; n--)
		decision = policy_fixture_decide(fixture, &facts, now_sec);
	return decision;
}

static int64_t length_sec(enum config_limit limit)
{
	static const int64_t lengths[CONFIG_LIMITS] = {3600, 3600, DAY, 60, 60, DAY, DAY};

	return lengths[limit];
}

static int64_t bucket_sec(enum config_limit limit)
{
	static const int64_t buckets[CONFIG_LIMITS] = {300, 300, 3600, 10, 10, 3600, 3600};

	return buckets[limit];
}

ParameterizedTestParameters(policy_limits, below_and_at_the_limit_is_good_and_above_it_is_over)
{
	static enum config_limit limits[CONFIG_LIMITS];

	for (unsigned i = 0; i < CONFIG_LIMITS; i++)
		limits[i] = i;
	return cr_make_param_array(enum config_limit, limits, CONFIG_LIMITS);
}

ParameterizedTest(enum config_limit *limit, policy_limits,
		  below_and_at_the_limit_is_good_and_above_it_is_over)
{
	struct policy_fixture *fixture = judge_of(*limit, "high-risk");
	struct decision decision;

	cr_expect_eq(send_n(fixture, *limit, LIMIT - 1, NOON).reason, REASON_GOOD);
	cr_expect_eq(send_n(fixture, *limit, 1, NOON).reason, REASON_GOOD);
	decision = send_n(fixture, *limit, 1, NOON);
	cr_expect_eq(decision.reason, REASON_OVER_LIMIT);
	cr_expect_eq(decision.pool, POOL_HIGH_RISK);
	cr_expect_eq(decision.steps[decision.n_steps - 1].limit, *limit);
	cr_expect_eq(decision.steps[decision.n_steps - 1].count, LIMIT);
	cr_expect_eq(decision.steps[decision.n_steps - 1].adds, 1);
	cr_expect_eq(decision.steps[decision.n_steps - 1].max, LIMIT);
	policy_fixture_free(fixture);
}

ParameterizedTestParameters(policy_limits, what_goes_past_the_limit_at_once_is_over)
{
	static enum config_limit limits[] = {
		CONFIG_EXTERNAL_PER_HOUR, CONFIG_INTERNAL_PER_HOUR, CONFIG_RECIPIENTS_PER_DAY,
		CONFIG_TENANT_EXTERNAL_PER_DAY, CONFIG_TENANT_RECIPIENTS_PER_DAY};

	return cr_make_param_array(enum config_limit, limits, sizeof(limits) / sizeof(limits[0]));
}

ParameterizedTest(enum config_limit *limit, policy_limits, what_goes_past_the_limit_at_once_is_over)
{
	struct policy_fixture *fixture = judge_of(*limit, "defer");
	struct decision decision;

	cr_expect_eq(send_n(fixture, *limit, LIMIT - 2, NOON).reason, REASON_GOOD);
	cr_expect_eq(send_n(fixture, *limit, 3, NOON).action, DECISION_DEFER);
	decision = send_n(fixture, *limit, UINT32_MAX, NOON);
	cr_expect_eq(decision.action, DECISION_REJECT);
	cr_expect_str_eq(decision.status, "5.5.3");
	cr_expect_eq(decision.until_sec, 0);
	cr_expect_eq(fixture->n_standings, 0, "a rejection for good restricted the sender");
	cr_expect_eq(send_n(fixture, *limit, 2, NOON).reason, REASON_GOOD,
		     "deferred mail was counted");
	policy_fixture_free(fixture);
}

ParameterizedTestParameters(policy_limits, room_comes_back_when_the_window_has_rolled_over)
{
	static enum config_limit limits[CONFIG_LIMITS];

	for (unsigned i = 0; i < CONFIG_LIMITS; i++)
		limits[i] = i;
	return cr_make_param_array(enum config_limit, limits, CONFIG_LIMITS);
}

ParameterizedTest(enum config_limit *limit, policy_limits,
		  room_comes_back_when_the_window_has_rolled_over)
{
	struct policy_fixture *fixture = judge_of(*limit, "defer");
	const int64_t length = length_sec(*limit), bucket = bucket_sec(*limit);
	struct decision decision;

	send_n(fixture, *limit, LIMIT, NOON + 5);
	decision = send_n(fixture, *limit, 1, NOON + 5 + length);
	cr_expect_eq(decision.action, DECISION_DEFER);
	cr_expect_eq(decision.until_sec, NOON + length + bucket, "room at %ld",
		     (long)(decision.until_sec - NOON));
	cr_expect_eq(send_n(fixture, *limit, 1, decision.until_sec - 1).action, DECISION_DEFER);
	cr_expect_eq(send_n(fixture, *limit, 1, decision.until_sec).reason, REASON_GOOD);
	policy_fixture_free(fixture);
}

Test(policy_limits, the_time_given_is_that_of_room_for_all_recipients)
{
	struct policy_fixture *fixture = judge_of(CONFIG_EXTERNAL_PER_HOUR, "defer");

	policy_fixture_send(fixture, 5, NOON);
	policy_fixture_send(fixture, 5, NOON + 600);
	cr_expect_eq(policy_fixture_send(fixture, 5, NOON + 601).until_sec, NOON + 3900);
	cr_expect_eq(policy_fixture_send(fixture, 6, NOON + 601).until_sec, NOON + 4500);
	cr_expect_eq(policy_fixture_send(fixture, 11, NOON + 601).until_sec, 0, "there never is");
	policy_fixture_free(fixture);
}

ParameterizedTestParameters(policy_limits, midnight_gives_no_room)
{
	static enum config_limit limits[CONFIG_LIMITS];

	for (unsigned i = 0; i < CONFIG_LIMITS; i++)
		limits[i] = i;
	return cr_make_param_array(enum config_limit, limits, CONFIG_LIMITS);
}

ParameterizedTest(enum config_limit *limit, policy_limits, midnight_gives_no_room)
{
	struct policy_fixture *fixture = judge_of(*limit, "defer");

	send_n(fixture, *limit, LIMIT, MIDNIGHT - 1);
	cr_expect_eq(send_n(fixture, *limit, 1, MIDNIGHT).action, DECISION_DEFER);
	policy_fixture_free(fixture);
}

ParameterizedTestParameters(policy_limits, a_clock_that_leaps_back_gives_no_room_and_freezes_none)
{
	static enum config_limit limits[CONFIG_LIMITS];

	for (unsigned i = 0; i < CONFIG_LIMITS; i++)
		limits[i] = i;
	return cr_make_param_array(enum config_limit, limits, CONFIG_LIMITS);
}

ParameterizedTest(enum config_limit *limit, policy_limits,
		  a_clock_that_leaps_back_gives_no_room_and_freezes_none)
{
	static const int64_t steps[] = {1, 60, 61, 3600, 2 * DAY, 20L * 365 * DAY};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct policy_fixture *fixture = judge_of(*limit, "defer");
		const int64_t back = NOON - steps[i];
		const int64_t held = steps[i] <= WINDOW_HOLD_SEC ? steps[i] : 0;

		send_n(fixture, *limit, LIMIT, NOON);
		cr_expect_eq(send_n(fixture, *limit, 1, back).action, DECISION_DEFER);
		cr_expect_eq(send_n(fixture, *limit, 1, back + length_sec(*limit)).action,
			     DECISION_DEFER);
		cr_expect_eq(send_n(fixture, *limit, 1,
				    back + held + length_sec(*limit) + 2 * bucket_sec(*limit))
				     .reason,
			     REASON_GOOD, "a step of %ld s froze it", (long)steps[i]);
		policy_fixture_free(fixture);
	}
}

Test(policy_limits, a_clock_that_leaps_forward_gives_room)
{
	for (enum config_limit limit = 0; limit < CONFIG_LIMITS; limit++) {
		struct policy_fixture *fixture = judge_of(limit, "defer");

		send_n(fixture, limit, LIMIT, NOON);
		cr_expect_eq(send_n(fixture, limit, 1, NOON + 10L * 365 * DAY).reason, REASON_GOOD);
		policy_fixture_free(fixture);
	}
}

/* ---- facts that count */

static uint32_t counted(struct policy_fixture *fixture, enum config_limit limit)
{
	struct policy_view view;

	return policy_view(fixture->policy, "bob@example.net", NOON, &view) < 0
		       ? 0
		       : view.counts[limit];
}

Test(policy_limits, a_message_counts_its_recipients_by_kind)
{
	struct policy_fixture *fixture = policy_fixture_new("");
	struct facts facts = {
		.user = "bob@example.net", .recipients_external = 3, .recipients_internal = 4};

	policy_fixture_decide(fixture, &facts, NOON);
	cr_expect_eq(counted(fixture, CONFIG_EXTERNAL_PER_HOUR), 3);
	cr_expect_eq(counted(fixture, CONFIG_INTERNAL_PER_HOUR), 4);
	cr_expect_eq(counted(fixture, CONFIG_RECIPIENTS_PER_DAY), 7);
	cr_expect_eq(counted(fixture, CONFIG_MESSAGES_PER_MINUTE), 1);
	cr_expect_eq(counted(fixture, CONFIG_CONNECTIONS_PER_MINUTE), 0);
	policy_fixture_free(fixture);
}

Test(policy_limits, bounces_count_nothing_and_automatic_replies_no_recipients)
{
	struct policy_fixture *fixture = policy_fixture_new("");
	struct facts bounce = {
		.envelope_from = "bob@example.net", .bounce = true, .recipients_external = 3};
	struct facts reply = {
		.user = "bob@example.net", .automatic = true, .recipients_external = 1};
	struct facts list = {
		.user = "bob@example.net", .automatic = true, .recipients_external = 2};

	policy_fixture_decide(fixture, &bounce, NOON);
	bounce.bounce = false;
	bounce.envelope_from = "";
	bounce.client = "192.0.2.9";
	policy_fixture_decide(fixture, &bounce, NOON);
	cr_expect_eq(counted(fixture, CONFIG_EXTERNAL_PER_HOUR), 0);
	cr_expect_eq(counted(fixture, CONFIG_MESSAGES_PER_MINUTE), 0);
	policy_fixture_decide(fixture, &reply, NOON);
	cr_expect_eq(counted(fixture, CONFIG_EXTERNAL_PER_HOUR), 0);
	cr_expect_eq(counted(fixture, CONFIG_MESSAGES_PER_MINUTE), 1);
	policy_fixture_decide(fixture, &list, NOON);
	cr_expect_eq(counted(fixture, CONFIG_EXTERNAL_PER_HOUR), 2);
	policy_fixture_free(fixture);
}

Test(policy_limits, what_is_deferred_or_rejected_counts_nothing_and_high_risk_mail_counts)
{
	static const struct {
		const char *on_limit;
		uint32_t count;
	} cases[] = {{"defer", LIMIT},
		     {"restrict", LIMIT},
		     {"restrict-today", LIMIT},
		     {"high-risk", LIMIT + 5},
		     {"alert", LIMIT + 5}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy_fixture *fixture =
			judge_of(CONFIG_EXTERNAL_PER_HOUR, cases[i].on_limit);

		send_n(fixture, CONFIG_EXTERNAL_PER_HOUR, LIMIT, NOON);
		send_n(fixture, CONFIG_EXTERNAL_PER_HOUR, 5, NOON);
		cr_expect_eq(counted(fixture, CONFIG_EXTERNAL_PER_HOUR), cases[i].count, "%s",
			     cases[i].on_limit);
		policy_fixture_free(fixture);
	}
}

Test(policy_limits, a_sender_that_slows_down_is_good_again_though_it_went_on_by_high_risk)
{
	struct policy_fixture *fixture = judge_of(CONFIG_MESSAGES_PER_MINUTE, "high-risk");

	for (int64_t now = NOON; now < NOON + 600; now += 2)
		policy_fixture_send(fixture, 1, now);
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON + 600).reason, REASON_OVER_LIMIT);
	for (int64_t now = NOON + 610; now < NOON + 900; now += 10)
		policy_fixture_send(fixture, 1, now);
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON + 900).reason, REASON_GOOD);
	policy_fixture_free(fixture);
}

Test(policy_limits, the_users_of_a_tenant_share_its_total)
{
	struct policy_fixture *fixture =
		policy_fixture_new("tenant \"t\" { domains = \"example.net\" "
				   "recipients_external_per_day = 10 on_limit = \"defer\" }\n"
				   "tenant \"u\" { recipients_external_per_day = 5 }\n");
	struct facts alice = {.user = "alice@example.net", .recipients_external = 6};
	struct facts named = {.user = "bob@example.net", .tenant = "U", .recipients_external = 6};
	struct decision decision;

	cr_expect_eq(policy_fixture_send(fixture, 5, NOON).reason, REASON_GOOD);
	decision = policy_fixture_decide(fixture, &alice, NOON);
	cr_expect_eq(decision.action, DECISION_DEFER);
	cr_expect_str_eq(decision.tenant, "t");
	alice.recipients_external = 5;
	cr_expect_eq(policy_fixture_decide(fixture, &alice, NOON).reason, REASON_GOOD);
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON).action, DECISION_DEFER);
	cr_expect_eq(policy_fixture_decide(fixture, &named, NOON).reason, REASON_OVER_LIMIT);
	named.recipients_external = 5;
	cr_expect_eq(policy_fixture_decide(fixture, &named, NOON).reason, REASON_OVER_LIMIT,
		     "what left by high-risk was not counted");
	policy_fixture_free(fixture);
}

/* ---- events */

Test(policy_limits, eighty_percent_and_the_limit_are_said_once_a_passage)
{
	struct policy_fixture *fixture = judge_of(CONFIG_EXTERNAL_PER_HOUR, "high-risk");
	const struct policy_event *event;

	policy_fixture_send(fixture, 7, NOON);
	cr_expect_eq(fixture->n_events, 0);
	policy_fixture_send(fixture, 1, NOON);
	cr_assert_eq(fixture->n_events, 1);
	event = &fixture->events[0];
	cr_expect_eq(event->kind, POLICY_WARNING);
	cr_expect_eq(event->limit, CONFIG_EXTERNAL_PER_HOUR);
	cr_expect_eq(event->count, 8);
	cr_expect_eq(event->max, LIMIT);
	policy_fixture_send(fixture, 2, NOON);
	cr_expect_eq(fixture->n_events, 1);
	policy_fixture_send(fixture, 1, NOON);
	policy_fixture_send(fixture, 1, NOON);
	cr_assert_eq(fixture->n_events, 2);
	cr_expect_eq(fixture->events[1].kind, POLICY_OVER_LIMIT);
	cr_expect_eq(fixture->events[1].count, 11);
	/* Two hours later the warning is re-armed. */
	policy_fixture_send(fixture, 1, NOON + 7200);
	policy_fixture_send(fixture, 7, NOON + 7200);
	cr_expect_eq(policy_fixture_count(fixture, POLICY_WARNING), 2);
	policy_fixture_send(fixture, 3, NOON + 7200);
	cr_expect_eq(policy_fixture_count(fixture, POLICY_OVER_LIMIT), 2);
	policy_fixture_free(fixture);
}

Test(policy_limits, alert_says_it_and_lets_pass)
{
	struct policy_fixture *fixture = judge_of(CONFIG_EXTERNAL_PER_HOUR, "alert");
	struct decision decision;

	policy_fixture_send(fixture, LIMIT, NOON);
	decision = policy_fixture_send(fixture, 1, NOON);
	cr_expect_eq(decision.reason, REASON_GOOD);
	cr_expect_eq(decision.steps[5].rule, REASON_OVER_LIMIT);
	cr_expect_eq(decision.steps[5].outcome, STEP_ALERTED);
	cr_expect_eq(policy_fixture_count(fixture, POLICY_OVER_LIMIT), 1);
	cr_expect_eq(fixture->n_standings, 0);
	policy_fixture_free(fixture);
}

Test(policy_limits, a_tenants_warning_names_the_tenant)
{
	struct policy_fixture *fixture = judge_of(CONFIG_TENANT_EXTERNAL_PER_DAY, "high-risk");

	policy_fixture_send(fixture, 8, NOON);
	cr_assert_eq(fixture->n_events, 1);
	cr_expect_str_eq(fixture->events[0].tenant, "t");
	cr_expect_eq(fixture->events[0].limit, CONFIG_TENANT_EXTERNAL_PER_DAY);
	policy_fixture_free(fixture);
}

/* Messages of different senders of a domain that leave by the relay pool. */
static unsigned forwarded(const char *text, const char *user, const char *domain)
{
	struct policy_fixture *fixture = policy_fixture_new(text);
	unsigned relayed = 0;

	for (unsigned i = 0; i < 60; i++) {
		char from[64];
		const struct facts facts = {
			.user = user, .envelope_from = from, .recipients_external = 1};

		snprintf(from, sizeof(from), "u%u@%s", i, domain);
		relayed +=
			policy_fixture_decide(fixture, &facts, NOON + 3 * i).reason == REASON_RELAY;
	}
	policy_fixture_free(fixture);
	return relayed;
}

Test(policy_limits, forwards_by_the_relay_pool_use_up_no_limit_of_others)
{
	static const char text[] =
		"pool \"relay\" { addresses = { \"203.0.113.1\" } }\n"
		"internal_domains = \"example.net\"\nidentity = \"domain\"\n"
		"policy \"few\" { senders = { \"*\" } recipients_external_per_hour = 50 }\n";

	cr_expect_eq(forwarded(text, NULL, "bigmail.example"), 60);
	/* Our own domain, and who has authenticated, have limits. */
	cr_expect_eq(forwarded(text, NULL, "example.net"), 0);
	cr_expect_eq(forwarded(text, "bob@example.net", "bigmail.example"), 50);
}
