/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A standing is the knowledge about a sender beyond counts: restricted, high-risk for repeated
 * spam, at a limit, under a manual verdict, or released today. policy.h has the transitions,
 * standing_table.h the table. Within policy/ only, except struct standing_record, which the state
 * stores by name, and struct sender_verdict.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/decision.h"
#include "policy/siphash.h"

#define STANDING_VERSION 1
#define STANDING_FOREVER INT64_MAX

/* Times are seconds since the epoch, 0: does not hold. Plain bytes in the host's order. */
struct standing_record {
	char name[POLICY_NAME_SIZE];
	int64_t restricted_until_sec; /* STANDING_FOREVER: until released */
	int64_t spam_until_sec;	      /* high-risk for repeated spam */
	int64_t full_until_sec;	      /* a limit is reached; until then not one more may pass */
	uint32_t full_action;  /* enum verdict_action at the limit: STEER (to high-risk) or DROP */
	uint32_t released_day; /* day of UTC of the last release, since the epoch */
	uint32_t version;
	uint32_t reserved;
};
_Static_assert(sizeof(struct standing_record) == POLICY_NAME_SIZE + 40, "raise STANDING_VERSION");

/*
 * The verdict on a sender's new connections: the first of manual, restricted, spam, over-limit,
 * good.
 */
struct sender_verdict {
	enum verdict_action action;
	uint32_t pool; /* POOL_NONE unless STEER */
	enum reason reason;
	int64_t until_sec; /* 0: no known end */
};
bool standing_verdict_equal(const struct sender_verdict *a, const struct sender_verdict *b);

struct standing {
	struct standing_record record;
	struct siphash key;
	/* The manual verdict. The state has it as an order, not in the record. */
	bool manual;
	enum verdict_action manual_action;
	uint32_t manual_pool;
	int64_t manual_until_sec;
	struct sender_verdict reported; /* the last one that was reported as a change */
	int64_t due_sec;		/* time of the next end; STANDING_FOREVER: none */
	uint32_t heap_index;
	uint32_t next_free;
};

/* Does something that ends then hold now? 0: never, also before the epoch. */
static inline bool standing_holds(int64_t until_sec, int64_t now_sec)
{
	return until_sec && until_sec > now_sec;
}

bool standing_is_manual(const struct standing *standing, int64_t now_sec);
struct sender_verdict standing_verdict(const struct standing *standing, int64_t now_sec);
/*
 * After the clock went back: nothing ends later than it would, had it begun now. Manual verdicts
 * stay. True: something changed.
 */
bool standing_clamp(struct standing *standing, int64_t now_sec);
/* True: the record has content. */
bool standing_has_record(const struct standing_record *record);
