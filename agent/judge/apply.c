/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine's changes carried out: into the state, into the maps, to the followers of events. */
#include <errno.h>

#include "config/config.h"
#include "judge/judge_internal.h"
#include "judge/persist.h"
#include "steering/restore.h"
#include "steering/steering.h"
#include "wire/event.h"

void judge_emit(const struct judge *judge, const struct wire_event *event)
{
	if (judge->hooks.on_event)
		judge->hooks.on_event(judge->hooks.data, event);
}

void judge_trouble(const struct judge *judge, const struct error *error)
{
	if (judge->hooks.on_trouble)
		judge->hooks.on_trouble(judge->hooks.data, error);
}

static void emit_verdict(const struct judge *judge, const struct policy_standing *standing)
{
	const struct config_pool *pool = config_pool_by_id(judge->config, standing->verdict.pool);

	judge_emit(judge,
		   &(struct wire_event){.kind = WIRE_EVENT_VERDICT,
					.now_sec = judge->now.sec,
					.verdict = {standing->record->name, &standing->verdict,
						    pool ? pool->name : NULL}});
}

/* Durable first, then in the map, then an event. */
static int apply_standing(struct judge *judge, const struct policy_standing *standing,
			  struct error *error)
{
	const struct steering_standing wanted = {standing->verdict, standing->after};
	struct error trouble;
	int r;

	if (persist_standing(judge->persist, standing, &trouble) < 0)
		judge_trouble(judge, &trouble);
	r = steering_apply(judge->steering, standing->record->name, &wanted, &judge->now, error);
	if (standing->verdict_changed)
		emit_verdict(judge, standing);
	return r;
}

int judge_apply(struct judge *judge, const struct policy_changes *changes, struct error *error)
{
	struct error later;
	int r = 0;

	for (unsigned i = 0; i < changes->count; i++) {
		const struct policy_change *change = &changes->list[i];

		if (change->is_event)
			judge_emit(judge, &(struct wire_event){.kind = WIRE_EVENT_POLICY,
							       .now_sec = judge->now.sec,
							       .policy = &change->event});
		else if (r == 0)
			r = apply_standing(judge, &change->standing, error);
		else
			apply_standing(judge, &change->standing, &later);
	}
	return r;
}

/* `up` is writing the maps: the next tick is soon enough, and nothing is wrong. */
static void report_refusal(const struct judge *judge, int r, const struct error *error)
{
	if (r < 0 && r != -EBUSY)
		judge_trouble(judge, error);
}

void judge_apply_or_retry(struct judge *judge, const struct policy_changes *changes)
{
	struct error error;

	int r = judge_apply(judge, changes, &error);

	judge->unapplied |= r < 0;
	report_refusal(judge, r, &error);
}

void judge_tell_waiting(const struct judge *judge)
{
	const struct error *waiting = persist_waiting(judge->persist);

	if (waiting)
		judge_trouble(judge, waiting);
}

void judge_refresh(struct judge *judge)
{
	struct error error;
	int r;

	restore_fill(judge->policy, judge->config, judge->steering, judge->now.sec);
	r = steering_sync_verdicts(judge->steering, &judge->now, &error);
	judge->unapplied = r < 0;
	report_refusal(judge, r, &error);
}
