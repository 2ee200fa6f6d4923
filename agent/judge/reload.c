/* SPDX-License-Identifier: BSD-2-Clause */
/* Another configuration: everything that may fail comes first, and changes nothing of the judge. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "judge/judge_internal.h"
#include "judge/persist.h"
#include "steering/restore.h"
#include "steering/steering.h"

struct judge_next {
	const struct config *config;
	struct steering *steering;
	struct policy_next *policy;
};

void judge_next_free(struct judge_next *next)
{
	if (!next)
		return;
	policy_next_free(next->policy);
	free(next);
}

int judge_prepare(const struct judge *judge, const struct config *config, struct steering *steering,
		  const struct now *now, struct judge_next **ret_next, struct error *error)
{
	struct judge_next *next = calloc(1, sizeof(*next));
	int r;

	if (!next)
		return error_set(error, -ENOMEM, "out of memory");
	next->config = config;
	next->steering = steering;
	r = policy_prepare(config, &next->policy);
	if (r < 0)
		error_set(error, r, "out of memory");
	else
		r = judge_skip_connections(steering, error);
	if (r < 0) {
		judge_next_free(next);
		return r;
	}
	restore_fill(judge->policy, judge->config, steering, now->sec);
	*ret_next = next;
	return 0;
}

/* Orders whose pools are configured again. */
static void merge_orders(struct judge *judge)
{
	struct error error;

	if (persist_merge_orders(judge->persist, judge->policy, judge->config, &judge->now,
				 &error) < 0)
		judge_trouble(judge, &error);
	judge_tell_waiting(judge);
}

void judge_commit(struct judge *judge, struct judge_next *next, const struct now *now)
{
	judge->now = *now;
	judge_take_lost(judge);
	steering_inherit_connections(next->steering, judge->steering);
	policy_commit(judge->policy, TAKE_PTR(next->policy), now->sec);
	judge->config = next->config;
	judge->steering = next->steering;
	merge_orders(judge);
	judge_refresh(judge);
	judge_note_lost(judge);
	judge_next_free(next);
}
