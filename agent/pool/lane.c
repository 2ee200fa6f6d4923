/* SPDX-License-Identifier: BSD-2-Clause */
/* From pools to lanes. Which of them a sender takes now depends on states, and is for control/ to say. */
#include "pool/lane.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"

static bool has_way_out(const struct config_pool *pool, bool ipv4)
{
	for (; pool; pool = pool->when_empty)
		for (size_t i = 0; i < pool->n_addresses; i++)
			if (address_is_ipv4(&pool->addresses[i].address) == ipv4)
				return true;
	return false;
}

static const struct address *find_handle(const struct config_pool *pool, bool ipv4)
{
	if (!has_way_out(pool, ipv4))
		return NULL;
	for (size_t i = 0; i < pool->n_handles; i++)
		if (address_is_ipv4(&pool->handles[i].address) == ipv4)
			return &pool->handles[i].address;
	return NULL;
}

static void add_pool(struct lane_set *set, const struct config_pool *pool)
{
	struct lane lane = {
		.pool = pool,
		.ipv4 = find_handle(pool, true),
		.ipv6 = find_handle(pool, false),
		.helo = pool->helo,
	};

	if (!lane.ipv4 && !lane.ipv6)
		return;
	snprintf(lane.name, sizeof(lane.name), LANE_PREFIX "%s", pool->name);
	set->lanes[set->n_lanes++] = lane;
}

int lane_set_init(struct lane_set *set, const struct config *config)
{
	*set = (struct lane_set){.config = config};
	set->lanes = calloc(config->n_pools, sizeof(*set->lanes));
	if (!set->lanes)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_pools; i++)
		add_pool(set, &config->pools[i]);
	return 0;
}

void lane_set_done(struct lane_set *set)
{
	free(set->lanes);
	*set = (struct lane_set){0};
}

const struct lane *lane_of_pool(const struct lane_set *set, const struct config_pool *pool,
				size_t *ret_count)
{
	const struct lane *first = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < set->n_lanes; i++) {
		if (set->lanes[i].pool != pool)
			continue;
		if (!first)
			first = &set->lanes[i];
		++*ret_count;
	}
	return first;
}
