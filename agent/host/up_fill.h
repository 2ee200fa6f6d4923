/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of `up` that brings the pinned maps in line with configuration and state.
 */
#pragma once

#include <stdbool.h>

struct config;
struct datapath;
struct error;
struct runtime_user;
struct state;
struct steering;

struct up_fill {
	struct config *config;		 /* borrowed */
	const struct runtime_user *user; /* borrowed: owner of the state */

	struct state *state;
	struct datapath *datapath; /* the pinned maps, once no step replaces them any more */
	struct steering *steering; /* NULL before up_fill_run() */
};

/*
 * Writes all maps. *ret_begun becomes true before the first write. Errors: runtime_state_make()'s,
 * sqlite_open()'s, datapath_open()'s, steering_new()'s, steering_sync()'s.
 */
int up_fill_run(struct up_fill *fill, bool *ret_begun, struct error *error);
/* Also after a failed up_fill_run(), or without one. */
void up_fill_done(struct up_fill *fill);
