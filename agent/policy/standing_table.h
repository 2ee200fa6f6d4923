/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of standings. They are few, so that names fit; they are ordered by the time of their
 * next end.
 *
 * A sender has at most one standing; its place in the table of senders (sender_counts.h) has the
 * number. The table is allocated at the start; the system provides the part that is used. A full
 * table takes no further standing, which the caller counts: the counts of the sender still keep it
 * over its limit.
 *
 * Within policy/ only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/siphash.h"
#include "policy/standing.h"

struct standing_table;

/* -ENOMEM; -EINVAL: max is 0. */
int standing_table_new(uint32_t max, struct standing_table **ret_standings);
void standing_table_free(struct standing_table *standings);

/* Returns a number from 1 on, or 0: the table is full. */
uint32_t standing_table_add(struct standing_table *standings, const char *name,
			    const struct siphash *key);
void standing_table_remove(struct standing_table *standings, uint32_t number);
struct standing *standing_table_get(const struct standing_table *standings, uint32_t number);

/* Required after each change of a time. */
void standing_table_update(struct standing_table *standings, struct standing *standing);
/* The standing that ends first, if it ends by now. NULL: none does. */
struct standing *standing_table_due(const struct standing_table *standings, int64_t now_sec);

uint32_t standing_table_count(const struct standing_table *standings);
/*
 * The next number after `number`; 0 is before the first and after the last. A walk may change and
 * remove standings.
 */
uint32_t standing_table_next(const struct standing_table *standings, uint32_t number);
