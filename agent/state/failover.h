/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A state that goes on where its file cannot: no operation fails. While the file refuses writes
 * (full disk, damage, no rights), its owner's memory is the only copy. Every FAILOVER_RETRY_SEC
 * failover_tick() lets the owner write everything again by `rewrite`. The file is never deleted,
 * and a damaged one never written.
 */
#pragma once

#include <stdint.h>

struct error;
struct state;

struct failover_owner {
	void *data;
	/* Called at each new failure, and at recovery with "". */
	void (*on_change)(void *data, const char *why);
	/*
	 * Puts everything, inside a transaction; records and log are empty. At the first recovery
	 * of a file that could not be read at the start, its standings are still there.
	 */
	int (*rewrite)(void *data, struct state *state, struct error *error);
};
#define FAILOVER_RETRY_SEC 10

/*
 * -ENOMEM. A file that cannot be opened or read makes a state that is not `durable`; one that can
 * only be read is durable until the first tick.
 */
int failover_open(const char *file, const struct failover_owner *owner, struct state **ret_state,
		  struct error *error);
void failover_tick(struct state *state, int64_t now_sec);
/* The trouble of the file; "": it takes writes. */
const char *failover_trouble(const struct state *state);
