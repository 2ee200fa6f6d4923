/* SPDX-License-Identifier: BSD-2-Clause */
/* The array that a call of the engine fills. */
#include "policy/changes.h"

#include <assert.h>

#include "base/word.h"

static const char *const event_names[POLICY_EVENTS] = {
	[POLICY_WARNING] = "warning",
	[POLICY_OVER_LIMIT] = "over-limit",
	[POLICY_RESTRICTED] = "restricted",
	[POLICY_RESTRICTION_ENDED] = "restriction-ended",
	[POLICY_SPAM_SENDER] = "spam-sender",
	[POLICY_SPAM_SENDER_ENDED] = "spam-sender-ended",
	[POLICY_STANDINGS_FULL] = "standings-full",
};

const char *policy_event_name(enum policy_event_kind kind)
{
	return WORD_OF(event_names, kind);
}

static struct policy_change *add(struct policy_changes *changes)
{
	assert(changes->count < POLICY_CHANGES_MAX);
	return &changes->list[changes->count++];
}

void changes_add_event(struct policy_changes *changes, const struct policy_event *event)
{
	*add(changes) = (struct policy_change){.is_event = true, .event = *event};
}

void changes_add_standing(struct policy_changes *changes, const struct policy_standing *standing)
{
	*add(changes) = (struct policy_change){.standing = *standing};
}

bool changes_have_space(const struct policy_changes *changes)
{
	return changes->count + POLICY_CHANGES_OF_DECISION <= POLICY_CHANGES_MAX;
}
