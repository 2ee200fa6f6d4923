/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entries that a map should have, and bringing the map there with as few writes as possible.
 *
 * Use: table_init, table_add for each entry, then table_write() (adds and changes) and, once everything that
 * refers to the entries has been moved over, table_prune() (removals). Between the two the map holds
 * old and new together, which is what keeps every packet covered.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "datapath/datapath.h"

struct table {
	size_t key_size;
	size_t value_size;
	unsigned char *entries; /* key and value after one another, sorted by key once written */
	size_t count;
	size_t capacity;
	bool sorted;
};

void table_init(struct table *table, size_t key_size, size_t value_size);
void table_done(struct table *table);

/* Copies both. -ENOMEM. A key stands at most once. */
int table_add(struct table *table, const void *key, const void *value);

/* Writes what is missing or different. -E2BIG: the map is full. */
int table_write(struct table *table, struct datapath *datapath, enum map map);

/* Adds what is missing and leaves the values of the others alone: for maps that the kernel writes. */
int table_write_missing(struct table *table, struct datapath *datapath, enum map map);

/* Removes from the map what is not in the table. */
int table_prune(struct table *table, struct datapath *datapath, enum map map);
