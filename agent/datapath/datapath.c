/* SPDX-License-Identifier: BSD-2-Clause */
/* The pinned maps behind struct datapath_ops. object_maps.c creates and pins them. */
#include "datapath/datapath.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "datapath/pins.h"
#include "datapath/writer.h"

#define STATS_PIN  "postern_stats"
#define BATCH_SIZE 4096 /* entries per system call; grows where one bucket holds more */

/* The kernel's answer where a map type has no batches; user space's errno.h lacks it. */
#define KERNEL_ENOTSUPP 524

static const struct map_type {
	const char *name;
	uint32_t key_size;
	uint32_t value_size;
} map_types[MAPS] = {
	[MAP_SENDERS] = {"postern_senders", sizeof(struct selector), sizeof(struct sender_ref)},
	[MAP_NETS] = {"postern_nets", sizeof(struct net), sizeof(struct sender_ref)},
	[MAP_VERDICT] = {"postern_verdict", sizeof(uint32_t), sizeof(struct verdict)},
	[MAP_USAGE] = {"postern_usage", sizeof(uint32_t), sizeof(struct usage)},
	[MAP_POOLS] = {"postern_pools", sizeof(uint32_t), sizeof(struct pool_entry)},
	[MAP_ADDRS] = {"postern_addrs", sizeof(uint32_t), sizeof(struct address_entry)},
	[MAP_ADDRUSE] = {"postern_addruse", sizeof(uint32_t), sizeof(struct address_usage)},
	[MAP_SLOTS] = {"postern_slots", sizeof(uint32_t), sizeof(struct slot)},
	[MAP_FLOWS] = {"postern_flows", sizeof(struct flow_key), sizeof(struct flow)},
	[MAP_RETURNS] = {"postern_returns", sizeof(struct return_key), sizeof(struct return_entry)},
	[MAP_CONTROL] = {PIN_CONTROL, sizeof(uint32_t), sizeof(struct control)},
	[MAP_GEN] = {"postern_gen", sizeof(uint32_t), sizeof(struct generation)},
	[MAP_HOST] = {"postern_host", sizeof(struct host_key), sizeof(struct host_entry)},
	[MAP_CGROUPS] = {"postern_cgroups", sizeof(struct cgroup_path),
			 sizeof(struct cgroup_entry)},
	[MAP_UPLINKS] = {"postern_uplinks", sizeof(struct uplink_key), sizeof(struct uplink)},
};

struct pinned_map {
	int fd;
	uint32_t capacity;
};

struct pinned {
	struct datapath datapath; /* first: the ops get its address */
	struct pinned_map maps[MAPS];
	int stats_fd;
	int lock_fd;
	int cpus;
};

const char *map_name(enum map map)
{
	return map_types[map].name;
}

static struct pinned *to_pinned(struct datapath *datapath)
{
	return (struct pinned *)datapath;
}

static int pinned_get(struct datapath *datapath, enum map map, const void *key, void *ret_value)
{
	return bpf_map_lookup_elem(to_pinned(datapath)->maps[map].fd, key, ret_value);
}

static int pinned_put(struct datapath *datapath, enum map map, const void *key, const void *value)
{
	int r = bpf_map_update_elem(to_pinned(datapath)->maps[map].fd, key, value, BPF_ANY);

	/* A full hash answers E2BIG, a full LPM trie ENOSPC. */
	return r == -ENOSPC ? -E2BIG : r;
}

static int pinned_remove(struct datapath *datapath, enum map map, const void *key)
{
	return bpf_map_delete_elem(to_pinned(datapath)->maps[map].fd, key);
}

static bool batch_is_missing(int code)
{
	return code == -KERNEL_ENOTSUPP || code == -EOPNOTSUPP || code == -EINVAL;
}

/* ---- walking */

struct batch {
	char *keys;
	char *values;
	uint32_t capacity; /* in entries */
	/* Where the next system call continues; opaque, at most as long as a key. */
	char token[sizeof(struct host_key)];
	bool begun;
};

static void batch_done(struct batch *batch)
{
	free(batch->keys);
	free(batch->values);
}

static int batch_reserve(struct batch *batch, const struct map_type *type, uint32_t capacity)
{
	char *keys = reallocarray(batch->keys, capacity, type->key_size);
	char *values;

	if (!keys)
		return -ENOMEM;
	batch->keys = keys;
	values = reallocarray(batch->values, capacity, type->value_size);
	if (!values)
		return -ENOMEM;
	batch->values = values;
	batch->capacity = capacity;
	return 0;
}

/* 0: *ret_count entries, and more follow; -ENOENT: *ret_count entries, the last ones. */
static int batch_next(struct batch *batch, int fd, const struct map_type *type, uint32_t *ret_count)
{
	char next[sizeof(batch->token)];
	int r;

	for (;;) {
		*ret_count = batch->capacity;
		r = bpf_map_lookup_batch(fd, batch->begun ? batch->token : NULL, next, batch->keys,
					 batch->values, ret_count, NULL);
		if (r == -EINTR)
			continue;
		if (r != -ENOSPC)
			break;
		/* One hash bucket has more entries than the buffer. */
		r = batch_reserve(batch, type, batch->capacity * 2);
		if (r)
			return r;
	}
	if (r && r != -ENOENT)
		*ret_count = 0;
	memcpy(batch->token, next, sizeof(next));
	batch->begun = true;
	return r;
}

/* For map types without batches. Collects the keys first, as the visitor may remove entries. */
static int walk_singly(const struct pinned_map *map, const struct map_type *type,
		       map_visitor visitor, void *data)
{
	_cleanup_(free_p) char *keys = calloc(map->capacity, type->key_size);
	_cleanup_(free_p) char *value = malloc(type->value_size);
	uint32_t count = 0;
	int r = 0;

	if (!keys || !value)
		return -ENOMEM;
	/* Bounded by the capacity: the kernel starts over after a key that was removed. */
	while (count < map->capacity) {
		const char *last = count ? keys + (size_t)(count - 1) * type->key_size : NULL;

		r = bpf_map_get_next_key(map->fd, last, keys + (size_t)count * type->key_size);
		if (r)
			break;
		count++;
	}
	if (r && r != -ENOENT)
		return r;
	for (uint32_t i = 0; i < count; i++) {
		const char *key = keys + (size_t)i * type->key_size;

		if (bpf_map_lookup_elem(map->fd, key, value))
			continue;
		r = visitor(data, key, value);
		if (r)
			return r;
	}
	return 0;
}

static int visit_batch(const struct batch *batch, const struct map_type *type, uint32_t count,
		       map_visitor visitor, void *data)
{
	for (uint32_t i = 0; i < count; i++) {
		int r = visitor(data, batch->keys + (size_t)i * type->key_size,
				batch->values + (size_t)i * type->value_size);

		if (r)
			return r;
	}
	return 0;
}

static int walk_batched(const struct pinned_map *map, const struct map_type *type,
			struct batch *batch, map_visitor visitor, void *data)
{
	uint32_t capacity = map->capacity < BATCH_SIZE ? map->capacity : BATCH_SIZE;
	int more = batch_reserve(batch, type, capacity);

	while (!more) {
		uint32_t count;
		int r;

		more = batch_next(batch, map->fd, type, &count);
		r = visit_batch(batch, type, count, visitor, data);
		if (r)
			return r;
		if (batch_is_missing(more))
			return walk_singly(map, type, visitor, data);
	}
	return more == -ENOENT ? 0 : more;
}

static int pinned_walk(struct datapath *datapath, enum map map, map_visitor visitor, void *data)
{
	struct batch batch = {0};
	int r = walk_batched(&to_pinned(datapath)->maps[map], &map_types[map], &batch, visitor,
			     data);

	batch_done(&batch);
	return r;
}

static int pinned_put_slots(struct datapath *datapath, uint32_t first, const struct slot *slots,
			    uint32_t count)
{
	int fd = to_pinned(datapath)->maps[MAP_SLOTS].fd;
	_cleanup_(free_p) uint32_t *keys = reallocarray(NULL, count, sizeof(*keys));
	uint32_t written = count;
	int r;

	if (!keys)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		keys[i] = first + i;
	r = bpf_map_update_batch(fd, keys, slots, &written, NULL);
	if (!batch_is_missing(r))
		return r;
	r = 0;
	for (uint32_t i = 0; i < count && !r; i++)
		r = bpf_map_update_elem(fd, &keys[i], &slots[i], BPF_ANY);
	return r;
}

static int pinned_stats(struct datapath *datapath, struct stats *ret_stats)
{
	struct pinned *pinned = to_pinned(datapath);
	_cleanup_(free_p) struct stats *each = calloc(pinned->cpus, sizeof(*each));
	struct stats sum = {0};
	uint32_t key = 0;
	int r;

	if (!each)
		return -ENOMEM;
	r = bpf_map_lookup_elem(pinned->stats_fd, &key, each);
	if (r)
		return r;
	for (int cpu = 0; cpu < pinned->cpus; cpu++) {
#define ADD(name, help) sum.name += each[cpu].name;
		POSTERN_COUNTERS(ADD)
#undef ADD
	}
	*ret_stats = sum;
	return 0;
}

static uint32_t pinned_capacity(struct datapath *datapath, enum map map)
{
	return to_pinned(datapath)->maps[map].capacity;
}

static int pinned_lock(struct datapath *datapath, unsigned wait_ms)
{
	return writer_lock(to_pinned(datapath)->lock_fd, wait_ms);
}

static void pinned_unlock(struct datapath *datapath)
{
	writer_unlock(to_pinned(datapath)->lock_fd);
}

/* ---- opening */

static void pinned_free(struct datapath *datapath)
{
	struct pinned *pinned = to_pinned(datapath);

	for (int map = 0; map < MAPS; map++)
		close_fd_p(&pinned->maps[map].fd);
	close_fd_p(&pinned->stats_fd);
	close_fd_p(&pinned->lock_fd);
	free(pinned);
}

static const struct datapath_ops pinned_ops = {
	.get = pinned_get,
	.put = pinned_put,
	.remove = pinned_remove,
	.walk = pinned_walk,
	.put_slots = pinned_put_slots,
	.stats = pinned_stats,
	.lock = pinned_lock,
	.unlock = pinned_unlock,
	.capacity = pinned_capacity,
	.free = pinned_free,
};

static int open_checked(const char *pin_path, const struct map_type *type, struct pinned_map *map,
			struct error *error)
{
	struct bpf_map_info info;
	int r = pin_map_open(pin_path, type->name, &map->fd, &info, error);

	if (r)
		return r;
	if (info.key_size != type->key_size || info.value_size != type->value_size)
		return error_set(error, -EPROTO,
				 "'%s/%s' has keys of %u and values of %u bytes, expected %u and "
				 "%u: " PIN_REMEDY,
				 pin_path, type->name, info.key_size, info.value_size,
				 type->key_size, type->value_size);
	map->capacity = info.max_entries;
	return 0;
}

/* Before all other maps: their sizes mean nothing in another layout. */
static int check_layout(const char *pin_path, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct bpf_map_info info;
	int r = pin_map_open(pin_path, map_name(MAP_CONTROL), &fd, &info, error);

	if (r == -ENOENT)
		return error_set(error, -ENOENT, "nothing is up at '%s': run 'postern up'",
				 pin_path);
	return r ? r : pin_layout_check(pin_path, fd, &info, error);
}

static int open_all(const char *pin_path, struct pinned *pinned, struct error *error)
{
	static const struct map_type stats = {STATS_PIN, sizeof(uint32_t), sizeof(struct stats)};
	struct pinned_map opened = {.fd = -1};
	int r = check_layout(pin_path, error);

	for (int map = 0; !r && map < MAPS; map++)
		r = open_checked(pin_path, &map_types[map], &pinned->maps[map], error);
	if (r)
		return r;
	r = open_checked(pin_path, &stats, &opened, error);
	pinned->stats_fd = opened.fd;
	if (r)
		return r;
	r = writer_open(pin_path, &pinned->lock_fd, error);
	if (r)
		return r;
	pinned->cpus = libbpf_num_possible_cpus();
	if (pinned->cpus < 0)
		return error_set(error, pinned->cpus, "cannot count the CPUs: %s",
				 strerror(-pinned->cpus));
	return 0;
}

int datapath_open(const char *pin_path, struct datapath **ret_datapath, struct error *error)
{
	struct pinned *pinned = calloc(1, sizeof(*pinned));
	int r;

	if (!pinned)
		return error_set(error, -ENOMEM, "out of memory");
	pinned->datapath.ops = &pinned_ops;
	pinned->stats_fd = -1;
	pinned->lock_fd = -1;
	for (int map = 0; map < MAPS; map++)
		pinned->maps[map].fd = -1;
	r = open_all(pin_path, pinned, error);
	if (r) {
		pinned_free(&pinned->datapath);
		return r;
	}
	*ret_datapath = &pinned->datapath;
	return 0;
}

bool datapath_is_stuck(struct datapath *datapath)
{
	struct generation generation;
	uint32_t zero = 0;

	return !datapath->ops->get(datapath, MAP_GEN, &zero, &generation) &&
	       generation.in_force == GENERATION_NONE;
}
