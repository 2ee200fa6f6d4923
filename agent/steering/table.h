/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wanted entries of a map, written with as few changes as possible.
 *
 * Use: table_init(), table_add() for each entry, table_write() (additions and changes), then, once
 * nothing refers to old entries, table_prune() (removals). In between the map has old and new
 * entries, which keeps each packet covered.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "datapath/datapath.h"

struct table {
	size_t key_size;
	size_t value_size;
	unsigned char *entries; /* key and value side by side, sorted by key once written */
	size_t count;
	size_t capacity;
	bool sorted;
};

void table_init(struct table *table, size_t key_size, size_t value_size);
void table_done(struct table *table);

/* Copies both. A key that is added twice has the same value. -ENOMEM. */
int table_add(struct table *table, const void *key, const void *value);

/* Writes entries that are missing or differ. -E2BIG: the map is full. */
int table_write(struct table *table, struct datapath *datapath, enum map map);

/* Adds missing entries and leaves the values of others: for maps that the kernel writes. */
int table_write_missing(struct table *table, struct datapath *datapath, enum map map);

/* Removes entries of the map that are not in the table. */
int table_prune(struct table *table, struct datapath *datapath, enum map map);

/* Visits every entry of the table, as walk of struct datapath_ops does those of a map. */
int table_walk(const struct table *table, map_visitor visitor, void *data);

/* Adds every entry of the map. */
int table_read(struct table *table, struct datapath *datapath, enum map map);

/*
 * Compares `wanted` with `held`, from table_read(), and sorts both: entries that are missing or
 * differ, and entries of `held` that are not wanted. *ret_new counts the keys that `held` lacks.
 * -ENOMEM.
 */
int table_compare(struct table *wanted, struct table *held, struct table *ret_missing,
		  struct table *ret_stale, size_t *ret_new);

/*
 * The next entries from *cursor on, `budget` at most, put into the map or removed from it. 1: more
 * are left; 0: none. -E2BIG: the map is full.
 */
int table_put_some(const struct table *table, struct datapath *datapath, enum map map,
		   size_t *cursor, size_t budget);
int table_remove_some(const struct table *table, struct datapath *datapath, enum map map,
		      size_t *cursor, size_t budget);
