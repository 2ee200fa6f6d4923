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

int table_remove_some(const struct table *table, struct datapath *datapath, enum map map,
		      size_t *cursor, size_t budget)
{
	int r = 0;

	for (; r == 0 && *cursor < table->count && budget; budget--, ++*cursor) {
		r = datapath->ops->remove(datapath, map, entry_at(table, *cursor));
		if (r == -ENOENT)
			r = 0;
	}
	return r < 0 ? r : *cursor < table->count;
}

int table_put_some(const struct table *table, struct datapath *datapath, enum map map,
		   size_t *cursor, size_t budget)
{
	int r = 0;

	for (; r == 0 && *cursor < table->count && budget; budget--, ++*cursor) {
		const unsigned char *entry = entry_at(table, *cursor);

		r = datapath->ops->put(datapath, map, entry, entry + table->key_size);
	}
	return r < 0 ? r : *cursor < table->count;
}

/* Removed after the walk: a deletion during the walk would restart it. */
int table_prune(struct table *table, struct datapath *datapath, enum map map)
{
	struct pruning pruning = {.wanted = table};
	size_t cursor = 0;
	int r;

	sort(table);
	table_init(&pruning.stale, table->key_size, table->value_size);
	r = datapath->ops->walk(datapath, map, note_stale, &pruning);
	if (r == 0)
		r = table_remove_some(&pruning.stale, datapath, map, &cursor, SIZE_MAX);
	table_done(&pruning.stale);
	return r;
}

static int add_entry(void *data, const void *key, const void *value)
{
	return table_add(data, key, value);
}

int table_read(struct table *table, struct datapath *datapath, enum map map)
{
	return datapath->ops->walk(datapath, map, add_entry, table);
}

int table_walk(const struct table *table, map_visitor visitor, void *data)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < table->count; i++) {
		const unsigned char *entry = entry_at(table, i);

		r = visitor(data, entry, entry + table->key_size);
	}
	return r;
}

/* The entry behind all that have the key of this one. */
static size_t behind(const struct table *table, size_t index)
{
	size_t next = index + 1;

	while (next < table->count &&
	       memcmp(entry_at(table, index), entry_at(table, next), table->key_size) == 0)
		next++;
	return next;
}

int table_compare(struct table *wanted, struct table *held, struct table *ret_missing,
		  struct table *ret_stale, size_t *ret_new)
{
	const size_t key_size = wanted->key_size;
	size_t i = 0, j = 0;
	int r = 0;

	table_init(ret_missing, key_size, wanted->value_size);
	table_init(ret_stale, key_size, wanted->value_size);
	*ret_new = 0;
	sort(wanted);
	sort(held);
	while (r == 0 && (i < wanted->count || j < held->count)) {
		const unsigned char *want = i < wanted->count ? entry_at(wanted, i) : NULL;
		const unsigned char *have = j < held->count ? entry_at(held, j) : NULL;
		int order = !want ? 1 : !have ? -1 : memcmp(want, have, key_size);

		if (order > 0)
			r = table_add(ret_stale, have, have + key_size);
		else if (order < 0 || memcmp(want, have, stride(wanted)) != 0)
			r = table_add(ret_missing, want, want + key_size);
		*ret_new += order < 0;
		i = order <= 0 ? behind(wanted, i) : i;
		j = order >= 0 ? behind(held, j) : j;
	}
	return r;
}
