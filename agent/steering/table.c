/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wanted entries compared with a map's, by one walk and a binary search for each. The meaning of a
 * map is not known here.
 */
#include "steering/table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void table_init(struct table *table, size_t key_size, size_t value_size)
{
	*table = (struct table){.key_size = key_size, .value_size = value_size};
}

void table_done(struct table *table)
{
	free(table->entries);
	*table = (struct table){0};
}

static size_t stride(const struct table *table)
{
	return table->key_size + table->value_size;
}

static unsigned char *entry_at(const struct table *table, size_t index)
{
	return table->entries + index * stride(table);
}

int table_add(struct table *table, const void *key, const void *value)
{
	unsigned char *entry;

	if (table->count == table->capacity) {
		size_t capacity = table->capacity ? 2 * table->capacity : 64;
		unsigned char *entries = reallocarray(table->entries, capacity, stride(table));

		if (!entries)
			return -ENOMEM;
		table->entries = entries;
		table->capacity = capacity;
	}
	entry = entry_at(table, table->count++);
	memcpy(entry, key, table->key_size);
	memcpy(entry + table->key_size, value, table->value_size);
	table->sorted = false;
	return 0;
}

static int compare_keys(const void *a, const void *b, void *table)
{
	return memcmp(a, b, ((const struct table *)table)->key_size);
}

static void sort(struct table *table)
{
	if (!table->sorted && table->count)
		qsort_r(table->entries, table->count, stride(table), compare_keys, table);
	table->sorted = true;
}

/* Index of the key, or -1. */
static ssize_t find(const struct table *table, const void *key)
{
	size_t low = 0;
	size_t high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(entry_at(table, middle), key, table->key_size);

		if (order == 0)
			return (ssize_t)middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

struct comparison {
	struct table *table;
	bool *settled; /* by index: the map has the wanted entry */
	bool any_value;
};

static int compare_entry(void *data, const void *key, const void *value)
{
	struct comparison *comparison = data;
	const struct table *table = comparison->table;
	ssize_t index = find(table, key);

	if (index >= 0 &&
	    (comparison->any_value || memcmp(entry_at(table, (size_t)index) + table->key_size,
					     value, table->value_size) == 0))
		comparison->settled[index] = true;
	return 0;
}

static int write_unsettled(struct table *table, struct datapath *datapath, enum map map,
			   bool any_value)
{
	struct comparison comparison = {.table = table, .any_value = any_value};
	int r;

	sort(table);
	comparison.settled = calloc(table->count + 1, sizeof(bool));
	if (!comparison.settled)
		return -ENOMEM;
	r = datapath->ops->walk(datapath, map, compare_entry, &comparison);
	for (size_t i = 0; r == 0 && i < table->count; i++) {
		const unsigned char *entry = entry_at(table, i);

		if (!comparison.settled[i])
			r = datapath->ops->put(datapath, map, entry, entry + table->key_size);
	}
	free(comparison.settled);
	return r;
}

int table_write(struct table *table, struct datapath *datapath, enum map map)
{
	return write_unsettled(table, datapath, map, false);
}

int table_write_missing(struct table *table, struct datapath *datapath, enum map map)
{
	return write_unsettled(table, datapath, map, true);
}

struct pruning {
	const struct table *wanted;
	struct table stale;
};

static int note_stale(void *data, const void *key, const void *value)
{
	struct pruning *pruning = data;

	return find(pruning->wanted, key) < 0 ? table_add(&pruning->stale, key, value) : 0;
}

static int remove_all(const struct table *stale, struct datapath *datapath, enum map map)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < stale->count; i++) {
		r = datapath->ops->remove(datapath, map, entry_at(stale, i));
		if (r == -ENOENT)
			r = 0;
	}
	return r;
}

static int walk_table(const struct table *table, map_visitor visitor, void *data)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < table->count; i++) {
		const unsigned char *entry = entry_at(table, i);

		r = visitor(data, entry, entry + table->key_size);
	}
	return r;
}

/* Removed after the walk: a deletion during the walk would restart it. `candidates` may be NULL. */
static int prune(struct table *table, const struct table *candidates, struct datapath *datapath,
		 enum map map)
{
	struct pruning pruning = {.wanted = table};
	int r;

	sort(table);
	table_init(&pruning.stale, table->key_size, table->value_size);
	r = candidates ? walk_table(candidates, note_stale, &pruning)
		       : datapath->ops->walk(datapath, map, note_stale, &pruning);
	if (r == 0)
		r = remove_all(&pruning.stale, datapath, map);
	table_done(&pruning.stale);
	return r;
}

int table_prune(struct table *table, struct datapath *datapath, enum map map)
{
	return prune(table, NULL, datapath, map);
}

int table_prune_listed(struct table *table, const struct table *candidates,
		       struct datapath *datapath, enum map map)
{
	return prune(table, candidates, datapath, map);
}

static int add_entry(void *data, const void *key, const void *value)
{
	return table_add(data, key, value);
}

int table_read(struct table *table, struct datapath *datapath, enum map map)
{
	return datapath->ops->walk(datapath, map, add_entry, table);
}
