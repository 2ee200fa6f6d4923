/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goes on where the file cannot: nothing that is put fails any more. While the file does not take what
 * is put (full disk, damage, no rights), its owner's memory is what there is; every FAILOVER_RETRY_SEC
 * failover_tick() lets it write all of that again, by `rewrite`. The file is never deleted, and
 * one that is damaged never written to.
 */
#pragma once

#include <stdint.h>

struct error;
struct state;

struct failover_owner {
	void *data;
	/* Each failure that is not the last one's, and the recovery: why is "" then. */
	void (*on_change)(void *data, const char *why);
	/*
	 * Puts everything that is to be kept: inside of a transaction; records and log are empty. Only where
	 * the file could not be read at the start its standings are still there, the first time.
	 */
	int (*rewrite)(void *data, struct state *state, struct error *error);
};
#define FAILOVER_RETRY_SEC 10

/*
 * -ENOMEM. Where the file cannot be opened or read, the result is not `durable`; where it can only be read, it
 * is until the first tick.
 */
int failover_open(const char *file, const struct failover_owner *owner, struct state **ret_state,
		  struct error *error);
void failover_tick(struct state *state, int64_t now_sec);
/* "" while the file takes what is put. */
const char *failover_trouble(const struct state *state);
