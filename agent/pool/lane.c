/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes lanes of pools. steering/ chooses the lane of a sender, by states. */
#include "pool/lane.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "config/config.h"

static bool has_way_out(const struct config_pool *pool, bool ipv4)
{
	for (; pool; pool = pool->when_empty)
		for (size_t i = 0; i < pool->n_addresses; i++)
			if (address_is_ipv4(&pool->addresses[i].address) == ipv4)
				return true;
	return false;
}

static bool is_of_pool(const struct config_address *handle, bool ipv4)
{
	return !handle->of && address_is_ipv4(&handle->address) == ipv4;
}

/* Of the handles to which the family has a way out. */
static size_t count_handles(const struct config_pool *pool, bool ipv4)
{
	size_t count = 0;

	for (size_t i = 0; i < pool->n_handles; i++)
		count += is_of_pool(&pool->handles[i], ipv4);
	return has_way_out(pool, ipv4) ? count : 0;
}

/* NULL: there is none. The family with fewer handles begins again. */
static const struct address *find_handle(const struct config_pool *pool, bool ipv4, size_t index)
{
	size_t count = count_handles(pool, ipv4), left = count ? index % count : 0;

	for (size_t i = 0; count && i < pool->n_handles; i++)
		if (is_of_pool(&pool->handles[i], ipv4) && left-- == 0)
			return &pool->handles[i].address;
	return NULL;
}

static void add_pool_lane(struct lane_set *set, const struct config_pool *pool, size_t index)
{
	struct lane *lane = &set->lanes[set->n_lanes++];

	*lane = (struct lane){
		.pool = pool,
		.ipv4 = find_handle(pool, true, index),
		.ipv6 = find_handle(pool, false, index),
		.helo = pool->helo,
	};
	if (index == 0)
		snprintf(lane->name, sizeof(lane->name), LANE_PREFIX "%s", pool->name);
	else
		snprintf(lane->name, sizeof(lane->name), LANE_PREFIX "%s~%zu", pool->name,
			 index + 1);
}

static void add_pool_lanes(struct lane_set *set, const struct config_pool *pool)
{
	size_t ipv4 = count_handles(pool, true), ipv6 = count_handles(pool, false);

	for (size_t i = 0; i < ipv4 || i < ipv6; i++)
		add_pool_lane(set, pool, i);
}

/* ---- lanes of single addresses */

static void name_lane(struct lane *lane, const struct config_address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	address_format(&address->address, text);
	for (char *c = text; *c; c++)
		if (*c == ':')
			*c = '-';
	snprintf(lane->name, sizeof(lane->name), LANE_PREFIX "%s~%s", lane->pool->name, text);
}

static void bind_lane(struct lane *lane, const struct config_address *address)
{
	if (address_is_ipv4(&address->address)) {
		lane->ipv4 = &address->handle;
		lane->only_ipv4 = address;
	} else {
		lane->ipv6 = &address->handle;
		lane->only_ipv6 = address;
	}
}

/* The first lane with the same name in HELO and no address of this family. */
static struct lane *find_partner(struct lane *lanes, size_t n_lanes,
				 const struct config_address *address)
{
	bool ipv4 = address_is_ipv4(&address->address);

	for (size_t i = 0; address->helo && i < n_lanes; i++) {
		const struct config_address *own = lanes[i].only_ipv4 ?: lanes[i].only_ipv6;

		if (own->helo && strcasecmp(own->helo, address->helo) == 0 &&
		    !(ipv4 ? lanes[i].only_ipv4 : lanes[i].only_ipv6))
			return &lanes[i];
	}
	return NULL;
}

static void add_address_lanes(struct lane_set *set, const struct config_pool *pool)
{
	size_t first = set->n_lanes;

	for (size_t i = 0; i < pool->n_addresses; i++) {
		const struct config_address *address = &pool->addresses[i];
		struct lane *lane = find_partner(&set->lanes[first], set->n_lanes - first, address);

		if (!lane) {
			lane = &set->lanes[set->n_lanes++];
			*lane = (struct lane){.pool = pool,
					      .helo = address->helo ? address->helo : pool->helo};
			name_lane(lane, address);
		}
		bind_lane(lane, address);
	}
}

/* All addresses of a pool have handles, or none has (config.h). */
static bool has_own_handles(const struct config_pool *pool)
{
	return pool->addresses[0].has_handle;
}

int lane_set_init(struct lane_set *set, const struct config *config)
{
	size_t capacity = config->n_pools;

	for (size_t i = 0; i < config->n_pools; i++)
		capacity += config->pools[i].n_addresses + config->pools[i].n_handles;
	*set = (struct lane_set){.config = config};
	set->lanes = calloc(capacity, sizeof(*set->lanes));
	if (!set->lanes)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_pools; i++) {
		const struct config_pool *pool = &config->pools[i];

		if (config->mail.lanes == CONFIG_LANES_ADDRESS && has_own_handles(pool))
			add_address_lanes(set, pool);
		else
			add_pool_lanes(set, pool);
	}
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
