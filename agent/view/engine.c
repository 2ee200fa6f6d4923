/* SPDX-License-Identifier: BSD-2-Clause */
/* Documents from the engine: senders with their counts, explained decisions. */
#include "view/engine.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/names.h"
#include "config/config.h"
#include "wire/decision.h"
#include "judge/judge.h"
#include "steering/steering.h"
#include "wire/sender.h"
#include "wire/values.h"

/* ---- senders */

int64_t view_end(int64_t until_sec, const struct now *now)
{
	return until_sec && until_sec != STANDING_FOREVER ? until_sec + now->leap_sec : 0;
}

static json_t *windows_json(const struct config_policy *rules, const struct policy_view *view)
{
	json_t *windows = json_object();

	for (enum config_limit limit = 0; limit < CONFIG_LIMITS_OF_SENDER; limit++)
		json_object_set_new(
			windows, config_limit_name(limit),
			wire_window_json(&(struct wire_window){
				.count = view->counts[limit],
				.limit = rules->limits[limit] ? (json_int_t)rules->limits[limit]
							      : -1}));
	return windows;
}

static json_t *spam_json(const struct policy_view *view)
{
	return wire_spam_json(&(struct wire_spam){
		.marked = view->spam_marks, .of = view->spam_of, .reports = view->reports});
}

void view_add_windows(json_t *sender, struct policy *policy, const char *name,
		      const struct now *now)
{
	const struct config_policy *rules = policy_rules(policy, name);
	struct policy_view view = {.policy = rules->name, .spam_of = rules->spam_of};
	char until[VALUE_TIME_SIZE];
	json_t *counts;

	policy_view(policy, name, now->sec, &view);
	counts = wire_counts_json(&(struct wire_counts){
		.policy = view.policy,
		.windows = windows_json(rules, &view),
		.spam = spam_json(&view),
		.restricted = view.restricted_until_sec != 0,
		.restricted_until =
			value_time_text(view_end(view.restricted_until_sec, now), until),
	});
	json_object_update(sender, counts);
	json_decref(counts);
}

static json_t *engine_sender_json(const struct steering *steering, struct policy *policy,
				  const char *name, const struct sender_verdict *verdict,
				  const struct now *now)
{
	const struct pool *pool = pool_find_id(steering_pools(steering), verdict->pool);
	char until[VALUE_TIME_SIZE];
	json_t *sender = wire_sender_json(&(struct wire_sender){
		.name = name,
		.selectors = json_array(),
		.verdict = wire_verdict_json(&(struct wire_verdict){
			.action = verdict_action_name(verdict->action),
			.pool = pool ? pool->name : NULL,
			.reason = reason_name(verdict->reason),
			.until = value_time_text(view_end(verdict->until_sec, now), until)}),
	});

	if (sender)
		view_add_windows(sender, policy, name, now);
	return sender;
}

int view_engine_sender(const struct steering *steering, struct policy *policy, const char *name,
		       const struct now *now, json_t **ret, struct error *error)
{
	struct policy_view view;

	if (!policy || policy_view(policy, name, now->sec, &view) < 0)
		return error_set(error, -ENOENT, "no sender '%s'", name);
	return value_give(engine_sender_json(steering, policy, name, &view.verdict, now), ret,
			  error);
}

void view_add_engine_senders(json_t *senders, const struct steering *steering,
			     struct policy *policy, size_t limit, const struct now *now)
{
	struct policy_standing standing;
	uint32_t i = 0;

	while (json_array_size(senders) < limit &&
	       (i = policy_next_standing(policy, i, now->sec, &standing))) {
		const char *name = standing.record->name;

		if (!steering_sender_find(steering, name))
			json_array_append_new(senders, engine_sender_json(steering, policy, name,
									  &standing.verdict, now));
	}
}

/* ---- decisions */

int view_explanation(const struct steering *steering, const struct judge_explanation *explanation,
		     char **ret_text, struct error *error)
{
	const struct lane *lane = explanation->answer.lane;
	const char *pool = explanation->answer.pool;
	const struct decision_context context = {
		.time_sec = explanation->record.time_sec,
		.facts = &explanation->record.facts,
		.pool = pool ? pool_find(steering_pools(steering), pool) : NULL,
		.held = lane ? steering_held(steering, lane) : NULL,
	};

	return decision_print_explained(&explanation->answer, &context, ret_text, error);
}
