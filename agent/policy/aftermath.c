/* SPDX-License-Identifier: BSD-2-Clause */
/* The consequences of a decision: counts, events, standings. */
#include "policy/day.h"
#include "policy/policy_internal.h"

#define MARKS_MAX 64

/* The counters of a decision. */
struct counted {
	struct sender *sender; /* NULL: nobody, or no space */
	struct tenant *tenant; /* NULL: none */
	struct policy_changes *changes;
};

/* ---- counts */

static void count_one(struct policy *policy, const struct counted *to, enum config_limit limit,
		      struct limit_state *state)
{
	if (limit < CONFIG_LIMITS_OF_SENDER && to->sender) {
		sender_count(to->sender, limit, state->adds);
		sender_counts_mark_dirty(policy->senders, to->sender);
	} else if (limit >= CONFIG_LIMITS_OF_SENDER && to->tenant) {
		tenant_count(to->tenant, limit, state->adds);
		to->tenant->dirty = true;
	} else {
		return;
	}
	state->count =
		state->adds < UINT32_MAX - state->count ? state->count + state->adds : UINT32_MAX;
}

static void count(struct policy *policy, struct rules_input *input, const struct counted *to)
{
	for (enum config_limit limit = 0; limit < CONFIG_LIMITS; limit++)
		if (input->limits[limit].adds)
			count_one(policy, to, limit, &input->limits[limit]);
	if (to->sender)
		sender_count_automatic(to->sender, input->automatic);
}

/* ---- events */

/* A warning is re-armed when the count is below 80 % again. */
static bool is_near(const struct limit_state *state)
{
	return state->max && (uint64_t)state->count * 5 >= (uint64_t)state->max * 4;
}

/* Appends the event once; clearing `bit` re-arms it. */
static void warn_once(struct policy_changes *changes, uint32_t *passed, uint32_t bit,
		      const struct policy_event *event)
{
	if (*passed & bit)
		return;
	*passed |= bit;
	changes_add_event(changes, event);
}

static void note_warning(const struct counted *to, const struct decision *decision,
			 enum config_limit limit, const struct limit_state *state, uint32_t *passed)
{
	if (!is_near(state)) {
		*passed &= ~(PASSED_WARNING(limit) | PASSED_LIMIT(limit));
		return;
	}
	warn_once(to->changes, passed, PASSED_WARNING(limit),
		  &(struct policy_event){
			  .kind = POLICY_WARNING,
			  .sender = decision->sender,
			  .tenant = limit < CONFIG_LIMITS_OF_SENDER ? NULL : decision->tenant,
			  .limit = limit,
			  .count = state->count,
			  .max = state->max,
		  });
}

/* An excess is a step of the decision, whatever the decision is. */
static void note_excess(const struct counted *to, const struct decision *decision,
			const struct decision_step *step, uint32_t *passed)
{
	warn_once(to->changes, passed, PASSED_LIMIT(step->limit),
		  &(struct policy_event){
			  .kind = POLICY_OVER_LIMIT,
			  .sender = decision->sender,
			  .tenant = step->limit < CONFIG_LIMITS_OF_SENDER ? NULL : decision->tenant,
			  .limit = step->limit,
			  .count = step->count + step->adds,
			  .max = step->max,
		  });
}

static void note_events(struct policy *policy, const struct rules_input *input,
			const struct decision *decision, const struct counted *to)
{
	uint32_t sender_passed = to->sender ? to->sender->record.passed : 0;
	uint32_t tenant_passed = to->tenant ? to->tenant->record.passed : 0;

	for (enum config_limit limit = 0; limit < CONFIG_LIMITS; limit++) {
		bool of_sender = limit < CONFIG_LIMITS_OF_SENDER;

		if (of_sender ? to->sender != NULL : to->tenant != NULL)
			note_warning(to, decision, limit, &input->limits[limit],
				     of_sender ? &sender_passed : &tenant_passed);
	}
	for (unsigned i = 0; i < decision->n_steps; i++) {
		const struct decision_step *step = &decision->steps[i];
		bool of_sender = step->limit < CONFIG_LIMITS_OF_SENDER;

		if (step->rule == REASON_OVER_LIMIT && step->outcome != STEP_PASSED &&
		    (of_sender ? to->sender != NULL : to->tenant != NULL))
			note_excess(to, decision, step,
				    of_sender ? &sender_passed : &tenant_passed);
	}
	if (to->sender && to->sender->record.passed != sender_passed) {
		to->sender->record.passed = sender_passed & (SENDER_LIMITS_PASSED | SENDER_LOGIN);
		sender_counts_mark_dirty(policy->senders, to->sender);
	}
	if (to->tenant && to->tenant->record.passed != tenant_passed) {
		to->tenant->record.passed = tenant_passed;
		to->tenant->dirty = true;
	}
}

/* ---- limits that are reached */

/* 0: the datapath's verdict stays as it is. */
static enum verdict_action action_when_full(const struct limit_state *state,
					    enum config_limit limit)
{
	if (state->on_limit == CONFIG_ON_LIMIT_HIGH_RISK)
		return VERDICT_STEER;
	if (state->on_limit == CONFIG_ON_LIMIT_DEFER && limit == CONFIG_CONNECTIONS_PER_MINUTE)
		return VERDICT_DROP;
	return 0;
}

static int64_t below_at(const struct counted *to, enum config_limit limit, uint32_t max)
{
	return limit < CONFIG_LIMITS_OF_SENDER ? sender_below_at(to->sender, limit, max)
					       : tenant_below_at(to->tenant, limit, max);
}

static void note_full(struct policy *policy, const struct rules_input *input,
		      const struct counted *to, const char *name)
{
	enum verdict_action action = 0;
	int64_t until_sec = 0;

	for (enum config_limit limit = 0; limit < CONFIG_LIMITS; limit++) {
		const struct limit_state *state = &input->limits[limit];
		enum verdict_action wanted;
		int64_t below_sec;

		if (state->max == 0 || state->count < state->max)
			continue;
		wanted = action_when_full(state, limit);
		below_sec = wanted ? below_at(to, limit, state->max) : 0;
		/* DROP beats STEER, and ends with the limit that asks for it. */
		if (wanted > action || (wanted == action && below_sec > until_sec))
			until_sec = below_sec;
		if (wanted > action)
			action = wanted;
	}
	standing_full(policy, to->sender, name, action, until_sec, input->now_sec, to->changes);
}

/*
 * Volume restricts whatever the decision was: mail that goes to high-risk as spam or for lack of
 * mail DNS never reaches the rule over-limit.
 */
static void restrict_excess(struct policy *policy, const struct rules_input *input,
			    const struct counted *to, const char *name)
{
	for (enum config_limit limit = 0; limit < CONFIG_LIMITS_OF_SENDER; limit++) {
		const struct limit_state *state = &input->limits[limit];
		int64_t until_sec = STANDING_FOREVER;

		if (state->count <= state->max)
			continue;
		if (state->on_limit == CONFIG_ON_LIMIT_RESTRICT_TODAY)
			until_sec = day_next_midnight(input->now_sec);
		else if (state->on_limit != CONFIG_ON_LIMIT_RESTRICT)
			continue;
		standing_restrict(policy, to->sender, name, until_sec, input->now_sec, to->changes);
		return;
	}
}

/* ---- spam */

static void note_spam(struct policy *policy, const struct rules_input *input,
		      const struct counted *to, const char *name)
{
	const struct config_policy *rules = input->policy;
	uint64_t marks = to->sender->record.spam_marks << 1 | input->facts->spam;
	uint64_t last = rules->spam_of < MARKS_MAX ? (1ULL << rules->spam_of) - 1 : UINT64_MAX;

	to->sender->record.spam_marks = marks;
	if (input->facts->spam && rules->spam_count &&
	    (uint32_t)__builtin_popcountll(marks & last) >= rules->spam_count)
		standing_spam(policy, to->sender, name, rules->spam_for_sec, input->now_sec,
			      to->changes);
}

void aftermath_report(struct policy *policy, struct sender *sender, const char *name,
		      const struct config_policy *rules, int64_t now_sec,
		      struct policy_changes *changes)
{
	sender_count(sender, SENDER_REPORTS_PER_DAY, 1);
	sender_counts_mark_dirty(policy->senders, sender);
	if (rules->reports_per_day &&
	    sender_sum(sender, SENDER_REPORTS_PER_DAY) >= rules->reports_per_day)
		standing_spam(policy, sender, name, rules->spam_for_sec, now_sec, changes);
}

/* ---- all of it */

/* A message that is not steered is not sent; connections were opened before they are reported. */
static bool has_happened(const struct facts *facts, const struct decision *decision)
{
	return decision->action == DECISION_STEER || facts->kind == FACTS_CONNECTION;
}

/* A single message too large for a limit that defers restricts nobody. */
static bool restricts(const struct rules_input *input, const struct decision *decision)
{
	const struct decision_step *last = &decision->steps[decision->n_steps - 1];

	return decision->action == DECISION_REJECT && decision->reason == REASON_OVER_LIMIT &&
	       input->limits[last->limit].on_limit != CONFIG_ON_LIMIT_DEFER;
}

static void change_standing(struct policy *policy, const struct rules_input *input,
			    const struct counted *to, const struct decision *decision)
{
	int64_t until_sec = decision->until_sec ? decision->until_sec : STANDING_FOREVER;

	if (restricts(input, decision))
		standing_restrict(policy, to->sender, decision->sender, until_sec, input->now_sec,
				  to->changes);
	if (!has_happened(input->facts, decision))
		return;
	if (input->facts->kind == FACTS_MESSAGE)
		note_spam(policy, input, to, decision->sender);
	if (input->standing && standing_is_manual(input->standing, input->now_sec))
		return;
	restrict_excess(policy, input, to, decision->sender);
	note_full(policy, input, to, decision->sender);
}

void aftermath_apply(struct policy *policy, struct rules_input *input, struct sender *sender,
		     const struct decision *decision, struct policy_changes *changes)
{
	struct counted to = {.sender = sender, .changes = changes};

	to.tenant = tenant_counts_get(&policy->tenants, policy->config,
				      input->tenant ? input->tenant->config : NULL);
	if (has_happened(input->facts, decision))
		count(policy, input, &to);
	note_events(policy, input, decision, &to);
	if (to.sender)
		change_standing(policy, input, &to, decision);
}
