/* SPDX-License-Identifier: BSD-2-Clause */
/* What a decision leaves behind: counts, events, standings. */
#include "policy/policy_internal.h"

#define MARKS_MAX 64

/* One passage is over when the count is below 80 % again. */
static bool is_near(uint32_t count, uint32_t max)
{
	return (uint64_t)count * 5 >= (uint64_t)max * 4;
}

/* Says it unless `bit` is set already, and sets it. */
static void say_once(const struct policy *policy, uint32_t *passed, uint32_t bit,
		     const struct policy_event *event)
{
	if (*passed & bit)
		return;
	*passed |= bit;
	policy_emit(policy, event);
}

static void note_passages(const struct policy *policy, const struct rules_input *input,
			  const struct decision *decision, enum config_limit limit,
			  uint32_t *passed)
{
	struct policy_event event = {
		.sender = decision->sender,
		.tenant = limit < CONFIG_LIMITS_OF_SENDER ? NULL : decision->tenant,
		.limit = limit,
		.count = rules_count(input, limit),
		.max = rules_max(input, limit),
	};

	if (event.max == 0 || !is_near(event.count, event.max)) {
		*passed &= ~(PASSED_WARNING(limit) | PASSED_LIMIT(limit));
		return;
	}
	event.kind = POLICY_WARNING;
	say_once(policy, passed, PASSED_WARNING(limit), &event);
}

/* Over a limit, by the steps of the decision, whatever it led to. */
static void note_excess(const struct policy *policy, const struct decision *decision,
			uint32_t *sender_passed, uint32_t *tenant_passed)
{
	for (unsigned i = 0; i < decision->n_steps; i++) {
		const struct decision_step *step = &decision->steps[i];
		bool of_sender = step->limit < CONFIG_LIMITS_OF_SENDER;
		uint32_t *passed = of_sender ? sender_passed : tenant_passed;

		if (step->rule != REASON_OVER_LIMIT || step->outcome == STEP_PASSED || !passed)
			continue;
		say_once(policy, passed, PASSED_LIMIT(step->limit),
			 &(struct policy_event){
				 .kind = POLICY_OVER_LIMIT,
				 .sender = decision->sender,
				 .tenant = of_sender ? NULL : decision->tenant,
				 .limit = step->limit,
				 .count = step->count + step->adds,
				 .max = step->max,
			 });
	}
}

static void note_events(struct policy *policy, const struct rules_input *input,
			const struct decision *decision, struct sender *sender,
			struct tenant *tenant)
{
	uint32_t sender_passed = sender ? sender->record.passed : 0;
	uint32_t tenant_passed = tenant ? tenant->record.passed : 0;

	for (enum config_limit limit = 0; limit < CONFIG_LIMITS; limit++) {
		bool of_sender = limit < CONFIG_LIMITS_OF_SENDER;

		if (of_sender ? sender != NULL : tenant != NULL)
			note_passages(policy, input, decision, limit,
				      of_sender ? &sender_passed : &tenant_passed);
	}
	note_excess(policy, decision, sender ? &sender_passed : NULL,
		    tenant ? &tenant_passed : NULL);
	if (sender && sender->record.passed != sender_passed) {
		sender->record.passed = (uint16_t)sender_passed;
		sender_counts_mark_dirty(policy->senders, sender);
	}
	if (tenant && tenant->record.passed != tenant_passed) {
		tenant->record.passed = tenant_passed;
		tenant->dirty = true;
	}
}

/* ---- counts */

static void count(struct policy *policy, const uint32_t adds[CONFIG_LIMITS], struct sender *sender,
		  struct tenant *tenant)
{
	for (enum config_limit limit = 0; limit < CONFIG_LIMITS; limit++) {
		if (adds[limit] == 0)
			continue;
		if (limit < CONFIG_LIMITS_OF_SENDER && sender) {
			sender_count(sender, limit, adds[limit]);
			sender_counts_mark_dirty(policy->senders, sender);
		} else if (limit >= CONFIG_LIMITS_OF_SENDER && tenant) {
			tenant_count(tenant, limit, adds[limit]);
			tenant->dirty = true;
		}
	}
}

/* ---- limits that are reached */

/* 0: the datapath is told nothing. */
static enum verdict_action action_when_full(const struct rules_input *input,
					    enum config_limit limit)
{
	enum config_on_limit on_limit = rules_on_limit(input, limit);

	if (on_limit == CONFIG_ON_LIMIT_HIGH_RISK)
		return VERDICT_STEER;
	if (on_limit == CONFIG_ON_LIMIT_DEFER && limit == CONFIG_CONNECTIONS_PER_MINUTE)
		return VERDICT_DROP;
	return 0;
}

static int64_t room_at(const struct rules_input *input, enum config_limit limit, uint32_t max)
{
	return limit < CONFIG_LIMITS_OF_SENDER ? sender_below_at(input->sender, limit, max)
					       : tenant_below_at(input->tenant, limit, max);
}

static void note_full(struct policy *policy, const struct rules_input *input, struct sender *sender,
		      const char *name)
{
	enum verdict_action action = 0;
	int64_t until_sec = 0;

	for (enum config_limit limit = 0; limit < CONFIG_LIMITS; limit++) {
		uint32_t max = rules_max(input, limit);
		enum verdict_action wanted;
		int64_t room_sec;

		if (max == 0 || rules_count(input, limit) < max)
			continue;
		wanted = action_when_full(input, limit);
		room_sec = wanted ? room_at(input, limit, max) : 0;
		/* To drop outweighs, and ends with what asked for it. */
		if (wanted > action || (wanted == action && room_sec > until_sec))
			until_sec = room_sec;
		if (wanted > action)
			action = wanted;
	}
	standing_full(policy, sender, name, action, until_sec, input->now_sec);
}

/*
 * Volume restricts whatever else was decided: mail that left by high-risk as spam, or for want of DNS,
 * never came to the rule over-limit.
 */
static void restrict_excess(struct policy *policy, const struct rules_input *input,
			    struct sender *sender, const char *name)
{
	for (enum config_limit limit = 0; limit < CONFIG_LIMITS_OF_SENDER; limit++) {
		enum config_on_limit on_limit = rules_on_limit(input, limit);

		if (rules_count(input, limit) <= rules_max(input, limit))
			continue;
		if (on_limit == CONFIG_ON_LIMIT_RESTRICT)
			standing_restrict(policy, sender, name, STANDING_FOREVER, input->now_sec);
		else if (on_limit == CONFIG_ON_LIMIT_RESTRICT_TODAY)
			standing_restrict(policy, sender, name, rules_next_midnight(input->now_sec),
					  input->now_sec);
	}
}

/* ---- spam */

static void note_spam(struct policy *policy, const struct rules_input *input, struct sender *sender,
		      const char *name)
{
	const struct config_policy *rules = input->policy;
	uint64_t marks = sender->record.spam_marks << 1 | input->facts->spam;
	uint64_t last = rules->spam_of < MARKS_MAX ? (1ULL << rules->spam_of) - 1 : UINT64_MAX;

	sender->record.spam_marks = marks;
	if (input->facts->spam && rules->spam_count &&
	    (uint32_t)__builtin_popcountll(marks & last) >= rules->spam_count)
		standing_spam(policy, sender, name, rules->spam_for_sec, input->now_sec);
}

void aftermath_report(struct policy *policy, struct sender *sender, const char *name,
		      const struct config_policy *rules, int64_t now_sec)
{
	sender_count(sender, SENDER_REPORTS_PER_DAY, 1);
	sender_counts_mark_dirty(policy->senders, sender);
	if (rules->reports_per_day &&
	    sender_sum(sender, SENDER_REPORTS_PER_DAY) >= rules->reports_per_day)
		standing_spam(policy, sender, name, rules->spam_for_sec, now_sec);
}

/* ---- all of it */

/* A message that is not steered is not sent; connections that are told of were opened already. */
static bool has_happened(const struct facts *facts, const struct decision *decision)
{
	return decision->action == DECISION_STEER || facts->kind == FACTS_CONNECTION;
}

static void restrict_now(struct policy *policy, const struct decision *decision,
			 struct sender *sender, int64_t now_sec)
{
	int64_t until_sec = decision->until_sec ? decision->until_sec : STANDING_FOREVER;

	standing_restrict(policy, sender, decision->sender, until_sec, now_sec);
}

void aftermath_apply(struct policy *policy, const struct rules_input *input,
		     const struct siphash *key, const struct decision *decision)
{
	struct tenant *tenant = tenant_counts_get(&policy->tenants, policy->config,
						  input->tenant ? input->tenant->config : NULL);
	const char *name = decision->sender;
	struct rules_input after = *input;
	struct sender *sender = NULL;
	uint32_t adds[CONFIG_LIMITS];

	rules_adds(input->facts, adds);
	if (!adds[CONFIG_MESSAGES_PER_MINUTE] && !adds[CONFIG_CONNECTIONS_PER_MINUTE])
		return;
	if (input->identity->kind != IDENTITY_NONE)
		sender = policy_take_sender(policy, key, input->now_sec);
	after.sender = sender;
	if (has_happened(input->facts, decision))
		count(policy, adds, sender, tenant);
	note_events(policy, &after, decision, sender, tenant);
	if (!sender)
		return;
	if (decision->action == DECISION_REJECT && decision->reason == REASON_OVER_LIMIT)
		restrict_now(policy, decision, sender, input->now_sec);
	if (!has_happened(input->facts, decision))
		return;
	if (input->facts->kind == FACTS_MESSAGE)
		note_spam(policy, &after, sender, name);
	if (input->standing && standing_is_manual(input->standing, input->now_sec))
		return;
	restrict_excess(policy, &after, sender, name);
	note_full(policy, &after, sender, name);
}
