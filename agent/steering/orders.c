/* SPDX-License-Identifier: BSD-2-Clause */
/* Orders: manual states of pools and addresses, checks of manual verdicts, cuts. */
#include "steering/steering.h"

#include <errno.h>

#include "steering/steering_internal.h"

/* ---- pools and addresses */

static int find_pool(struct steering *steering, const char *name, struct pool **ret_pool,
		     struct error *error)
{
	*ret_pool = pool_find(&steering->pools, name);
	return *ret_pool ? 0 : error_set(error, -ENOENT, "no pool '%s'", name);
}

/* In the maps and in the lanes. */
static int follow_states(struct steering *steering, const struct pool *pool, struct error *error)
{
	int r = pools_sync(steering, error);

	if (r < 0)
		return r;
	r = verdicts_follow_pool(steering, pool);
	if (r == 0)
		r = lanes_follow(steering);
	return r < 0 ? error_errno(error, r, "writing verdicts of handles") : 0;
}

static int set_pool(struct steering *steering, const char *name, enum pool_state state,
		    struct error *error)
{
	enum pool_state before;
	struct pool *pool;
	int r = find_pool(steering, name, &pool, error);

	if (r < 0)
		return r;
	r = steering->state->ops->put_pool(steering->state, name, state, error);
	if (r < 0)
		return r;
	before = pool->state;
	pool->state = state;
	pool->set = true;
	r = follow_states(steering, pool, error);
	if (r < 0) {
		struct error ignored;

		pool->state = before;
		steering->state->ops->put_pool(steering->state, name, before, &ignored);
	}
	return r;
}

int steering_set_pool(struct steering *steering, const char *name, enum pool_state state,
		      struct error *error)
{
	int r = steering_begin_order(steering, error);

	if (r < 0)
		return r;
	r = set_pool(steering, name, state, error);
	return steering_end_order(steering, r, error);
}

static int set_address(struct steering *steering, const char *name, const struct address *address,
		       enum address_state state, struct error *error)
{
	char text[ADDRESS_TEXT_SIZE];
	enum address_state before;
	struct pool_address *known;
	struct pool *pool;
	int r = find_pool(steering, name, &pool, error);

	if (r < 0)
		return r;
	address_format(address, text);
	known = pool_find_address(pool, address);
	if (!known)
		return error_set(error, -ENOENT, "no address '%s' in pool '%s'", text, name);
	r = steering->state->ops->put_address(steering->state, name, text, state, error);
	if (r < 0)
		return r;
	before = known->state;
	known->state = state;
	known->set = true;
	r = follow_states(steering, pool, error);
	if (r < 0) {
		struct error ignored;

		known->state = before;
		steering->state->ops->put_address(steering->state, name, text, before, &ignored);
	}
	return r;
}

int steering_set_address(struct steering *steering, const char *name, const struct address *address,
			 enum address_state state, struct error *error)
{
	int r = steering_begin_order(steering, error);

	if (r < 0)
		return r;
	r = set_address(steering, name, address, state, error);
	return steering_end_order(steering, r, error);
}

int steering_inherit(struct steering *steering, const struct steering *before, struct error *error)
{
	int r = turn_see_state(steering);

	if (r < 0)
		return error_errno(error, r, "reading the configuration in force");
	for (size_t i = 0; i < steering->pools.n_pools; i++) {
		struct pool *pool = &steering->pools.pools[i];
		const struct pool *old = pool_find(&before->pools, pool->name);

		if (old && old->set) {
			pool->state = old->state;
			pool->set = true;
		}
		for (size_t j = 0; old && j < pool->n_addresses; j++) {
			struct pool_address *address = &pool->addresses[j];
			const struct pool_address *known =
				pool_find_address(old, &address->address);

			if (known && known->set) {
				address->state = known->state;
				address->set = true;
			}
		}
	}
	return lanes_follow(steering) < 0 ? error_set(error, -ENOMEM, "out of memory") : 0;
}

/* ---- a file that could not be read at the start */

static int merge_pool(void *data, const char *name, enum pool_state state)
{
	struct steering *steering = data;
	struct pool *pool = pool_find(&steering->pools, name);

	if (pool && !pool->set && state != POOL_ENABLED) {
		pool->state = state;
		pool->set = true;
	}
	return 0;
}

static int merge_address(void *data, const char *name, const char *text, enum address_state state)
{
	struct steering *steering = data;
	struct pool *pool = pool_find(&steering->pools, name);
	struct pool_address *known = NULL;
	struct address address;

	if (pool && address_parse(text, &address) == 0)
		known = pool_find_address(pool, &address);
	if (known && !known->set && state != ADDRESS_ACTIVE) {
		known->state = state;
		known->set = true;
	}
	return 0;
}

int steering_merge_state(struct steering *steering, struct state *state, struct error *error)
{
	const struct state_visitor visitor = {
		.data = steering, .pool = merge_pool, .address = merge_address};
	int r = state->ops->load(state, &visitor, error);

	if (r == 0)
		r = steering_begin(steering, STEERING_WAIT_MS, error);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && steering->is_in_force && i < steering->pools.n_pools; i++)
		r = follow_states(steering, &steering->pools.pools[i], error);
	steering_end(steering);
	return r;
}

int steering_rewrite(const struct steering *steering, struct state *state, struct error *error)
{
	char text[ADDRESS_TEXT_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < steering->pools.n_pools; i++) {
		const struct pool *pool = &steering->pools.pools[i];

		r = state->ops->put_pool(state, pool->name, pool->state, error);
		for (size_t j = 0; r == 0 && j < pool->n_addresses; j++)
			r = state->ops->put_address(
				state, pool->name,
				address_format(&pool->addresses[j].address, text),
				pool->addresses[j].state, error);
	}
	return r;
}

/* ---- verdicts */

/* The address of a handle never leaves the host. */
static int check_handle(const struct steering_sender *sender, const struct policy_manual *manual,
			const struct pool *pool, struct error *error)
{
	if (!sender->handles_of)
		return 0;
	if (manual->action == VERDICT_PASS)
		return error_set(error, -EINVAL,
				 "'%s' cannot pass: a handle's address must not leave as it is",
				 sender->name);
	if (pool && verdicts_is_barred(sender, pool))
		return error_set(
			error, -EINVAL, "'%s' cannot be steered to '%s'%s: high-risk mail never is",
			sender->name, pool->name,
			pool->id == POOL_NORMAL ? "" : ", whose when_empty leads to 'normal'");
	return 0;
}

int steering_check_verdict(const struct steering *steering, const char *name,
			   const struct manual_order *verdict, struct policy_manual *ret_manual,
			   struct error *error)
{
	struct policy_manual manual = {verdict->action, POOL_NONE, verdict->until_sec};
	const struct pool *pool = NULL;
	size_t count;
	struct steering_sender *const *senders = senders_find_folded(steering, name, &count);
	int r = 0;

	if (!steering->state)
		return error_set(error, -EROFS, "opened for reading only");
	if (verdict->action == VERDICT_STEER) {
		const char *wanted = verdict->pool ? verdict->pool : "";
		const struct config_pool *found = config_pool_find(steering->config, wanted);

		if (!found)
			return error_set(error, -EINVAL, "no pool '%s'", wanted);
		manual.pool = found->id;
		pool = pool_find(&steering->pools, wanted);
	}
	for (size_t i = 0; r == 0 && i < count; i++)
		r = check_handle(senders[i], &manual, pool, error);
	if (r == 0)
		*ret_manual = manual;
	return r;
}

/*
 * First the time in the verdict, then the counter that makes each flow check once. A flow that sees
 * the new counter must find the new cut_ns.
 */
static int cut(struct steering *steering, uint32_t id, uint64_t now_ns)
{
	const struct datapath_ops *ops = steering->datapath->ops;
	const uint32_t zero = 0;
	struct verdict verdict;
	struct control value;
	int r = ops->get(steering->datapath, MAP_VERDICT, &id, &verdict);

	if (r == 0) {
		verdict.cut_ns = now_ns;
		r = ops->put(steering->datapath, MAP_VERDICT, &id, &verdict);
	}
	if (r == 0)
		r = ops->get(steering->datapath, MAP_CONTROL, &zero, &value);
	if (r == 0) {
		value.cuts++;
		r = ops->put(steering->datapath, MAP_CONTROL, &zero, &value);
	}
	return r;
}

int steering_cut(struct steering *steering, const char *name, uint64_t now_ns, struct error *error)
{
	size_t count;
	struct steering_sender *const *senders = senders_find_folded(steering, name, &count);
	int r = 0;

	if (count == 0)
		return error_set(error, -ENOENT, "no sender '%s'", name);
	r = steering_begin_order(steering, error);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = cut(steering, senders[i]->id, now_ns);
	if (r < 0)
		error_errno(error, r, "cutting flows");
	return steering_end_order(steering, r, error);
}
