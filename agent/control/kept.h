/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of the engine outlives the process: between policy/ and state/, within control/.
 *
 *   standings  put at every change, before its verdict is written anywhere
 *   counts     those that changed, at most KEPT_SLICE a transaction, every second
 *   secret     the key of the hashes by which senders are known; made once
 *
 * Records that nobody counts in any more are deleted as their places are taken by others, and at the
 * start where they are too old to count.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"

struct config;
struct error;
struct kept;
struct state;

#define KEPT_SLICE	 1000
#define KEPT_EVICTED_MAX 65536

/* Borrows `state`. Reads the secret, or makes one. */
int kept_open(struct state *state, struct kept **ret_kept, uint8_t ret_secret[SIPHASH_KEY_SIZE],
	      struct error *error);
void kept_close(struct kept *kept);

/* Fills an engine that has not decided yet. What does not fit or is damaged is left out and counted. */
int kept_load(struct kept *kept, struct policy *policy, const struct config *config,
	      int64_t now_sec, struct error *error);

/* For the engine's callbacks. */
int kept_standing(struct kept *kept, const struct policy_standing *standing, struct error *error);
void kept_evicted(struct kept *kept, const struct sender_record *record);

/* One slice. True in *ret_more: there is more to write. */
int kept_write(struct kept *kept, struct policy *policy, bool *ret_more, struct error *error);

/* Puts everything but counts, which follow by kept_write(), into an empty `state`. */
int kept_rewrite(struct kept *kept, struct policy *policy, const struct config *config,
		 struct state *state, int64_t now_sec, struct error *error);

uint64_t kept_left_out(const struct kept *kept);
