/* SPDX-License-Identifier: BSD-2-Clause */
/* Another configuration: everything that may fail comes first, and changes nothing of the judge. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "config/config.h"
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

int judge_prepare(const struct config *config, struct steering *steering,
		  struct judge_next **ret_next, struct error *error)
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
	*ret_next = next;
	return 0;
}

static bool has_same_pools(const struct config *a, const struct config *b)
{
	for (size_t i = 0; i < a->n_pools; i++)
		if (!config_pool_find(b, a->pools[i].name))
			return false;
	return a->n_pools == b->n_pools;
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

/* Of maps that were replaced now, of the same maps with the next event. */
static void take_last(struct judge *judge, const struct judge_next *next)
{
	if (steering_datapath(judge->steering) != steering_datapath(next->steering))
		judge_take_lost(judge);
}

void judge_commit(struct judge *judge, struct judge_next *next, const struct now *now)
{
	const struct config *before = judge->config;

	judge_take_time(judge, now);
	take_last(judge, next);
	steering_inherit_connections(next->steering, judge->steering);
	policy_commit(judge->policy, TAKE_PTR(next->policy), now->sec);
	judge->config = next->config;
	judge->steering = next->steering;
	if (!has_same_pools(before, judge->config))
		merge_orders(judge);
	restore_fill(judge->policy, judge->config, judge->steering, now->sec);
	judge_next_free(next);
}
