/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A model of `up` and the agent over one file, one state and one set of maps: every interleaving of
 * their steps is tried, with a kill of either at each. A fault that is put back must be found.
 *
 *   operator  changes the file once; runs `up` twice, before or after that
 *   up        loads the file, takes the lock, reads the state, writes configuration, pools, verdict
 *   agent     carries out orders, follows another configuration, starts again after a kill
 *
 * The file, pools and configurations are 0 (old) or 1 (new). An order is a number that counts up.
 */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

TestSuite(steering_turn_model, .timeout = 60);

enum fault {
	NO_LOCK = 1,	      /* nobody waits for the other */
	NO_CONFIGURATION = 2, /* the maps do not name the configuration that they follow */
	NO_SECOND_LOOK = 4,   /* the agent takes the file as it was before it had the lock */
};

#define ORDERS 2
#define UPS    2
#define KILLS  2

enum holder { FREE, UP, AGENT };

struct model {
	/* The host. */
	uint8_t file, state, lock;
	uint8_t maps_configuration, maps_pools, maps_verdict;
	/* `up`: 0 is not running; the next step, the loaded file, the read order. */
	uint8_t up, up_file, up_verdict, ups;
	/* The agent: 0 is idle; steps of an order, then of following, then of a start. */
	uint8_t agent, agent_file, next_file, engine, orders;
	uint8_t kills;
	/* What people know. */
	uint8_t confirmed, asked, in_force;
};

enum { IDLE, ORDER_LOCK, ORDER_SAVE, ORDER_WRITE, FOLLOW_LOAD, FOLLOW_LOCK, FOLLOW_WRITE, START };

static unsigned faults;

static bool takes_lock(struct model *model, enum holder holder)
{
	if (faults & NO_LOCK)
		return true;
	if (model->lock != FREE)
		return false;
	model->lock = holder;
	return true;
}

static void release(struct model *model, enum holder holder)
{
	if (model->lock == holder)
		model->lock = FREE;
}

static bool agent_is_in_force(const struct model *model)
{
	return faults & NO_CONFIGURATION || model->maps_configuration == model->agent_file;
}

/* ---- steps: false where the process cannot take one */

static bool step_operator(struct model *model)
{
	if (model->file)
		return false;
	model->file = 1;
	return true;
}

static bool step_up(struct model *model)
{
	switch (model->up) {
	case 0:
		if (model->ups == UPS)
			return false;
		model->ups++;
		model->up_file = model->file;
		break;
	case 1:
		if (!takes_lock(model, UP))
			return false;
		break;
	case 2:
		model->up_verdict = model->state;
		break;
	case 3:
		model->maps_configuration = model->up_file;
		break;
	case 4:
		model->maps_pools = model->up_file;
		break;
	default:
		model->maps_verdict = model->up_verdict;
		model->in_force = model->up_file;
		release(model, UP);
		model->up = 0;
		return true;
	}
	model->up++;
	return true;
}

/* Where the agent is idle it takes the next order, or follows another configuration. */
static bool step_order(struct model *model)
{
	switch (model->agent) {
	case IDLE:
		if (model->orders == ORDERS)
			return false;
		model->asked = ++model->orders;
		model->agent = ORDER_LOCK;
		return true;
	case ORDER_LOCK:
		if (!takes_lock(model, AGENT))
			return false;
		model->agent = ORDER_SAVE;
		if (!agent_is_in_force(model)) {
			release(model, AGENT);
			model->agent = FOLLOW_LOAD; /* the order is refused */
		}
		return true;
	case ORDER_SAVE:
		model->state = model->engine = model->asked;
		model->agent = ORDER_WRITE;
		return true;
	case ORDER_WRITE:
		/* An order on a pool writes all pools that differ. */
		model->maps_pools = model->agent_file;
		model->maps_verdict = model->engine;
		model->confirmed = model->asked;
		model->agent = IDLE;
		release(model, AGENT);
		return true;
	default:
		return false;
	}
}

static bool step_follow(struct model *model)
{
	switch (model->agent) {
	case IDLE:
		if (agent_is_in_force(model))
			return false;
		model->agent = FOLLOW_LOAD;
		return true;
	case START:
	case FOLLOW_LOAD:
		model->next_file = model->file;
		model->agent = FOLLOW_LOCK;
		return true;
	case FOLLOW_LOCK:
		if (!takes_lock(model, AGENT))
			return false;
		model->agent = FOLLOW_WRITE;
		if (!(faults & NO_SECOND_LOOK) && model->next_file != model->file) {
			release(model, AGENT);
			model->agent = FOLLOW_LOAD;
		}
		return true;
	case FOLLOW_WRITE:
		model->agent_file = model->maps_configuration = model->maps_pools =
			model->next_file;
		/* By the state: after a kill the engine is a new one. */
		model->maps_verdict = model->engine = model->state;
		if (model->next_file)
			model->in_force = 1;
		model->agent = IDLE;
		release(model, AGENT);
		return true;
	default:
		return false;
	}
}

static bool step_kill_up(struct model *model)
{
	if (!model->up || model->kills == KILLS)
		return false;
	model->kills++;
	model->up = 0;
	release(model, UP);
	return true;
}

static bool step_kill_agent(struct model *model)
{
	if (model->agent == START || model->kills == KILLS)
		return false;
	model->kills++;
	model->agent = START;
	release(model, AGENT);
	return true;
}

typedef bool (*step)(struct model *model);
static const step steps[] = {step_operator, step_up,	  step_order,
			     step_follow,   step_kill_up, step_kill_agent};

/* ---- what must hold */

/*
 * Nobody is at work. An order that was refused or killed midway may hold or not; one that is
 * confirmed holds, and pools of the old file are not back.
 */
static bool is_right(const struct model *model)
{
	bool at_rest = !model->up && model->agent == IDLE;

	if (!at_rest || !agent_is_in_force(model))
		return true;
	return model->maps_verdict >= model->confirmed && model->maps_pools >= model->in_force;
}

/* ---- all interleavings */

#define SEEN_MAX (1u << 22)

static struct model *seen; /* a hash table; in_use tells its entries */
static uint8_t *in_use;
static size_t n_seen;

/* False: it was seen before. */
static bool see(const struct model *model)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < sizeof(*model); i++)
		hash = (hash ^ ((const uint8_t *)model)[i]) * 16777619u;
	for (hash %= SEEN_MAX; in_use[hash]; hash = (hash + 1) % SEEN_MAX)
		if (memcmp(&seen[hash], model, sizeof(*model)) == 0)
			return false;
	cr_assert_lt(++n_seen, SEEN_MAX / 2, "the model has grown");
	in_use[hash] = 1;
	seen[hash] = *model;
	return true;
}

/* The number of wrong states that can be reached. */
static size_t explore(const struct model *model)
{
	size_t wrong;

	if (!see(model))
		return 0;
	wrong = !is_right(model);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		struct model next = *model;

		if (steps[i](&next))
			wrong += explore(&next);
	}
	return wrong;
}

static size_t wrong_states(unsigned put_back)
{
	const struct model begin = {0};
	size_t wrong;

	faults = put_back;
	n_seen = 0;
	seen = calloc(SEEN_MAX, sizeof(*seen));
	in_use = calloc(SEEN_MAX, 1);
	cr_assert(seen && in_use);
	wrong = explore(&begin);
	free(seen);
	free(in_use);
	return wrong;
}

Test(steering_turn_model, no_interleaving_loses_an_order_or_brings_old_pools_back)
{
	cr_assert_eq(wrong_states(0), 0);
	cr_assert_gt(n_seen, 1000, "the model does nothing");
}

Test(steering_turn_model, it_finds_orders_that_up_overwrites_without_the_lock)
{
	cr_assert_gt(wrong_states(NO_LOCK), 0);
}

Test(steering_turn_model, it_finds_old_pools_where_the_maps_do_not_name_their_configuration)
{
	cr_assert_gt(wrong_states(NO_CONFIGURATION), 0);
}

Test(steering_turn_model, it_finds_a_reload_that_loads_the_file_before_up_replaces_it)
{
	cr_assert_gt(wrong_states(NO_SECOND_LOOK), 0);
}
