/* SPDX-License-Identifier: BSD-2-Clause */
/* Look-ups in a set of pools, and the table of a pool from its states. */
#include "pool/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pool/maglev.h"

void pool_set_done(struct pool_set *set)
{
	for (size_t i = 0; i < set->n_pools; i++)
		free(set->pools[i].addresses);
	free(set->pools);
	*set = (struct pool_set){0};
}

struct pool *pool_find(const struct pool_set *set, const char *name)
{
	for (size_t i = 0; i < set->n_pools; i++)
		if (strcmp(set->pools[i].name, name) == 0)
			return &set->pools[i];
	return NULL;
}

struct pool *pool_find_id(const struct pool_set *set, uint32_t id)
{
	for (size_t i = 0; i < set->n_pools; i++)
		if (set->pools[i].id == id)
			return &set->pools[i];
	return NULL;
}

struct pool_address *pool_find_address(const struct pool *pool, const struct address *address)
{
	for (size_t i = 0; i < pool->n_addresses; i++)
		if (address_equal(&pool->addresses[i].address, address))
			return &pool->addresses[i];
	return NULL;
}

bool pool_address_is_active(const struct pool *pool, const struct pool_address *address)
{
	return pool->state == POOL_ENABLED && address->state == ADDRESS_ACTIVE && !address->held;
}

enum slot_family pool_address_family(const struct pool_address *address)
{
	return address_is_ipv4(&address->address) ? SLOT_IPV4 : SLOT_IPV6;
}

size_t pool_active(const struct pool *pool)
{
	size_t active = 0;

	for (size_t i = 0; i < pool->n_addresses; i++)
		active += pool_address_is_active(pool, &pool->addresses[i]);
	return active;
}

bool pool_has_active(const struct pool *pool, enum slot_family family)
{
	for (size_t i = 0; i < pool->n_addresses; i++)
		if (pool_address_is_active(pool, &pool->addresses[i]) &&
		    pool_address_family(&pool->addresses[i]) == family)
			return true;
	return false;
}

static int build(const struct pool *pool, enum slot_family family,
		 uint32_t ret_slots[POSTERN_SLOTS])
{
	struct maglev_member *members = calloc(pool->n_addresses + 1, sizeof(*members));
	size_t n_members = 0;
	int r;

	if (!members)
		return -ENOMEM;
	for (size_t i = 0; i < pool->n_addresses; i++) {
		const struct pool_address *address = &pool->addresses[i];

		if (pool_address_family(address) != family)
			continue;
		members[n_members++] = (struct maglev_member){
			.id = address->id,
			.hash = maglev_hash(address->address.bytes, sizeof(address->address.bytes)),
			.weight = address->weight,
			.active = pool_address_is_active(pool, address),
		};
	}
	r = maglev_build(members, n_members, ret_slots);
	free(members);
	return r;
}

/* The configuration has no cycle; the bound keeps a bug elsewhere from hanging the agent. */
static const struct pool *next_along(const struct pool *pool, unsigned *steps)
{
	return ++*steps < POSTERN_POOLS_MAX ? pool->when_empty : NULL;
}

bool pool_reaches(const struct pool *pool, uint32_t id)
{
	for (unsigned steps = 0; pool; pool = next_along(pool, &steps))
		if (pool->id == id)
			return true;
	return false;
}

const struct pool *pool_serving(const struct pool *pool, enum slot_family family)
{
	for (unsigned steps = 0; pool; pool = next_along(pool, &steps))
		if (pool_has_active(pool, family))
			return pool;
	return NULL;
}

int pool_slots(const struct pool *pool, enum slot_family family, uint32_t ret_slots[POSTERN_SLOTS])
{
	const struct pool *serving = pool_serving(pool, family);

	if (serving)
		return build(serving, family, ret_slots);
	memset(ret_slots, 0, POSTERN_SLOTS * sizeof(*ret_slots));
	return 0;
}
