/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of the engine outlives the process: between policy/ and state/, within judge/.
 *
 *   standings  put at every change, before its verdict is written anywhere
 *   counts     of those who changed: appended to a log, at most KEPT_SLICE a transaction, every second
 *   secret     the key of the hashes by which senders are known; made once
 *
 * The last record of a sender in the log is the one that counts. When more than two of three are
 * outdated, all senders are appended once more and what was there before is trimmed, slice by slice.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"

struct config;
struct error;
struct persist;
struct state;

/* Half a millisecond each: meanwhile nobody is answered. */
#define KEPT_SLICE    200
#define KEPT_TRIM     500
#define KEPT_LOG_FREE 100000 /* so many may be outdated in any case */

/* Borrows `state`. Reads the secret, or makes one. */
int persist_open(struct state *state, struct persist **ret_kept,
		 uint8_t ret_secret[SIPHASH_KEY_SIZE], struct error *error);
void persist_close(struct persist *kept);

/* Fills an engine that has not decided yet. What does not fit or is damaged is left out and counted. */
int persist_load(struct persist *kept, struct policy *policy, const struct config *config,
		 int64_t now_sec, struct error *error);

/*
 * Standings and verdicts by hand of a `state` that could not be read at the start, into an engine that has
 * decided without them: those of whom it holds nothing itself.
 */
int persist_take_up(struct persist *kept, struct policy *policy, const struct config *config,
		    struct state *state, int64_t now_sec, struct error *error);

/* Verdicts by hand that are not in force, of pools that may be configured again. */
int persist_take_up_verdicts(struct persist *kept, struct policy *policy,
			     const struct config *config, int64_t now_sec, struct error *error);

/* For the engine's callback. */
int persist_standing(struct persist *kept, const struct policy_standing *standing,
		     struct error *error);

/* One slice. True in *ret_more: there is more to write. */
int persist_write(struct persist *kept, struct policy *policy, bool *ret_more, struct error *error);

/* Puts everything but counts, which follow by persist_write(), into a `state` that holds nothing else. */
int persist_rewrite(struct persist *kept, struct policy *policy, const struct config *config,
		    struct state *state, int64_t now_sec, struct error *error);

uint64_t persist_left_out(const struct persist *kept);
