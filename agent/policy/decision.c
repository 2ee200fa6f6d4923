/* SPDX-License-Identifier: BSD-2-Clause */
/* Words for the enums of facts and decisions. */
#include "policy/decision.h"

#include "base/word.h"

static const char *const actions[DECISION_ACTIONS] = {
	[DECISION_STEER] = "steer",
	[DECISION_DEFER] = "defer",
	[DECISION_REJECT] = "reject",
};

static const char *const dns_words[FACTS_DNS_ANSWERS] = {
	[FACTS_DNS_UNKNOWN] = "unknown",
	[FACTS_DNS_PRESENT] = "present",
	[FACTS_DNS_ABSENT] = "absent",
};

static const char *const auth_words[FACTS_AUTH_RESULTS] = {
	[FACTS_AUTH_UNKNOWN] = "unknown",
	[FACTS_AUTH_NONE] = "none",
	[FACTS_AUTH_PASS] = "pass",
	[FACTS_AUTH_FAIL] = "fail",
};

static const char *const identities[IDENTITY_KINDS] = {
	[IDENTITY_NONE] = "none",	  [IDENTITY_USER] = "user",
	[IDENTITY_ENVELOPE] = "envelope", [IDENTITY_DOMAIN] = "domain",
	[IDENTITY_CLIENT] = "client",	  [IDENTITY_SENDER] = "sender",
};

static const char *const outcomes[STEP_OUTCOMES] = {
	[STEP_PASSED] = "passed",
	[STEP_MATCHED] = "matched",
	[STEP_YIELDED] = "yielded",
	[STEP_ALERTED] = "alerted",
};

const char *decision_action_name(enum decision_action action)
{
	return WORD_OF(actions, action);
}

const char *identity_kind_name(enum identity_kind kind)
{
	return WORD_OF(identities, kind);
}

const char *step_outcome_name(enum step_outcome outcome)
{
	return WORD_OF(outcomes, outcome);
}

const char *facts_dns_name(enum facts_dns dns)
{
	return WORD_OF(dns_words, dns);
}

const char *facts_auth_name(enum facts_auth auth)
{
	return WORD_OF(auth_words, auth);
}

int decision_action_parse(const char *name, enum decision_action *ret_action)
{
	int found = WORD_FIND(actions, name);

	if (found < 0)
		return found;
	*ret_action = (enum decision_action)found;
	return 0;
}

int facts_dns_parse(const char *name, enum facts_dns *ret_dns)
{
	int found = WORD_FIND(dns_words, name);

	if (found < 0)
		return found;
	*ret_dns = (enum facts_dns)found;
	return 0;
}

int facts_auth_parse(const char *name, enum facts_auth *ret_auth)
{
	int found = WORD_FIND(auth_words, name);

	if (found < 0)
		return found;
	*ret_auth = (enum facts_auth)found;
	return 0;
}
