/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last decisions, kept to be explained: the facts, the rules that were tried, their figures. At
 * most `max` of them, for at most DECISION_LOG_SEC; a new one replaces the oldest.
 *
 * All memory (DECISION_BYTES each) is allocated at the start; the system provides the part that is
 * used. The texts of a decision share DECISION_TEXTS bytes. Equal texts are stored once. Texts
 * other than the sender's name are cut after DECISION_TEXT_MAX characters, and to the space that is
 * left: enough to recognise, not to quote. Searches go by hashes of whole texts.
 */
#pragma once

#include <stdint.h>

#include "policy/decision.h"
#include "policy/siphash.h"

#define DECISION_LOG_SEC  3600
#define DECISION_BYTES	  640
#define DECISION_TEXTS	  320
#define DECISION_TEXT_MAX 95

/*
 * A decision as it was made, except for texts that were cut. Borrowed until the next
 * decision_log_add().
 */
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

/* The last decision on this message. -ENOENT: none, or too old. One hash and one chain. */
int decision_log_find(const struct decision_log *decisions, const char *message_id, int64_t now_sec,
		      struct decision_record *ret_record);

/*
 * The last decision on this sender, without regard to case. -ENOENT: none, or too old. Linear, from
 * the newest on.
 */
int decision_log_find_sender(const struct decision_log *decisions, const char *sender,
			     int64_t now_sec, struct decision_record *ret_record);
