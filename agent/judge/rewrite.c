/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything that is to be kept, once more, when the state's file takes something again. */
#include "steering/steering.h"
#include "judge/judge_internal.h"
#include "judge/persist.h"
#include "state/state.h"

/* What was said since the start outweighs it. Maps that refuse it are tried again as ever. */
static int take_up(struct judge *judge, struct state *state, struct error *error)
{
	int r = steering_take_up(judge->steering, state, error);

	judge->loading = true;
	if (r == 0)
		r = persist_take_up(judge->persist, judge->policy, judge->config, state,
				    judge->now.sec, error);
	judge->loading = false;
	if (r == 0)
		judge_apply_all(judge);
	return r;
}

int judge_rewrite(struct judge *judge, struct state *state, struct error *error)
{
	int r = judge->state->durable ? 0 : take_up(judge, state, error);

	if (r == 0)
		r = steering_rewrite(judge->steering, state, error);
	return r < 0 ? r
		     : persist_rewrite(judge->persist, judge->policy, judge->config, state,
				       judge->now.sec, error);
}
