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

/* The same, but only of `candidates`, from table_read(): for a map that the kernel adds to. */
int table_prune_listed(struct table *table, const struct table *candidates,
		       struct datapath *datapath, enum map map);

/* Adds every entry of the map. */
int table_read(struct table *table, struct datapath *datapath, enum map map);
