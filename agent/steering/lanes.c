/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lane of a pool that a sender takes. Senders are spread over the lanes of a pool by maglev.h,
 * as addresses are over (sender, destination): draining an address moves only its senders, and
 * activating it brings them back.
 */
#include "steering/steering.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "steering/steering_internal.h"
#include "pool/maglev.h"

/* The lanes of a configured pool, by its index in the configuration. */
struct pool_lanes {
	const struct lane *lanes;
	size_t count;
	uint32_t *slots; /* POSTERN_SLOTS of them: index of a lane + 1. NULL: any lane serves */
	bool active;	 /* some lane is */
};

/* Lanes of one pool are all of addresses, or all of the pool. */
static bool is_of_address(const struct lane *lane)
{
	return lane->only_ipv4 || lane->only_ipv6;
}

int lanes_load(struct steering *steering, struct error *error)
{
	const struct config *config = steering->config;
	int r = lane_set_init(&steering->lanes, config);

	steering->pool_lanes = calloc(config->n_pools, sizeof(*steering->pool_lanes));
	if (!steering->pool_lanes)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < config->n_pools; i++) {
		struct pool_lanes *of = &steering->pool_lanes[i];

		of->lanes = lane_of_pool(&steering->lanes, &config->pools[i], &of->count);
		if (of->count > 1 && is_of_address(of->lanes) &&
		    !(of->slots = calloc(POSTERN_SLOTS, sizeof(*of->slots))))
			r = -ENOMEM;
	}
	if (r == 0)
		r = lanes_follow(steering);
	return r < 0 ? error_set(error, r, "out of memory") : 0;
}

void lanes_done(struct steering *steering)
{
	for (size_t i = 0; steering->pool_lanes && i < steering->config->n_pools; i++)
		free(steering->pool_lanes[i].slots);
	free(steering->pool_lanes);
	lane_set_done(&steering->lanes);
}

/* ---- active lanes */

static bool is_active(const struct pool *pool, const struct config_address *only)
{
	return only && pool_address_is_active(pool, pool_find_address(pool, &only->address));
}

/*
 * `one`: one active address is enough, otherwise all must be active. A lane of a whole pool is
 * always active: the datapath knows where its addresses lead.
 */
static bool is_lane_active(const struct pool *pool, const struct lane *lane, bool one)
{
	bool ipv4 = is_active(pool, lane->only_ipv4), ipv6 = is_active(pool, lane->only_ipv6);

	return one ? ipv4 || ipv6 : (ipv4 || !lane->only_ipv4) && (ipv6 || !lane->only_ipv6);
}

static bool has_active_lane(const struct pool *pool, const struct pool_lanes *of, bool one)
{
	for (size_t i = 0; i < of->count; i++)
		if (is_lane_active(pool, &of->lanes[i], one))
			return true;
	return false;
}

/*
 * A lane that lacks a family would hold mail to hosts of that family alone: it is used where no
 * complete lane is left. Where no lane is active, all count as active, and their mail is held.
 */
static int build_slots(const struct pool *pool, struct pool_lanes *of, bool whole)
{
	struct maglev_member *members = calloc(of->count, sizeof(*members));
	int r;

	if (!members)
		return -ENOMEM;
	for (size_t i = 0; i < of->count; i++) {
		const struct lane *lane = &of->lanes[i];
		const struct config_address *first = lane->only_ipv4 ?: lane->only_ipv6;

		members[i] = (struct maglev_member){
			.id = (uint32_t)i + 1,
			.hash = maglev_hash(lane->name, strlen(lane->name)),
			.weight = first->weight,
			.active = !of->active || is_lane_active(pool, lane, !whole),
		};
	}
	r = maglev_build(members, of->count, of->slots);
	free(members);
	return r;
}

static bool leaves(const struct pool *pool, const struct lane *lane)
{
	if (is_of_address(lane))
		return is_lane_active(pool, lane, true);
	return (lane->ipv4 && pool_serving(pool, SLOT_IPV4)) ||
	       (lane->ipv6 && pool_serving(pool, SLOT_IPV6));
}

/* An address is active by its own state, and the host lacks it. */
static bool is_held_by_host(const struct pool *pool)
{
	for (size_t i = 0; i < pool->n_addresses; i++)
		if (pool->addresses[i].state == ADDRESS_ACTIVE && pool->addresses[i].held)
			return true;
	return false;
}

const char *steering_held(const struct steering *steering, const struct lane *lane)
{
	const struct pool *pool = pool_find(&steering->pools, lane->pool->name);

	if (leaves(pool, lane))
		return NULL;
	if (pool->state == POOL_DISABLED)
		return "is disabled";
	return is_held_by_host(pool) ? "has no usable address on the host"
				     : "has no active address";
}

int lanes_follow(struct steering *steering)
{
	const struct config *config = steering->config;
	int r = 0;

	for (size_t i = 0; r == 0 && i < config->n_pools; i++) {
		const struct pool *pool = pool_find(&steering->pools, config->pools[i].name);
		struct pool_lanes *of = &steering->pool_lanes[i];
		bool whole = has_active_lane(pool, of, false);

		of->active = whole || has_active_lane(pool, of, true);
		if (of->slots)
			r = build_slots(pool, of, whole);
	}
	return r;
}

/* ---- a sender's lane */

/* Without regard to case, like names in the engine. */
static uint64_t hash_name(const char *name)
{
	char folded[POLICY_NAME_SIZE];
	size_t size;

	for (size = 0; size < sizeof(folded) && name[size]; size++)
		folded[size] = text_lower_character(name[size]);
	return maglev_hash(folded, size);
}

/* Follows when_empty like the datapath. Mail that is held stays with its pool. NULL: no lane. */
static const struct pool_lanes *find_lanes(const struct steering *steering,
					   const struct config_pool *pool)
{
	const struct config *config = steering->config;
	const struct config_pool *at = pool;

	if (!pool || steering->pool_lanes[pool - config->pools].count == 0)
		return NULL;
	while (at && !steering->pool_lanes[at - config->pools].active)
		at = at->when_empty;
	return &steering->pool_lanes[(at ? at : pool) - config->pools];
}

static const struct lane *lane_of_turn(const struct pool_lanes *of, size_t turn, const char *sender)
{
	if (of->slots)
		return &of->lanes[of->slots[hash_name(sender) % POSTERN_SLOTS] - 1];
	return &of->lanes[turn % of->count];
}

const struct lane *steering_lane(const struct steering *steering, const struct config_pool *pool,
				 const char *sender)
{
	const struct pool_lanes *of = find_lanes(steering, pool);

	return of ? lane_of_turn(of, 0, sender) : NULL;
}

const struct lane *steering_lane_at(const struct steering *steering, const struct config_pool *pool,
				    const char *sender, int64_t now_sec)
{
	const struct pool_lanes *of = find_lanes(steering, pool);

	return of ? lane_of_turn(of, (size_t)now_sec, sender) : NULL;
}
