/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of a sender beyond counts: restricted, high-risk for repeated spam, at a limit, under a
 * manual verdict, or released today. The transitions are in policy.h, the table in standing_table.h.
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
