/* SPDX-License-Identifier: BSD-2-Clause */
/* The ends of orders, and the moment in the state that they belong to, follow the calendar. */
#include <stdio.h>

#include "judge/judge_internal.h"
#include "judge/persist.h"
#include "state/state.h"
#include "steering/restore.h"

#define RECORD_NAME "moment"

int judge_put_calendar(const struct judge *judge, struct state *state, struct error *error)
{
	struct calendar_record moment = {.ns = judge->now.ns, .sec = judge->now.sec};
	const struct state_record record = {STATE_CALENDAR, RECORD_NAME, &moment, sizeof(moment)};

	snprintf(moment.boot, sizeof(moment.boot), "%s",
		 judge->hooks.boot ? judge->hooks.boot : "");
	return state->ops->put_record(state, &record, error);
}

static int put_all(const struct judge *judge, struct error *error)
{
	int r = judge_put_calendar(judge, judge->state, error);

	return r < 0 ? r
		     : persist_put_timed_orders(judge->policy, judge->config, judge->state,
						judge->now.sec, error);
}

int judge_save_calendar(struct judge *judge, struct error *error)
{
	struct state *state = judge->state;
	int r = state->ops->begin(state, error);

	if (r < 0)
		return r;
	r = put_all(judge, error);
	if (r == 0)
		return state->ops->commit(state, error);
	state->ops->rollback(state);
	return r;
}

void judge_take_time(struct judge *judge, const struct now *now)
{
	int64_t stepped_sec = now->stepped_sec - judge->now.stepped_sec;
	struct error error;

	judge->now = *now;
	if (!stepped_sec)
		return;
	policy_move_manual(judge->policy, stepped_sec);
	if (judge_save_calendar(judge, &error) < 0)
		judge_trouble(judge, &error);
	judge_refresh(judge);
}
