/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State fills the engine, the engine fills the steering: for the agent, and for `up`, which has an
 * engine for this alone.
 *
 *   state (and, where it does not know all, the maps) ──► engine ──► steering ──► maps
 *
 * An order or a standing that the engine has is newer than the stored one: it stays.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

struct config;
struct logins;
struct policy;
struct state;
struct steering;

struct restore {
	struct policy *policy;
	struct logins *logins; /* NULL: their records are passed over */
	const struct config *config;
	struct now now;
	bool prunes;	     /* deletes orders whose time is over */
	bool replaces;	     /* the state is newer than the engine */
	int64_t stepped_sec; /* of the calendar since the state was written: ends of orders move */
	/* Not NULL: its maps are newer than the state, and tell all of each sender in them. */
	const struct steering *newer;
	struct error waiting; /* the first order whose pool is not configured; "": none */
	uint64_t left_out;    /* records that are damaged or find no space */
	uint64_t log_size;    /* entries in the log of counts */
};

/*
 * Orders and standings. An order whose time is over is left out. One whose pool is not configured
 * waits in the state; its sender was sent away from normal, and leaves by high-risk.
 */
int restore_standings(struct restore *restore, struct state *state, struct error *error);
/* Orders, standings and counts, into an engine that has not decided yet. */
int restore_all(struct restore *restore, struct state *state, struct error *error);
int restore_orders(struct restore *restore, struct state *state, struct error *error);
/* Verdicts by the engine in the maps, for senders of `steering`. */
int restore_from_maps(struct restore *restore, const struct steering *steering,
		      struct error *error);

/*
 * The moment that the times of a state belong to, for clock_continue(). -ENOENT: it has none; or as
 * load().
 */
struct calendar_record {
	char boot[48]; /* clock_boot() */
	uint64_t ns;
	int64_t sec;
};
int restore_calendar(struct state *state, struct calendar_record *ret_record, struct error *error);

/*
 * Replaces all standings of a steering by the engine's; pools get the ids of the steering's
 * configuration. `config`: the engine's. steering_sync() follows.
 */
void restore_fill(const struct policy *policy, const struct config *config,
		  struct steering *steering, int64_t now_sec);

/*
 * From state and maps to steering, without an agent. `state` may be NULL. *ret_waiting as in struct
 * restore. -ENOMEM; or the maps cannot be read. What cannot be read of the state is left out.
 */
int restore_steering(const struct config *config, struct state *state, struct steering *steering,
		     const struct now *now, struct error *ret_waiting, struct error *error);
