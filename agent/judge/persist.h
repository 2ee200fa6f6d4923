/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of the engine that outlive the process: between policy/ and state/, within judge/.
 *
 *   standings  put at each change, before the verdict is written to a map
 *   counts     of senders that changed: appended to a log each second, up to PERSIST_SLICE in a
 *              transaction
 *   secret     the key by which names of senders are hashed; made once
 *
 *   logins     of envelope senders, into the same log
 *
 * The last record of a sender in the log counts. When more than two of three are outdated, all
 * are appended again and older entries are trimmed, slice by slice.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "policy/policy.h"

struct config;
struct error;
struct logins;
struct persist;
struct state;
struct steering;

/* Half a millisecond each, during which no request is answered. */
#define PERSIST_SLICE	 200
#define PERSIST_TRIM	 500
#define PERSIST_LOG_FREE 100000 /* always allowed to be outdated */

/* Borrows `state` and `logins`. Reads the secret, or makes and stores one. */
int persist_open(struct state *state, struct logins *logins, struct persist **ret_persist,
		 uint8_t ret_secret[SIPHASH_KEY_SIZE], struct error *error);
void persist_close(struct persist *persist);

/*
 * Fills an engine that has not decided yet. Counts records that are damaged or find no space.
 * `newer`: struct restore's.
 */
int persist_load(struct persist *persist, struct policy *policy, const struct config *config,
		 const struct steering *newer, const struct now *now, struct error *error);
/* The first order of the last load whose pool is not configured; NULL: none. */
const struct error *persist_waiting(const struct persist *persist);

/*
 * Standings and orders of a `state` that could not be read at the start, into an engine that has
 * decided without them. Those that the engine has are newer and stay.
 */
int persist_merge(struct persist *persist, struct policy *policy, const struct config *config,
		  struct state *state, const struct now *now, struct error *error);

/* Orders whose pools may be configured again. */
int persist_merge_orders(struct persist *persist, struct policy *policy,
			 const struct config *config, const struct now *now, struct error *error);

/* A standing that has changed. */
int persist_standing(struct persist *persist, const struct policy_standing *standing,
		     struct error *error);

/* One slice. True in *ret_more: there is more to write. */
int persist_write(struct persist *persist, struct policy *policy, bool *ret_more,
		  struct error *error);

/* Puts everything into an empty `state`, except counts, which follow by persist_write(). */
int persist_rewrite(struct persist *persist, struct policy *policy, const struct config *config,
		    struct state *state, int64_t now_sec, struct error *error);

/* Orders that end. */
int persist_put_timed_orders(const struct policy *policy, const struct config *config,
			     struct state *state, int64_t now_sec, struct error *error);
/* Standings and orders alone. */
int persist_put_standings(const struct policy *policy, const struct config *config,
			  struct state *state, int64_t now_sec, struct error *error);

uint64_t persist_left_out(const struct persist *persist);
