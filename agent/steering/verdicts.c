/* SPDX-License-Identifier: BSD-2-Clause */
/* A sender's entry in map verdict: by the engine, else by the configuration. */
#include "steering/steering.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "steering/steering_internal.h"

static uint64_t monotonic_of(int64_t until_sec, const struct now *now)
{
	if (until_sec == 0)
		return 0;
	if (until_sec <= now->sec)
		return now->ns;
	return now->ns + (uint64_t)(until_sec - now->sec) * NS_PER_SEC;
}

struct effect {
	enum verdict_action action;
	enum reason reason;
	const struct pool *pool; /* NULL unless STEER */
	uint32_t address;	 /* as in the map */
};

/*
 * The handle of one address stands for it alone. While the address is not active, its traffic is
 * held, so that nothing leaves under another name than the lane's. Only where the pool has no
 * active address of the family, traffic follows when_empty, like the pool's.
 */
static struct effect effect_of_handle(const struct steering *steering,
				      const struct steering_sender *sender)
{
	const struct pool *pool = pool_find(&steering->pools, sender->handles_of->name);
	struct effect effect = {VERDICT_STEER, REASON_HANDLE, pool, VERDICT_ANY_ADDRESS};
	const struct pool_address *address;

	if (!sender->handle_of)
		return effect;
	address = pool_find_address(pool, &sender->handle_of->address);
	if (pool_address_is_active(pool, address))
		effect.address = address->id;
	else if (pool_has_active(pool, pool_address_family(address)))
		effect.address = VERDICT_NO_ADDRESS;
	return effect;
}

static struct effect effect_by_default(const struct steering *steering,
				       const struct steering_sender *sender)
{
	const struct config_pool *by_default = steering->config->default_pool;
	const struct pool_set *pools = &steering->pools;

	if (sender->handles_of)
		return effect_of_handle(steering, sender);
	if (sender->id == SENDER_UNKNOWN)
		return (struct effect){steering->config->default_action, REASON_UNKNOWN_SENDER,
				       by_default ? pool_find(pools, by_default->name) : NULL,
				       VERDICT_ANY_ADDRESS};
	return (struct effect){VERDICT_STEER, REASON_GOOD, pool_find_id(pools, POOL_NORMAL),
			       VERDICT_ANY_ADDRESS};
}

/* High-risk traffic never leaves by normal, also where a later configuration opens a way. */
bool verdicts_is_barred(const struct steering_sender *sender, const struct pool *pool)
{
	return sender->handles_of && sender->handles_of->id == POOL_HIGH_RISK &&
	       pool_reaches(pool, POOL_NORMAL);
}

static struct effect effect_of(const struct steering *steering,
			       const struct steering_sender *sender,
			       const struct sender_verdict *verdict)
{
	const struct pool *pool = NULL;

	if (verdict->reason == REASON_GOOD || (!sender->config && verdict->reason != REASON_MANUAL))
		return effect_by_default(steering, sender);
	if (verdict->action == VERDICT_STEER) {
		pool = pool_find_id(&steering->pools, verdict->pool);
		if (!pool || verdicts_is_barred(sender, pool))
			return effect_by_default(steering, sender);
	}
	return (struct effect){verdict->action, verdict->reason, pool, VERDICT_ANY_ADDRESS};
}

static void make_verdict(const struct steering *steering, const struct steering_sender *sender,
			 const struct now *now, struct verdict *ret_verdict)
{
	const struct effect effect = effect_of(steering, sender, &sender->standing.now);
	const struct effect after = effect_of(steering, sender, &sender->standing.after);

	*ret_verdict = (struct verdict){
		.action = effect.action,
		.reason = effect.reason,
		.pool = effect.pool ? effect.pool->id : POOL_NONE,
		.after_action = after.action,
		.after_pool = after.pool ? after.pool->id : POOL_NONE,
		.address = effect.address,
		.after_address = after.address,
	};
	strncpy(ret_verdict->label, sender->name, sizeof(ret_verdict->label) - 1);
	limits_fill(steering, sender, ret_verdict);
	ret_verdict->reported = sender->is_limited;
	if (effect.pool)
		strncpy(ret_verdict->pool_label, effect.pool->name,
			sizeof(ret_verdict->pool_label) - 1);
	if (effect.reason == sender->standing.now.reason)
		ret_verdict->until_ns = monotonic_of(sender->standing.now.until_sec, now);
}

/* ---- maps that follow another configuration */

static bool has_pool(struct steering *steering, uint32_t id, const char *label)
{
	struct pool_entry entry;

	return steering->datapath->ops->get(steering->datapath, MAP_POOLS, &id, &entry) == 0 &&
	       strcmp(entry.label, label) == 0;
}

/* The pool of an effect; high-risk where the maps have another pool by its id. */
static uint32_t fitting_pool(struct steering *steering, uint32_t id)
{
	const struct pool *pool = id == POOL_NONE ? NULL : pool_find_id(&steering->pools, id);

	if (id == POOL_NONE || (pool && has_pool(steering, id, pool->name)))
		return id;
	return POOL_HIGH_RISK;
}

/* Limits, and addresses of handles, are the other configuration's. */
static void take_effect(struct steering *steering, const struct verdict *wanted,
			struct verdict *held)
{
	const struct pool *pool;

	held->action = wanted->action;
	held->reason = wanted->reason;
	held->until_ns = wanted->until_ns;
	held->pool = fitting_pool(steering, wanted->pool);
	held->after_action = wanted->after_action;
	held->after_pool = fitting_pool(steering, wanted->after_pool);
	pool = pool_find_id(&steering->pools, held->pool);
	strncpy(held->pool_label, pool ? pool->name : "", sizeof(held->pool_label) - 1);
}

/*
 * `up` has put another configuration in force, and this one only knows more of standings: it
 * changes entries of senders that both know, and adds none. Ids of senders stay with their names.
 */
static int write_fitting(struct steering *steering, struct steering_sender *sender,
			 const struct now *now)
{
	const struct datapath_ops *ops = steering->datapath->ops;
	struct verdict wanted, held, before;

	if (!sender->config || ops->get(steering->datapath, MAP_VERDICT, &sender->id, &held) < 0 ||
	    strcmp(held.label, sender->name) != 0)
		return 0;
	before = held;
	make_verdict(steering, sender, now, &wanted);
	take_effect(steering, &wanted, &held);
	if (memcmp(&before, &held, sizeof(held)) == 0)
		return 0;
	sender->was_written = true;
	return ops->put(steering->datapath, MAP_VERDICT, &sender->id, &held);
}

static int write_all_fitting(struct steering *steering, const struct now *now)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < steering->n_senders; i++)
		r = write_fitting(steering, &steering->senders[i], now);
	return r;
}

/* ---- maps that follow this one */

/* cut_ns exists in the map alone: it is carried over. */
static int write_one(struct steering *steering, struct steering_sender *sender,
		     const struct now *now)
{
	const struct datapath_ops *ops = steering->datapath->ops;
	struct verdict verdict, held;
	bool has = ops->get(steering->datapath, MAP_VERDICT, &sender->id, &held) == 0;
	int r = 0;

	make_verdict(steering, sender, now, &verdict);
	if (has)
		verdict.cut_ns = held.cut_ns;
	if (!has || memcmp(&verdict, &held, sizeof(held)) != 0)
		r = ops->put(steering->datapath, MAP_VERDICT, &sender->id, &verdict);
	if (r == 0) {
		sender->is_due = false;
		sender->was_written = true;
	}
	return r;
}

struct comparison {
	struct steering *steering;
	const struct now *now;
	struct table *stale;
};

static int compare_held(void *data, const void *key, const void *value)
{
	const struct comparison *comparison = data;
	const struct verdict *held = value;
	struct steering_sender *sender =
		senders_find_id(comparison->steering, *(const uint32_t *)key);
	struct verdict wanted;

	if (!sender)
		return table_add(comparison->stale, key, value);
	make_verdict(comparison->steering, sender, comparison->now, &wanted);
	wanted.cut_ns = held->cut_ns;
	sender->is_due = memcmp(&wanted, held, sizeof(*held)) != 0;
	return 0;
}

int verdicts_compare(struct steering *steering, const struct now *now, struct table *stale)
{
	struct datapath *datapath = steering->datapath;
	const struct comparison comparison = {steering, now, stale};
	int r;

	for (size_t i = 0; i < steering->n_senders; i++)
		steering->senders[i].is_due = true;
	r = datapath->ops->walk(datapath, MAP_VERDICT, compare_held, (void *)&comparison);
	if (r < 0)
		return r;
	return steering->n_senders + stale->count > datapath->ops->capacity(datapath, MAP_VERDICT)
		       ? -E2BIG
		       : 0;
}

/* To look at a sender costs a fiftieth of a system call. */
#define LOOKS_PER_WRITE 50

int verdicts_write_some(struct steering *steering, const struct now *now, size_t *cursor,
			size_t budget)
{
	size_t looks = budget > SIZE_MAX / LOOKS_PER_WRITE ? SIZE_MAX : budget * LOOKS_PER_WRITE;
	int r = 0;

	for (; r == 0 && *cursor < steering->n_senders && budget && looks; looks--, ++*cursor) {
		struct steering_sender *sender = &steering->senders[*cursor];

		if (!sender->is_due)
			continue;
		r = write_one(steering, sender, now);
		budget--;
	}
	return r < 0 ? r : *cursor < steering->n_senders;
}

static int follow(struct steering *steering, struct steering_sender *sender)
{
	const struct datapath_ops *ops = steering->datapath->ops;
	struct verdict held;
	int r = ops->get(steering->datapath, MAP_VERDICT, &sender->id, &held);

	if (r < 0)
		return r == -ENOENT ? 0 : r; /* not synced yet */
	held.address = effect_of(steering, sender, &sender->standing.now).address;
	held.after_address = effect_of(steering, sender, &sender->standing.after).address;
	sender->was_written = true;
	return ops->put(steering->datapath, MAP_VERDICT, &sender->id, &held);
}

int verdicts_follow_pool(struct steering *steering, const struct pool *pool)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < steering->n_senders; i++) {
		struct steering_sender *sender = &steering->senders[i];

		if (sender->handle_of && strcmp(sender->handles_of->name, pool->name) == 0)
			r = follow(steering, sender);
	}
	return r;
}

static int write_due(struct steering *steering, const struct now *now, struct error *error)
{
	struct table ignored;
	size_t cursor = 0;
	int r;

	table_init(&ignored, sizeof(uint32_t), sizeof(struct verdict));
	r = verdicts_compare(steering, now, &ignored);
	if (r == 0 || r == -E2BIG)
		r = verdicts_write_some(steering, now, &cursor, SIZE_MAX);
	table_done(&ignored);
	return r < 0 ? error_errno(error, r, "writing verdicts") : 0;
}

/* ---- standings */

static int apply(struct steering *steering, struct steering_sender *sender,
		 const struct steering_standing *standing, const struct now *now)
{
	const struct steering_standing before = sender->standing;
	int r;

	if (standing_verdict_equal(&before.now, &standing->now) &&
	    standing_verdict_equal(&before.after, &standing->after))
		return 0;
	sender->standing = *standing;
	r = steering->is_in_force ? write_one(steering, sender, now)
				  : write_fitting(steering, sender, now);
	if (r < 0)
		sender->standing = before;
	return r;
}

int steering_apply(struct steering *steering, const char *name,
		   const struct steering_standing *standing, const struct now *now,
		   struct error *error)
{
	size_t count;
	struct steering_sender *const *senders = senders_find_folded(steering, name, &count);
	int r;

	if (count == 0)
		return 0;
	r = steering_begin(steering, STEERING_WAIT_MS, error);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = apply(steering, senders[i], standing, now);
	steering_end(steering);
	return r < 0 ? error_errno(error, r, "writing the verdict") : 0;
}

void steering_clear_standings(struct steering *steering)
{
	for (size_t i = 0; i < steering->n_senders; i++)
		steering->senders[i].standing = (struct steering_standing){0};
}

void steering_set_standing(struct steering *steering, const char *name,
			   const struct steering_standing *standing)
{
	size_t count;
	struct steering_sender *const *senders = senders_find_folded(steering, name, &count);

	for (size_t i = 0; i < count; i++) {
		senders[i]->standing = *standing;
		senders[i]->is_due = true;
	}
}

int steering_sync_verdicts(struct steering *steering, const struct now *now, struct error *error)
{
	int r = steering_begin(steering, STEERING_WAIT_MS, error);

	if (r < 0)
		return r;
	if (steering->is_in_force)
		r = write_due(steering, now, error);
	else if (write_all_fitting(steering, now) < 0)
		r = error_set(error, -EIO, "writing verdicts");
	steering_end(steering);
	return r;
}
