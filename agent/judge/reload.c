/* SPDX-License-Identifier: BSD-2-Clause */
/* Another configuration: everything that may fail comes first, and changes nothing of the judge. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "judge/judge_internal.h"
#include "judge/persist.h"
#include "steering/steering.h"

struct moved {
	char name[POLICY_NAME_SIZE];
	const char *pool;
	struct policy_manual manual;
};

struct move {
	const struct judge *judge;
	struct moved *moved;
	size_t count;
};

static int note_manual(void *data, const struct policy_standing *standing)
{
	struct move *move = data;
	const struct config_pool *pool = judge_pool(move->judge, standing->verdict.pool);
	const struct sender_verdict *now = &standing->verdict;
	struct moved *moved;

	if (now->reason != REASON_MANUAL || now->action != VERDICT_STEER || !pool)
		return 0;
	moved = reallocarray(move->moved, move->count + 1, sizeof(*moved));
	if (!moved)
		return -ENOMEM;
	move->moved = moved;
	moved += move->count++;
	*moved = (struct moved){.pool = pool->name,
				.manual = {now->action, now->pool, now->until_sec}};
	memcpy(moved->name, standing->record->name, sizeof(moved->name));
	return 0;
}

/* Pools have other ids now. Whose pool is gone goes by policy; what is kept waits for it to come back. */
static void move_manual(struct judge *judge, const struct move *move)
{
	struct error error;

	judge->loading = true;
	for (size_t i = 0; i < move->count; i++) {
		struct moved *moved = &move->moved[i];
		const struct config_pool *pool = config_pool_find(judge->config, moved->pool);

		moved->manual.pool = pool ? pool->id : POOL_NONE;
		policy_set_manual(judge->policy, moved->name, pool ? &moved->manual : NULL,
				  judge->now.sec);
	}
	if (persist_take_up_verdicts(judge->persist, judge->policy, judge->config, judge->now.sec,
				     &error) < 0)
		judge_trouble(judge, &error);
	judge->loading = false;
}

struct renaming {
	const struct judge *judge; /* by the old configuration */
	const struct config *config;
};

/* POOL_NONE: it is configured no longer. */
static uint32_t new_id(void *data, uint32_t id)
{
	const struct renaming *renaming = data;
	const struct config_pool *old = judge_pool(renaming->judge, id);
	const struct config_pool *pool = old ? config_pool_find(renaming->config, old->name) : NULL;

	return pool ? pool->id : POOL_NONE;
}

struct judge_next {
	const struct config *config;
	struct steering *steering;
	struct policy_next *policy;
	struct move move;
};

void judge_next_free(struct judge_next *next)
{
	if (!next)
		return;
	policy_next_free(next->policy);
	free(next->move.moved);
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
	next->move.judge = judge;
	r = policy_standings(judge->policy, now->sec, note_manual, &next->move);
	if (r == 0)
		r = policy_prepare(config, &next->policy);
	if (r < 0)
		error_set(error, r, "out of memory");
	else
		r = judge_take_up(steering, error);
	if (r < 0) {
		judge_next_free(next);
		return r;
	}
	*ret_next = next;
	return 0;
}

void judge_commit(struct judge *judge, struct judge_next *next, const struct now *now)
{
	struct renaming renaming = {judge, next->config};

	judge->now = *now;
	judge_take_lost(judge);
	steering_inherit_connections(next->steering, judge->steering);
	policy_commit(judge->policy, TAKE_PTR(next->policy));
	decision_log_move_pools(judge->ring, new_id, &renaming);
	judge->config = next->config;
	judge->steering = next->steering;
	move_manual(judge, &next->move);
	judge_apply_all(judge);
	judge_note_lost(judge);
	judge_next_free(next);
}
