/* SPDX-License-Identifier: BSD-2-Clause */
/* Pools: ids, states at the start, and the maps pools, addrs, addruse and slots. */
#include "steering/steering.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "steering/steering_internal.h"

/* ---- ids */

struct numbering {
	struct config *config;
	bool taken[POSTERN_POOLS_MAX]; /* ids of pools in the map */
};

static int adopt_id(void *data, const void *key, const void *value)
{
	struct numbering *numbering = data;
	const struct pool_entry *entry = value;
	uint32_t id = *(const uint32_t *)key;

	if (id < POOL_FIRST_FREE || id >= POSTERN_POOLS_MAX)
		return 0;
	numbering->taken[id] = true;
	for (size_t i = 0; i < numbering->config->n_pools; i++)
		if (strcmp(numbering->config->pools[i].name, entry->label) == 0)
			numbering->config->pools[i].id = id;
	return 0;
}

/*
 * POSTERN_POOLS_MAX bounds the index of slots, so ids are used again. Ids of pools that are in the
 * map but not in the configuration come last: live flows still have them.
 */
static uint32_t free_id(const struct numbering *numbering)
{
	for (uint32_t id = POOL_FIRST_FREE; id < POSTERN_POOLS_MAX; id++)
		if (!numbering->taken[id] && !config_pool_by_id(numbering->config, id))
			return id;
	for (uint32_t id = POOL_FIRST_FREE; id < POSTERN_POOLS_MAX; id++)
		if (!config_pool_by_id(numbering->config, id))
			return id;
	return POOL_NONE; /* not reached: a configuration has fewer pools */
}

int pools_number(struct config *config, struct datapath *datapath)
{
	struct numbering numbering = {.config = config};
	int r;

	for (size_t i = 0; i < config->n_pools; i++)
		if (config->pools[i].id >= POOL_FIRST_FREE)
			config->pools[i].id = POOL_NONE;
	r = datapath->ops->walk(datapath, MAP_POOLS, adopt_id, &numbering);
	for (size_t i = 0; r == 0 && i < config->n_pools; i++)
		if (config->pools[i].id == POOL_NONE)
			config->pools[i].id = free_id(&numbering);
	return r;
}

/* ---- load: pools and addresses of the configuration, states as ordered */

static int add_addresses(struct pool *pool, const struct config_pool *config)
{
	pool->addresses = calloc(config->n_addresses, sizeof(*pool->addresses));
	if (!pool->addresses)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_addresses; i++)
		pool->addresses[i] = (struct pool_address){
			.address = config->addresses[i].address,
			.weight = config->addresses[i].weight,
			.state = ADDRESS_ACTIVE,
		};
	pool->n_addresses = config->n_addresses;
	return 0;
}

static int copy_config(struct steering *steering)
{
	const struct config *config = steering->config;
	struct pool_set *set = &steering->pools;

	set->pools = calloc(config->n_pools, sizeof(*set->pools));
	if (!set->pools)
		return -ENOMEM;
	set->n_pools = config->n_pools;
	for (size_t i = 0; i < config->n_pools; i++) {
		const struct config_pool *from = &config->pools[i];
		struct pool *pool = &set->pools[i];
		int r;

		pool->name = from->name;
		pool->id = from->id;
		pool->state = POOL_ENABLED;
		if (from->when_empty)
			pool->when_empty = &set->pools[from->when_empty - config->pools];
		r = add_addresses(pool, from);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool states_from_maps(const struct steering *steering)
{
	return steering->source != STEERING_FILE;
}

static int adopt_pool(void *data, const void *key, const void *value)
{
	struct steering *steering = data;
	const struct pool_entry *entry = value;
	struct pool *pool = pool_find(&steering->pools, entry->label);

	(void)key;
	if (pool && states_from_maps(steering))
		pool->state = entry->state;
	return 0;
}

static struct pool_address *find_anywhere(const struct steering *steering, const uint8_t bytes[16])
{
	struct address address;

	memcpy(address.bytes, bytes, sizeof(address.bytes));
	for (size_t i = 0; i < steering->pools.n_pools; i++) {
		struct pool_address *found = pool_find_address(&steering->pools.pools[i], &address);

		if (found)
			return found;
	}
	return NULL;
}

static int adopt_address(void *data, const void *key, const void *value)
{
	struct steering *steering = data;
	const struct address_entry *entry = value;
	struct pool_address *address = find_anywhere(steering, entry->address);

	if (!address)
		return 0;
	address->id = *(const uint32_t *)key;
	if (states_from_maps(steering))
		address->state = entry->state;
	return 0;
}

/* Beside the maps the state only adds what is stricter. */
static int restore_pool(void *data, const char *name, enum pool_state state)
{
	struct steering *steering = data;
	struct pool *pool = pool_find(&steering->pools, name);

	if (pool && (steering->source == STEERING_FILE || state != POOL_ENABLED))
		pool->state = state;
	return 0;
}

static int restore_address(void *data, const char *name, const char *text, enum address_state state)
{
	struct steering *steering = data;
	struct pool *pool = pool_find(&steering->pools, name);
	struct pool_address *known;
	struct address address;

	if (!pool || address_parse(text, &address) < 0)
		return 0;
	known = pool_find_address(pool, &address);
	if (known && (steering->source == STEERING_FILE || known->state == ADDRESS_ACTIVE))
		known->state = state;
	return 0;
}

static int highest_key(void *data, const void *key, const void *value)
{
	uint32_t *highest = data;
	uint32_t id = *(const uint32_t *)key;

	(void)value;
	if (id > *highest)
		*highest = id;
	return 0;
}

static int number_addresses(struct steering *steering)
{
	uint32_t address_id = 0;
	int r = steering->datapath->ops->walk(steering->datapath, MAP_ADDRS, highest_key,
					      &address_id);

	if (r < 0)
		return r;
	for (size_t i = 0; i < steering->pools.n_pools; i++) {
		struct pool *pool = &steering->pools.pools[i];

		for (size_t j = 0; j < pool->n_addresses; j++)
			if (pool->addresses[j].id == 0)
				pool->addresses[j].id = ++address_id;
	}
	return 0;
}

/* ---- addresses that the host lacks */

static bool is_held(struct datapath *datapath, const struct address *address)
{
	struct host_key key = {.kind = HOST_ADDRESS};
	struct host_entry entry;
	char text[ADDRESS_TEXT_SIZE];

	strncpy(key.name, address_format(address, text), sizeof(key.name) - 1);
	return !datapath->ops->get(datapath, MAP_HOST, &key, &entry) && entry.held;
}

void pools_see_host(struct steering *steering)
{
	for (size_t i = 0; i < steering->pools.n_pools; i++)
		for (size_t j = 0; j < steering->pools.pools[i].n_addresses; j++) {
			struct pool_address *address = &steering->pools.pools[i].addresses[j];
			bool before = address->held;

			address->held = is_held(steering->datapath, &address->address);
			steering->host_changed |= address->held != before;
		}
}

int pools_load(struct steering *steering, struct error *error)
{
	struct datapath *datapath = steering->datapath;
	struct state_visitor visitor = {
		.data = steering, .pool = restore_pool, .address = restore_address};
	int r = copy_config(steering);

	if (r == 0)
		r = datapath->ops->walk(datapath, MAP_POOLS, adopt_pool, steering);
	if (r == 0)
		r = datapath->ops->walk(datapath, MAP_ADDRS, adopt_address, steering);
	if (r == 0)
		r = number_addresses(steering);
	if (r < 0)
		return error_errno(error, r, "reading pools");
	pools_see_host(steering);
	if (!steering->state || steering->source == STEERING_MAPS)
		return 0;
	return steering->state->ops->load(steering->state, &visitor, error);
}

/* ---- the maps */

static void fill_pool_entry(const struct pool *pool, struct pool_entry *ret_entry)
{
	*ret_entry = (struct pool_entry){
		.state = pool->state,
		.addresses = (uint32_t)pool->n_addresses,
		.active = (uint32_t)pool_active(pool),
		.when_empty = pool->when_empty ? pool->when_empty->id : POOL_NONE,
	};
	strncpy(ret_entry->label, pool->name, sizeof(ret_entry->label) - 1);
	strncpy(ret_entry->when_empty_label, pool->when_empty ? pool->when_empty->name : "hold",
		sizeof(ret_entry->when_empty_label) - 1);
}

static void fill_address_entry(const struct pool *pool, const struct pool_address *address,
			       struct address_entry *ret_entry)
{
	char text[ADDRESS_TEXT_SIZE];

	*ret_entry = (struct address_entry){
		.pool = pool->id,
		.weight = address->weight,
		.state = address->state,
		.held = address->held,
	};
	memcpy(ret_entry->address, address->address.bytes, sizeof(ret_entry->address));
	strncpy(ret_entry->text, address_format(&address->address, text),
		sizeof(ret_entry->text) - 1);
	strncpy(ret_entry->pool_label, pool->name, sizeof(ret_entry->pool_label) - 1);
}

static int build_tables(const struct steering *steering, struct table *pools,
			struct table *addresses, struct table *usage)
{
	const struct address_usage unused = {0};
	int r = 0;

	table_init(pools, sizeof(uint32_t), sizeof(struct pool_entry));
	table_init(addresses, sizeof(uint32_t), sizeof(struct address_entry));
	table_init(usage, sizeof(uint32_t), sizeof(struct address_usage));
	for (size_t i = 0; r == 0 && i < steering->pools.n_pools; i++) {
		const struct pool *pool = &steering->pools.pools[i];
		struct pool_entry entry;

		fill_pool_entry(pool, &entry);
		r = table_add(pools, &pool->id, &entry);
		for (size_t j = 0; r == 0 && j < pool->n_addresses; j++) {
			struct address_entry address;

			fill_address_entry(pool, &pool->addresses[j], &address);
			r = table_add(addresses, &pool->addresses[j].id, &address);
			if (r == 0)
				r = table_add(usage, &pool->addresses[j].id, &unused);
		}
	}
	return r;
}

/* Writes each run of slots that differs from the map. */
static int write_changed(struct datapath *datapath, uint32_t first, const struct slot *wanted)
{
	uint32_t run = 0;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i <= POSTERN_SLOTS; i++) {
		uint32_t index = first + i;
		struct slot held = {0};

		if (i < POSTERN_SLOTS &&
		    datapath->ops->get(datapath, MAP_SLOTS, &index, &held) == 0 &&
		    held.address != wanted[i].address) {
			run++;
			continue;
		}
		if (run)
			r = datapath->ops->put_slots(datapath, index - run, &wanted[i - run], run);
		run = 0;
	}
	return r;
}

static int write_slots(struct steering *steering, const struct pool *pool, int family)
{
	uint32_t first = (pool->id * POSTERN_FAMILIES + family) * POSTERN_SLOTS;
	uint32_t addresses[POSTERN_SLOTS];
	struct slot wanted[POSTERN_SLOTS];
	int r = pool_slots(pool, family, addresses);

	for (uint32_t i = 0; r == 0 && i < POSTERN_SLOTS; i++)
		wanted[i].address = addresses[i];
	return r == 0 ? write_changed(steering->datapath, first, wanted) : r;
}

static int sync_tables(struct steering *steering, bool prune)
{
	struct datapath *datapath = steering->datapath;
	struct table pools, addresses, usage;
	int r = build_tables(steering, &pools, &addresses, &usage);

	if (r == 0)
		r = prune ? table_prune(&pools, datapath, MAP_POOLS)
			  : table_write(&pools, datapath, MAP_POOLS);
	if (r == 0)
		r = prune ? table_prune(&addresses, datapath, MAP_ADDRS)
			  : table_write(&addresses, datapath, MAP_ADDRS);
	if (r == 0)
		r = prune ? table_prune(&usage, datapath, MAP_ADDRUSE)
			  : table_write_missing(&usage, datapath, MAP_ADDRUSE);
	table_done(&pools);
	table_done(&addresses);
	table_done(&usage);
	return r;
}

struct count {
	const struct steering *steering;
	size_t addresses;
};

static int count_other(void *data, const void *key, const void *value)
{
	struct count *count = data;
	const struct address_entry *entry = value;
	const struct pool_address *known = find_anywhere(count->steering, entry->address);

	count->addresses += !known || known->id != *(const uint32_t *)key;
	return 0;
}

static int too_many(const struct steering *steering, struct error *error)
{
	return error_set(error, -E2BIG,
			 "old and new addresses together exceed the map's %u: change them in "
			 "smaller steps",
			 steering->datapath->ops->capacity(steering->datapath, MAP_ADDRS));
}

int pools_check(const struct steering *steering, struct error *error)
{
	struct datapath *datapath = steering->datapath;
	struct count count = {.steering = steering};
	int r = datapath->ops->walk(datapath, MAP_ADDRS, count_other, &count);

	if (r < 0)
		return error_errno(error, r, "reading pools");
	for (size_t i = 0; i < steering->pools.n_pools; i++)
		count.addresses += steering->pools.pools[i].n_addresses;
	return count.addresses > datapath->ops->capacity(datapath, MAP_ADDRS)
		       ? too_many(steering, error)
		       : 0;
}

int pools_sync_tables(struct steering *steering, struct error *error)
{
	int r;

	pools_see_host(steering);
	r = sync_tables(steering, false);
	if (r == -E2BIG)
		return too_many(steering, error);
	return r < 0 ? error_errno(error, r, "writing pools") : 0;
}

int pools_sync_slots(struct steering *steering, size_t part, struct error *error)
{
	const struct pool *pool = &steering->pools.pools[part / POSTERN_FAMILIES];
	int r = write_slots(steering, pool, (int)(part % POSTERN_FAMILIES));

	return r < 0 ? error_errno(error, r, "writing pools") : 0;
}

int pools_sync(struct steering *steering, struct error *error)
{
	int r = pools_sync_tables(steering, error);

	for (size_t i = 0; r == 0 && i < steering->pools.n_pools * POSTERN_FAMILIES; i++)
		r = pools_sync_slots(steering, i, error);
	return r;
}

int pools_prune(struct steering *steering, struct error *error)
{
	int r = sync_tables(steering, true);

	return r < 0 ? error_errno(error, r, "removing old pools") : 0;
}
