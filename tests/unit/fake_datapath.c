/* SPDX-License-Identifier: BSD-2-Clause */
/* Linear searches over arrays are enough for a handful of entries; slots are an array by index. */
#include "unit/fake_datapath.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

static const struct {
	size_t key_size;
	size_t value_size;
	uint32_t capacity;
} shapes[MAPS] = {
	[MAP_SENDERS] = {sizeof(struct selector), sizeof(struct sender_ref), 64},
	[MAP_NETS] = {sizeof(struct net), sizeof(struct sender_ref), 64},
	[MAP_VERDICT] = {sizeof(uint32_t), sizeof(struct verdict), 64},
	[MAP_USAGE] = {sizeof(uint32_t), sizeof(struct usage), 64},
	[MAP_POOLS] = {sizeof(uint32_t), sizeof(struct pool_entry), POSTERN_POOLS_MAX},
	[MAP_ADDRS] = {sizeof(uint32_t), sizeof(struct address_entry), 256},
	[MAP_ADDRUSE] = {sizeof(uint32_t), sizeof(struct address_usage), 256},
	[MAP_SLOTS] = {sizeof(uint32_t), sizeof(struct slot),
		       POSTERN_POOLS_MAX *POSTERN_FAMILIES *POSTERN_SLOTS},
	[MAP_FLOWS] = {sizeof(struct flow_key), sizeof(struct flow), 64},
	[MAP_RETURNS] = {sizeof(struct return_key), sizeof(struct return_entry), 64},
	[MAP_CONTROL] = {sizeof(uint32_t), sizeof(struct control), 1},
	[MAP_GEN] = {sizeof(uint32_t), sizeof(struct generation), 1},
	[MAP_HOST] = {sizeof(struct host_key), sizeof(struct host_entry), 64},
	[MAP_CGROUPS] = {sizeof(struct cgroup_path), sizeof(struct cgroup_entry), 64},
	[MAP_UPLINKS] = {sizeof(struct uplink_key), sizeof(struct uplink), 64},
};

static struct fake_datapath *fake_of(struct datapath *datapath)
{
	return (struct fake_datapath *)datapath;
}

/* After the key, aligned for 64-bit members. */
static size_t value_offset(const struct fake_map *map)
{
	return (map->key_size + 7) / 8 * 8;
}

static size_t stride(const struct fake_map *map)
{
	return value_offset(map) + map->value_size;
}

static unsigned char *find(struct fake_map *map, const void *key)
{
	for (uint32_t i = 0; i < map->count; i++)
		if (memcmp(map->entries + i * stride(map), key, map->key_size) == 0)
			return map->entries + i * stride(map);
	return NULL;
}

/* An array's element, or NULL for a map that is none. */
static unsigned char *slot_at(struct fake_datapath *fake, enum map map, const void *key)
{
	const struct fake_map *slots = &fake->maps[MAP_SLOTS];

	return map == MAP_SLOTS ? slots->entries + *(const uint32_t *)key * slots->value_size
				: NULL;
}

static int fake_get(struct datapath *datapath, enum map map, const void *key, void *ret_value)
{
	struct fake_datapath *fake = fake_of(datapath);
	unsigned char *slot = slot_at(fake, map, key);
	unsigned char *entry = slot ? NULL : find(&fake->maps[map], key);

	if (!slot && !entry)
		return -ENOENT;
	memcpy(ret_value, slot ? slot : entry + value_offset(&fake->maps[map]),
	       fake->maps[map].value_size);
	return 0;
}

static int count_write(struct fake_datapath *fake)
{
	if (fake->writes_left && --fake->writes_left == 0)
		return -EIO;
	fake->writes++;
	return 0;
}

static int append(struct fake_map *map, const void *key, const void *value)
{
	unsigned char *entry = map->entries + map->count * stride(map);

	if (map->count == map->capacity)
		return -E2BIG;
	memcpy(entry, key, map->key_size);
	memcpy(entry + value_offset(map), value, map->value_size);
	map->count++;
	return 0;
}

static int fake_put(struct datapath *datapath, enum map map, const void *key, const void *value)
{
	struct fake_datapath *fake = fake_of(datapath);
	unsigned char *entry = find(&fake->maps[map], key);
	int r = count_write(fake);

	cr_assert_neq(map, MAP_SLOTS, "slots are written by put_slots");
	if (r < 0)
		return r;
	if (!entry)
		return append(&fake->maps[map], key, value);
	memcpy(entry + value_offset(&fake->maps[map]), value, fake->maps[map].value_size);
	return 0;
}

static int fake_remove(struct datapath *datapath, enum map map, const void *key)
{
	struct fake_datapath *fake = fake_of(datapath);
	struct fake_map *entries = &fake->maps[map];
	unsigned char *entry = find(entries, key);

	if (!entry)
		return -ENOENT;
	entries->count--;
	memmove(entry, entries->entries + entries->count * stride(entries), stride(entries));
	fake->removals++;
	return 0;
}

static int fake_walk(struct datapath *datapath, enum map map, map_visitor visitor, void *data)
{
	struct fake_map *entries = &fake_of(datapath)->maps[map];
	int r = fake_of(datapath)->unreadable & 1U << map ? -EIO : 0;

	for (uint32_t i = 0; r == 0 && i < entries->count; i++) {
		const unsigned char *entry = entries->entries + i * stride(entries);

		r = visitor(data, entry, entry + value_offset(entries));
	}
	return r;
}

static int fake_put_slots(struct datapath *datapath, uint32_t first, const struct slot *slots,
			  uint32_t count)
{
	struct fake_datapath *fake = fake_of(datapath);

	cr_assert_leq(first + count, fake->maps[MAP_SLOTS].capacity);
	memcpy(slot_at(fake, MAP_SLOTS, &first), slots, count * sizeof(*slots));
	fake->writes += count;
	return 0;
}

static int fake_stats(struct datapath *datapath, struct stats *ret_stats)
{
	*ret_stats = fake_of(datapath)->stats;
	return 0;
}

static uint32_t fake_capacity(struct datapath *datapath, enum map map)
{
	return fake_of(datapath)->maps[map].capacity;
}

static void fake_free(struct datapath *datapath)
{
	for (int i = 0; i < MAPS; i++)
		free(fake_of(datapath)->maps[i].entries);
	free(datapath);
}

static int fake_lock(struct datapath *datapath, unsigned wait_ms)
{
	struct fake_datapath *fake = fake_of(datapath);

	(void)wait_ms;
	cr_assert(!fake->locked, "locked twice");
	if (fake->is_busy)
		return -EBUSY;
	fake->locked = true;
	return 0;
}

static void fake_unlock(struct datapath *datapath)
{
	cr_assert(fake_of(datapath)->locked);
	fake_of(datapath)->locked = false;
}

static const struct datapath_ops fake_ops = {
	.get = fake_get,
	.put = fake_put,
	.remove = fake_remove,
	.walk = fake_walk,
	.put_slots = fake_put_slots,
	.stats = fake_stats,
	.lock = fake_lock,
	.unlock = fake_unlock,
	.capacity = fake_capacity,
	.free = fake_free,
};

struct fake_datapath *fake_datapath_new(void)
{
	struct fake_datapath *fake = calloc(1, sizeof(*fake));
	const struct control control = {.layout = POSTERN_LAYOUT};
	const uint32_t zero = 0;

	cr_assert_not_null(fake);
	fake->datapath.ops = &fake_ops;
	for (int i = 0; i < MAPS; i++) {
		struct fake_map *map = &fake->maps[i];

		map->key_size = shapes[i].key_size;
		map->value_size = shapes[i].value_size;
		map->capacity = shapes[i].capacity;
		map->entries = calloc(map->capacity, stride(map));
		cr_assert_not_null(map->entries);
	}
	append(&fake->maps[MAP_CONTROL], &zero, &control);
	return fake;
}
