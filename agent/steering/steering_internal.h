/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared by the files of steering/; no other room includes it.
 *
 *   senders.c      senders: names and ids                 -> steering->senders
 *   connections.c  connections that each has opened
 *   pools.c        pools: ids, states, their maps         -> steering->pools
 *   orders.c       manual states and verdicts, cuts
 *   selectors.c    selectors of senders                   (maps senders, nets, control)
 *   cgroups.c      their cgroups                          (map cgroups)
 *   verdicts.c     a sender's entry in map verdict
 *   limits.c       the limits in it, for the datapath
 *   lanes.c        the lane of a pool that an MTA takes
 *   host.c         addresses that the host lacks          (map host, read)
 *   restore.c      state into engine, engine into steering
 *   plan.c         all of the maps, in slices
 *   turn.c         one writer at a time
 */
#pragma once

#include "base/error.h"
#include "config/config.h"
#include "steering/steering.h"
#include "steering/table.h"
#include "datapath/datapath.h"
#include "pool/lane.h"
#include "pool/pool.h"
#include "state/state.h"

#define UNKNOWN_NAME  "(unknown)"
#define HANDLE_PREFIX "handle/"

struct steering {
	const struct config *config;
	struct datapath *datapath;
	struct state *state; /* may be NULL */
	struct pool_set pools;
	struct lane_set lanes;
	struct pool_lanes *pool_lanes;	 /* owned by lanes.c */
	struct steering_sender *senders; /* sorted by name */
	size_t n_senders;
	struct steering_sender **by_id;	    /* the same, sorted by id */
	struct steering_sender **by_folded; /* the same, sorted without regard to case */
	bool has_cgroups;		    /* some sender is selected by cgroup */
	uint64_t cgroups_seen;		    /* hash of their ids at the last look */
	enum steering_source source;	    /* of orders and standings */
	bool is_in_force;		    /* in a turn: the maps follow `config` */
	bool host_changed; /* since verdicts of handles and lanes followed the host */
};

/* Which of state and maps knows the orders. A negative errno of reading map control. */
int turn_see_state(struct steering *steering);
/* Within a turn: the maps follow this configuration from now on. */
int turn_take_over(struct steering *steering);

/* Gives the configured pools their ids: by name from the map, then free ones. */
int pools_number(struct config *config, struct datapath *datapath);
int pools_load(struct steering *steering, struct error *error);
/* -E2BIG: old and new addresses are more than the map takes. */
int pools_check(const struct steering *steering, struct error *error);
int pools_sync(struct steering *steering, struct error *error); /* adds and changes */
/* The same in parts: everything but the slots, then those of each family of each pool. */
int pools_sync_tables(struct steering *steering, struct error *error);
int pools_sync_slots(struct steering *steering, size_t part, struct error *error);
int pools_prune(struct steering *steering, struct error *error); /* removals, last */

/*
 * Takes over from map host which addresses the host lacks; sets host_changed. An address without an
 * entry counts as present.
 */
void pools_see_host(struct steering *steering);

int lanes_load(struct steering *steering, struct error *error);
/* After a change of a state of pools or addresses. -ENOMEM. */
int lanes_follow(struct steering *steering);
void lanes_done(struct steering *steering);

int senders_load(struct steering *steering, struct error *error);
void senders_done(struct steering *steering);
struct steering_sender *senders_find(const struct steering *steering, const char *name);
struct sender_ref senders_reference(const struct steering_sender *sender);
struct steering_sender *senders_find_id(const struct steering *steering, uint32_t id);
/* All senders of that name, without regard to case; *ret_count of them in by_folded. */
struct steering_sender *const *senders_find_folded(const struct steering *steering,
						   const char *name, size_t *ret_count);

/* Writes the paths that are missing or have another sender. */
int cgroups_sync(struct steering *steering);
int cgroups_prune(struct steering *steering);
/* The ids that a cgroup has now, none to two: while it is made, the map is ahead of the path. */
size_t cgroups_ids(const struct steering *steering, const char *path, uint64_t ret_ids[2]);
/* True: some id has changed since the last call. */
bool cgroups_changed(struct steering *steering);

/* Differences of maps senders and nets. */
struct selectors {
	struct table missing, stale;
	struct table missing_nets, stale_nets;
	uint32_t kinds;
};
/* Reads alone. -E2BIG: more than the maps take. selectors_done() frees them in any case. */
int selectors_compare(struct steering *steering, struct selectors *ret_selectors,
		      struct error *error);
void selectors_done(struct selectors *selectors);
/* The kinds in use: some more before the first entry, and no others after the last. */
int selectors_set_kinds(struct steering *steering, uint32_t set, uint32_t keep);

/* Sets the configured limits. Handles have none: they carry all mail of an MTA. */
void limits_fill(const struct steering *steering, const struct steering_sender *sender,
		 struct verdict *verdict);

/*
 * Marks the senders whose entry is missing or differs; adds entries of others to `stale`. -E2BIG:
 * more than the map takes.
 */
int verdicts_compare(struct steering *steering, const struct now *now, struct table *stale);
/* The next entries that are due, as table_put_some(). */
int verdicts_write_some(struct steering *steering, const struct now *now, size_t *cursor,
			size_t budget);
/* After a change of a state: the verdicts of the handles of single addresses. */
int verdicts_follow_pool(struct steering *steering, const struct pool *pool);
/* A handle of high-risk never leads to normal, not even by when_empty. */
bool verdicts_is_barred(const struct steering_sender *sender, const struct pool *pool);
