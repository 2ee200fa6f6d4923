/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Those of whom more is known than counts: restricted, high-risk for repeated spam, at a limit, under a
 * verdict by hand, or released today. Few, so with names; and ordered by when the next of these ends.
 *
 * A sender has at most one standing, whose number its place in the table of senders holds (sender_counts.h).
 * The table is allocated at the start and taken up as far as it is used. Where it is full, no further
 * standing begins: the caller counts that; what is over its limit stays so by its counts.
 *
 * Within policy/, but for struct standing_record, which is what state keeps, by name, and
 * standing_verdict(), by which `up` knows what holds where no engine runs.
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

/* Numbers are from 1. Returns 0 where the table is full. */
uint32_t standing_table_add(struct standing_table *standings, const char *name,
			    const struct siphash *key);
void standing_table_remove(struct standing_table *standings, uint32_t number);
struct standing *standing_table_get(const struct standing_table *standings, uint32_t number);

/* Must follow every change of a time. */
void standing_table_update(struct standing_table *standings, struct standing *standing);
/* NULL: nothing ends by now. */
struct standing *standing_table_due(const struct standing_table *standings, int64_t now_sec);
/* STANDING_FOREVER: never. */
int64_t standing_table_next_due(const struct standing_table *standings);

uint32_t standing_table_count(const struct standing_table *standings);
/* The one after `number`, from 0; 0: there is none. Any may be changed or removed on the way. */
uint32_t standing_table_next(const struct standing_table *standings, uint32_t number);
