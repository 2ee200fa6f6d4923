/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State fills the engine, the engine fills the steering: for the agent, and for `up`, which does it
 * with an engine of its own.
 *
 *   state (or, where it is not current, the maps) ──► engine ──► steering ──► maps (steering_sync)
 *
 * An order or a standing that the engine has already is newer than what is read: it stays.
 */
#pragma once

#include <stdint.h>

#include "base/clock.h"

struct config;
struct error;
struct policy;
struct state;
struct steering;

struct restore {
	struct policy *policy;
	const struct config *config;
	struct now now;
	uint64_t left_out; /* records that were damaged or found no space */
	uint64_t log_size; /* entries that the log of counts has */
};

/* Orders and standings. An order whose time is over is deleted; one whose pool is not configured waits. */
int restore_standings(struct restore *restore, struct state *state, struct error *error);
/* The same, and all that is counted. The engine has not decided yet. */
int restore_all(struct restore *restore, struct state *state, struct error *error);
int restore_orders(struct restore *restore, struct state *state, struct error *error);
/* Verdicts of the engine that the maps have, for senders of `steering`. */
int restore_from_maps(struct restore *restore, const struct steering *steering,
		      struct error *error);

/*
 * All standings of the engine, by the pools of the steering's configuration: `config` is the one that
 * the engine goes by. steering_sync() follows.
 */
void restore_fill(const struct policy *policy, const struct config *config,
		  struct steering *steering, int64_t now_sec);

/* State to steering, where no agent runs. -ENOMEM, or the state cannot be read. */
int restore_steering(const struct config *config, struct state *state, struct steering *steering,
		     const struct now *now, struct error *error);
