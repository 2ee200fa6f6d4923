/* SPDX-License-Identifier: BSD-2-Clause */
/* The words for decisions. */
#include "policy/decision.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const actions[] = {
	[DECISION_STEER] = "steer",
	[DECISION_DEFER] = "defer",
	[DECISION_REJECT] = "reject",
};

static const char *const identities[] = {
	[IDENTITY_NONE] = "none",	  [IDENTITY_USER] = "user",
	[IDENTITY_ENVELOPE] = "envelope", [IDENTITY_DOMAIN] = "domain",
	[IDENTITY_CLIENT] = "client",	  [IDENTITY_SENDER] = "sender",
};

static const char *const outcomes[] = {
	[STEP_PASSED] = "passed",
	[STEP_MATCHED] = "matched",
	[STEP_YIELDED] = "yielded",
	[STEP_ALERTED] = "alerted",
};

static const char *word(const char *const *table, unsigned count, unsigned value)
{
	return value < count && table[value] ? table[value] : "invalid";
}

const char *decision_action_name(enum decision_action action)
{
	return word(actions, COUNT(actions), action);
}

const char *identity_kind_name(enum identity_kind kind)
{
	return word(identities, COUNT(identities), kind);
}

const char *step_outcome_name(enum step_outcome outcome)
{
	return word(outcomes, COUNT(outcomes), outcome);
}
