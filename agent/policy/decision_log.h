/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last decisions, so that each can be explained: what was known, which rules were tried, what they
 * saw. At most `max` of them, for at most DECISION_LOG_SEC; a new one takes the place of the oldest.
 *
 * All memory (DECISION_BYTES each) is allocated at the start and taken up as far as it is used. Texts
 * share DECISION_TEXTS bytes, equal ones are stored once, each but the sender's name is cut after
 * DECISION_TEXT_MAX characters, and what finds no room is cut to what there is: enough to recognise, not to
 * quote.
 * Lookups go by hashes of whole texts.
 */
#pragma once

#include <stdint.h>

#include "policy/decision.h"
#include "policy/siphash.h"

#define DECISION_LOG_SEC  3600
#define DECISION_BYTES	  640
#define DECISION_TEXTS	  320
#define DECISION_TEXT_MAX 95

/* As it was, but for texts that were cut. All is borrowed until the next decision_log_add(). */
struct decision_record {
	int64_t time_sec;
	struct facts facts;
	struct decision decision; /* `pool` is the id of that time */
	const char *pool;	  /* by name; NULL: none */
};

struct decision_log;

/* -ENOMEM; -EINVAL: max is 0. */
int decision_log_new(uint32_t max, const uint8_t secret[SIPHASH_KEY_SIZE],
		     struct decision_log **ret_decisions);
void decision_log_free(struct decision_log *decisions);

/* `pool`: the name of decision->pool, NULL: none. */
void decision_log_add(struct decision_log *decisions, const struct facts *facts,
		      const struct decision *decision, const char *pool, int64_t now_sec);

/* The last one about this message. -ENOENT: none, or it is too old. One hash and one chain. */
int decision_log_find(const struct decision_log *decisions, const char *message_id, int64_t now_sec,
		      struct decision_record *ret_record);

/*
 * The last one about this sender, without regard to case. -ENOENT. Looks at decision after decision,
 * the newest first.
 */
int decision_log_find_sender(const struct decision_log *decisions, const char *sender,
			     int64_t now_sec, struct decision_record *ret_record);
