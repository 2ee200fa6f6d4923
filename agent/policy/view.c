/* SPDX-License-Identifier: BSD-2-Clause */
/* Figures for people. Nothing changes, except that windows are brought up to date. */
#include <errno.h>
#include <string.h>

#include "policy/policy_internal.h"

static uint32_t marks_among(uint64_t marks, uint32_t last)
{
	return (uint32_t)__builtin_popcountll(last < 64 ? marks & ((1ULL << last) - 1) : marks);
}

const struct config_policy *policy_rules(const struct policy *policy, const char *name)
{
	return identity_rules(policy->config, name);
}

int policy_view(struct policy *policy, const char *name, int64_t now_sec,
		struct policy_view *ret_view)
{
	struct siphash key = policy_key(policy, name);
	const struct sender *sender = policy_find_sender(policy, &key, now_sec);
	const struct standing *standing;
	const struct config_policy *rules = policy_rules(policy, name);

	if (!sender)
		return -ENOENT;
	standing = standing_of(policy, sender);
	*ret_view = (struct policy_view){
		.policy = rules->name,
		.reports = sender_sum(sender, SENDER_REPORTS_PER_DAY),
		.spam_marks = marks_among(sender->record.spam_marks, rules->spam_of),
		.spam_of = rules->spam_of,
		.verdict = {VERDICT_STEER, POOL_NORMAL, REASON_GOOD, 0},
	};
	for (unsigned limit = 0; limit < CONFIG_LIMITS_OF_SENDER; limit++) {
		ret_view->counts[limit] = sender_sum(sender, limit);
		ret_view->limits[limit] = rules->limits[limit];
	}
	if (standing) {
		ret_view->verdict = standing_verdict(standing, now_sec);
		if (standing_holds(standing->record.restricted_until_sec, now_sec))
			ret_view->restricted_until_sec = standing->record.restricted_until_sec;
	}
	return 0;
}

struct sender_verdict policy_verdict_of_key(const struct policy *policy, struct siphash key,
					    int64_t now_sec)
{
	const struct sender *sender = sender_counts_find(policy->senders, &key);
	const struct standing *standing = sender ? standing_of(policy, sender) : NULL;

	return standing ? standing_verdict(standing, now_sec)
			: (struct sender_verdict){.action = VERDICT_STEER,
						  .pool = POOL_NORMAL,
						  .reason = REASON_GOOD};
}

struct sender_verdict policy_verdict_of(const struct policy *policy, const char *name,
					int64_t now_sec)
{
	if (strnlen(name, POLICY_NAME_SIZE) == POLICY_NAME_SIZE)
		return (struct sender_verdict){
			.action = VERDICT_STEER, .pool = POOL_NORMAL, .reason = REASON_GOOD};
	return policy_verdict_of_key(policy, policy_key(policy, name), now_sec);
}

uint32_t policy_next_standing(const struct policy *policy, uint32_t after, int64_t now_sec,
			      struct policy_standing *ret_standing)
{
	uint32_t number = standing_table_next(policy->standings, after);
	const struct standing *standing = standing_table_get(policy->standings, number);

	if (!standing)
		return 0;
	*ret_standing = (struct policy_standing){
		.record = &standing->record,
		.verdict = standing_verdict(standing, now_sec),
		.before = standing->reported,
	};
	ret_standing->after = standing_verdict(standing, ret_standing->verdict.until_sec);
	return number;
}

void policy_stats(const struct policy *policy, struct policy_stats *ret_stats)
{
	*ret_stats = (struct policy_stats){
		.senders = sender_counts_count(policy->senders),
		.senders_evicted = sender_counts_evicted(policy->senders),
		.senders_refused = policy->senders_refused,
		.standings = standing_table_count(policy->standings),
		.standings_refused = policy->standings_refused,
	};
	memcpy(ret_stats->decisions, policy->decisions, sizeof(policy->decisions));
}
