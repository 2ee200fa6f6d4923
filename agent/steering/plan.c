/* SPDX-License-Identifier: BSD-2-Clause */
/* The order in which the maps are written. */
#include "steering/plan.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "steering/steering_internal.h"

/* About a quarter of a millisecond. */
#define WRITES_PER_SLICE 256

struct plan {
	struct steering *steering;
	struct table stale_verdicts;
	struct table missing_usage, stale_usage;
	struct selectors selectors;
	unsigned step; /* of `steps` */
	size_t cursor; /* in it */
};

/* ---- comparison */

struct comparison {
	struct plan *plan;
	bool *seen; /* by the sender's place */
};

static int compare_usage(void *data, const void *key, const void *value)
{
	const struct comparison *comparison = data;
	const struct steering *steering = comparison->plan->steering;
	const struct steering_sender *sender = senders_find_id(steering, *(const uint32_t *)key);

	if (!sender)
		return table_add(&comparison->plan->stale_usage, key, value);
	comparison->seen[sender - steering->senders] = true;
	return 0;
}

static int find_usage(struct plan *plan)
{
	const struct steering *steering = plan->steering;
	struct datapath *datapath = steering->datapath;
	const struct usage unused = {0};
	_cleanup_(free_p) bool *seen = calloc(steering->n_senders, sizeof(bool));
	struct comparison comparison = {plan, seen};
	int r = seen ? datapath->ops->walk(datapath, MAP_USAGE, compare_usage, &comparison)
		     : -ENOMEM;

	for (size_t i = 0; r == 0 && i < steering->n_senders; i++)
		if (!seen[i])
			r = table_add(&plan->missing_usage, &steering->senders[i].id, &unused);
	return r;
}

static int find_verdicts(struct plan *plan, const struct now *now, struct error *error)
{
	struct steering *steering = plan->steering;
	struct datapath *datapath = steering->datapath;
	int r = verdicts_compare(steering, now, &plan->stale_verdicts);

	if (r == 0)
		r = find_usage(plan);
	if (r == -E2BIG)
		return error_set(error, r, "%zu senders, expected at most %u (senders_max)",
				 steering->n_senders,
				 datapath->ops->capacity(datapath, MAP_VERDICT));
	return r < 0 ? error_errno(error, r, "reading verdicts") : 0;
}

int plan_new(struct steering *steering, const struct now *now, struct plan **ret_plan,
	     struct error *error)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	int r;

	if (!plan)
		return error_set(error, -ENOMEM, "out of memory");
	plan->steering = steering;
	table_init(&plan->stale_verdicts, sizeof(uint32_t), sizeof(struct verdict));
	table_init(&plan->missing_usage, sizeof(uint32_t), sizeof(struct usage));
	table_init(&plan->stale_usage, sizeof(uint32_t), sizeof(struct usage));
	r = pools_check(steering, error);
	if (r == 0)
		r = find_verdicts(plan, now, error);
	if (r == 0)
		r = selectors_compare(steering, &plan->selectors, error);
	if (r < 0)
		plan_free(plan);
	else
		*ret_plan = plan;
	return r;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	table_done(&plan->stale_verdicts);
	table_done(&plan->missing_usage);
	table_done(&plan->stale_usage);
	selectors_done(&plan->selectors);
	free(plan);
}

/* ---- the steps: 1: call again; 0: done */

static int take_over(struct plan *plan, const struct now *now, struct error *error)
{
	int r = turn_take_over(plan->steering);

	(void)now;
	return r < 0 ? error_errno(error, r, "writing the configuration in force") : 0;
}

static int write_pools(struct plan *plan, const struct now *now, struct error *error)
{
	(void)now;
	return pools_sync_tables(plan->steering, error);
}

static int write_slots(struct plan *plan, const struct now *now, struct error *error)
{
	int r = pools_sync_slots(plan->steering, plan->cursor, error);

	(void)now;
	return r < 0 ? r : ++plan->cursor < plan->steering->pools.n_pools * POSTERN_FAMILIES;
}

static int put(struct plan *plan, const struct table *table, enum map map, struct error *error)
{
	int r = table_put_some(table, plan->steering->datapath, map, &plan->cursor,
			       WRITES_PER_SLICE);

	return r < 0 ? error_errno(error, r, "writing senders") : r;
}

static int take_away(struct plan *plan, const struct table *table, enum map map,
		     struct error *error)
{
	int r = table_remove_some(table, plan->steering->datapath, map, &plan->cursor,
				  WRITES_PER_SLICE);

	return r < 0 ? error_errno(error, r, "removing old senders") : r;
}

static int add_usage(struct plan *plan, const struct now *now, struct error *error)
{
	(void)now;
	return put(plan, &plan->missing_usage, MAP_USAGE, error);
}

static int write_verdicts(struct plan *plan, const struct now *now, struct error *error)
{
	int r = verdicts_write_some(plan->steering, now, &plan->cursor, WRITES_PER_SLICE);

	return r < 0 ? error_errno(error, r, "writing verdicts") : r;
}

/* Paths first: a cgroup that is made from now on has its id by the programs. */
static int write_cgroups(struct plan *plan, const struct now *now, struct error *error)
{
	int r = cgroups_sync(plan->steering);

	(void)now;
	return r < 0 ? error_errno(error, r, "writing cgroups") : 0;
}

static int add_selectors(struct plan *plan, const struct now *now, struct error *error)
{
	(void)now;
	return put(plan, &plan->selectors.missing, MAP_SENDERS, error);
}

static int add_nets(struct plan *plan, const struct now *now, struct error *error)
{
	(void)now;
	return put(plan, &plan->selectors.missing_nets, MAP_NETS, error);
}

static int set_kinds(struct plan *plan, const struct now *now, struct error *error)
{
	int r = selectors_set_kinds(plan->steering, plan->selectors.kinds, ~0u);

	(void)now;
	return r < 0 ? error_errno(error, r, "writing selectors") : 0;
}

static int clear_kinds(struct plan *plan, const struct now *now, struct error *error)
{
	int r = cgroups_prune(plan->steering);

	(void)now;
	if (r == 0)
		r = selectors_set_kinds(plan->steering, 0, plan->selectors.kinds);
	return r < 0 ? error_errno(error, r, "removing old selectors") : 0;
}

static int remove_selectors(struct plan *plan, const struct now *now, struct error *error)
{
	(void)now;
	return take_away(plan, &plan->selectors.stale, MAP_SENDERS, error);
}

static int remove_nets(struct plan *plan, const struct now *now, struct error *error)
{
	(void)now;
	return take_away(plan, &plan->selectors.stale_nets, MAP_NETS, error);
}

static int remove_verdicts(struct plan *plan, const struct now *now, struct error *error)
{
	(void)now;
	return take_away(plan, &plan->stale_verdicts, MAP_VERDICT, error);
}

static int remove_usage(struct plan *plan, const struct now *now, struct error *error)
{
	(void)now;
	return take_away(plan, &plan->stale_usage, MAP_USAGE, error);
}

static int remove_pools(struct plan *plan, const struct now *now, struct error *error)
{
	(void)now;
	return pools_prune(plan->steering, error);
}

/* Of cgroups that were made after the comparison, before their paths were in the map. */
static int look_again(struct plan *plan, const struct now *now, struct error *error)
{
	(void)now;
	return steering_sync_cgroups(plan->steering, error);
}

/*
 * An entry is written before the entries that refer to it, and removed after them: addresses, slots
 * and pools, then verdicts, then selectors.
 */
static int (*const steps[])(struct plan *plan, const struct now *now, struct error *error) = {
	take_over,	 write_pools,  write_slots,  add_usage,	  write_verdicts,   write_cgroups,
	add_selectors,	 add_nets,     set_kinds,    clear_kinds, remove_selectors, remove_nets,
	remove_verdicts, remove_usage, remove_pools, look_again,
};
#define N_STEPS (sizeof(steps) / sizeof(steps[0]))

int plan_step(struct plan *plan, const struct now *now, struct error *error)
{
	int r = steps[plan->step](plan, now, error);

	if (r != 0)
		return r;
	plan->step++;
	plan->cursor = 0;
	return plan->step < N_STEPS;
}
