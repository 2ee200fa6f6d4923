/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of `up` that brings the pinned maps in line with configuration and state.
 */
#pragma once

#include <stdbool.h>

#include "steering/steering.h"

struct config;
struct datapath;
struct error;
struct runtime_user;
struct state;

struct up_fill {
	struct config *config;		 /* borrowed */
	const struct runtime_user *user; /* borrowed: owner of the state */

	struct state *state;	   /* NULL: it cannot be read */
	struct datapath *datapath; /* the pinned maps, once no step replaces them any more */
	struct steering *steering; /* NULL before up_fill_run() */
	char *note;		   /* for people; NULL: none */
};

/*
 * Writes all maps, whatever the state is. *ret_begun becomes true before the first write. -EBUSY:
 * the agent holds the maps; errors of datapath_open(), steering_new() and steering_sync().
 */
int up_fill_run(struct up_fill *fill, bool *ret_begun, struct error *error);
/* Afterwards: steering_forget_handles(), in a turn of its own. */
int up_fill_forget(struct up_fill *fill, handle_test is_gone, void *data, struct error *error);
/* Also after a failed up_fill_run(), or without one. */
void up_fill_done(struct up_fill *fill);
