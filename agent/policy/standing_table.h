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

#include "policy/decision.h"
#include "policy/siphash.h"

#define STANDING_VERSION 1
#define STANDING_FOREVER INT64_MAX

/* Times are seconds since the epoch; 0: does not hold. Plain bytes in the host's order. */
struct standing_record {
	char name[POLICY_NAME_SIZE];
	int64_t restricted_until_sec; /* STANDING_FOREVER: until released */
	int64_t spam_until_sec;	      /* high-risk for repeated spam */
	int64_t full_until_sec;	      /* a limit is reached: no room before then */
	uint32_t full_action;  /* enum verdict_action of that: STEER (to high-risk) or DROP */
	uint32_t released_day; /* since the epoch: released on that day, UTC */
	uint32_t version;
	uint32_t reserved;
};
_Static_assert(sizeof(struct standing_record) == POLICY_NAME_SIZE + 40, "raise STANDING_VERSION");

/* What a sender's new connections get: the first of manual, restricted, spam, over-limit, good. */
struct sender_verdict {
	enum verdict_action action;
	uint32_t pool; /* POOL_NONE unless STEER */
	enum reason reason;
	int64_t until_sec; /* 0: no end that is known */
};

struct standing {
	struct standing_record record;
	struct siphash key;
	/* By hand; kept by whoever set it, not by the record. */
	bool manual;
	enum verdict_action manual_action;
	uint32_t manual_pool;
	int64_t manual_until_sec;
	struct sender_verdict told; /* the last that the caller heard of */
	int64_t due_sec;	    /* when something ends; STANDING_FOREVER: nothing does */
	uint32_t heap_index;
	uint32_t next_free;
};

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

bool standing_is_manual(const struct standing *standing, int64_t now_sec);
struct sender_verdict standing_verdict(const struct standing *standing, int64_t now_sec);
/*
 * After the clock went back: nothing ends later than it could have, had it begun now. False: nothing
 * did. What was set by hand stays.
 */
bool standing_clamp(struct standing *standing, int64_t now_sec);
/* There is something in it. */
bool standing_has_record(const struct standing_record *record);
/* Nothing is left that the sender's place does not hold. */
bool standing_is_over(const struct standing *standing);
