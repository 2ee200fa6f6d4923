/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of decisions, facts and events: each value has one of its own, which leads back. */
#include "policy/decision.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "policy/changes.h"

#define WORDS_MAX 32

/* Notes the word of a value; fails if it is missing or not the first of its kind. */
static void expect_new(const char *words[WORDS_MAX], unsigned value, const char *word)
{
	cr_assert_lt(value, WORDS_MAX);
	cr_expect_str_neq(word, "invalid", "value %u has no word", value);
	for (unsigned i = 0; i < value; i++)
		cr_expect(!words[i] || strcmp(words[i], word) != 0, "%u and %u are '%s'", i, value,
			  word);
	words[value] = word;
}

Test(policy_decision, every_value_has_a_word_of_its_own)
{
	const char *actions[WORDS_MAX] = {NULL}, *identities[WORDS_MAX] = {NULL};
	const char *outcomes[WORDS_MAX] = {NULL}, *events[WORDS_MAX] = {NULL};

	for (unsigned i = DECISION_STEER; i < DECISION_ACTIONS; i++)
		expect_new(actions, i, decision_action_name(i));
	for (unsigned i = 0; i < IDENTITY_KINDS; i++)
		expect_new(identities, i, identity_kind_name(i));
	for (unsigned i = 0; i < STEP_OUTCOMES; i++)
		expect_new(outcomes, i, step_outcome_name(i));
	for (unsigned i = 0; i < POLICY_EVENTS; i++)
		expect_new(events, i, policy_event_name(i));
}

Test(policy_decision, words_lead_back)
{
	enum decision_action action;
	enum facts_auth auth;
	enum facts_dns dns;

	for (unsigned i = DECISION_STEER; i < DECISION_ACTIONS; i++) {
		cr_assert_eq(decision_action_parse(decision_action_name(i), &action), 0);
		cr_expect_eq(action, i);
	}
	for (unsigned i = 0; i < FACTS_DNS_ANSWERS; i++) {
		cr_assert_eq(facts_dns_parse(facts_dns_name(i), &dns), 0);
		cr_expect_eq(dns, i);
	}
	for (unsigned i = 0; i < FACTS_AUTH_RESULTS; i++) {
		cr_assert_eq(facts_auth_parse(facts_auth_name(i), &auth), 0);
		cr_expect_eq(auth, i);
	}
}

Test(policy_decision, other_values_and_words_are_refused)
{
	enum decision_action action = DECISION_DEFER;

	cr_expect_str_eq(decision_action_name(DECISION_ACTIONS), "invalid");
	cr_expect_str_eq(facts_dns_name(FACTS_DNS_ANSWERS), "invalid");
	cr_expect_str_eq(facts_auth_name(FACTS_AUTH_RESULTS), "invalid");
	cr_expect_str_eq(identity_kind_name(IDENTITY_KINDS), "invalid");
	cr_expect_str_eq(step_outcome_name(STEP_OUTCOMES), "invalid");
	cr_expect_str_eq(policy_event_name(POLICY_EVENTS), "invalid");
	cr_expect_eq(decision_action_parse("invalid", &action), -EINVAL);
	cr_expect_eq(action, DECISION_DEFER);
}
