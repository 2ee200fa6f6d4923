/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Joins the configuration, orders and the engine's standings with the maps (datapath/): the only writer
 * of senders, verdicts, pools, addresses and slots. `up` uses it once to bring the maps in line; the
 * agent keeps one and changes it by the calls below. The CLI reads by it where the agent does not run.
 *
 * Ids: a name that is in the maps keeps its id, so that live flows keep their names. Others get new
 * ids: senders and addresses count up from the highest, pools take free ones.
 *
 * A change is checked, made durable in the state, written to the maps, then returned. A failure on the
 * way undoes the steps before it. Work is proportional to the change: only slots and entries that
 * differ are written.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/clock.h"
#include "policy/policy.h"
#include "pool/pool.h"
#include "postern/abi.h"

struct config;
struct config_pool;
struct steering_sender;
struct steering;
struct datapath;
struct error;
struct lane;
struct state;

/*
 * Borrows all three for its life and writes the ids of pools into `config`. Reads ids from the maps;
 * manual states of pools from `state`, or from the maps where that is NULL or not current. Nothing is
 * written to the maps. Standings are set afterwards: nobody has one yet. `state` NULL: a reader, whose
 * orders are refused (-EROFS).
 */
int steering_new(struct config *config, struct datapath *datapath, struct state *state,
		 struct steering **ret_steering, struct error *error);
void steering_free(struct steering *steering);

/*
 * Writes everything that differs between the maps and configuration, orders and standings: adds first,
 * removes last, so that no moment is without a verdict. Senders that the configuration no longer names
 * lose their selectors and their verdict. -E2BIG: more senders than senders_max.
 *
 * A handle that is no longer configured still leads to its pool, or to no verdict where the pool has no
 * handle: as long as it is on the host, an MTA may be bound to it, and must not become an unknown sender.
 */
int steering_sync(struct steering *steering, const struct now *now, struct error *error);
/* The same for verdicts alone. */
int steering_sync_verdicts(struct steering *steering, const struct now *now, struct error *error);

/* Forgets such handles, those that `is_gone`. */
typedef bool (*handle_test)(void *data, const struct address *handle);
int steering_forget_handles(struct steering *steering, handle_test is_gone, void *data,
			    struct error *error);

/* Cgroups come and go with their services: resolves paths again, writes what changed. */
int steering_sync_cgroups(struct steering *steering, struct error *error);

/* -ENOENT: no such pool or address. */
int steering_set_pool(struct steering *steering, const char *pool, enum pool_state state,
		      struct error *error);
int steering_set_address(struct steering *steering, const char *pool, const struct address *address,
			 enum address_state state, struct error *error);

/*
 * What was said of pools and addresses to the steering before this one. It outweighs what `up` found in a
 * file that had not taken it. -ENOMEM.
 */
int steering_inherit(struct steering *steering, const struct steering *before, struct error *error);

/*
 * Of a file that could not be read at the start: which pools were disabled and which addresses are not
 * active, unless they were set by hand since then.
 */
int steering_take_up(struct steering *steering, struct state *state, struct error *error);

/* Puts what was set by hand on pools, all of it. */
int steering_rewrite(const struct steering *steering, struct state *state, struct error *error);

/* By hand, as people say it. */
struct manual_order {
	enum verdict_action action;
	const char *pool;  /* NULL unless STEER */
	int64_t until_sec; /* wall clock; 0: no end */
};
/*
 * May it be set, and what is it to the engine? `sender` need not be one of the roster. -EINVAL: no such
 * pool, or a handle of high-risk steered to normal; -EROFS.
 */
int steering_check_verdict(const struct steering *steering, const char *sender,
			   const struct manual_order *verdict, struct policy_manual *ret_manual,
			   struct error *error);

/*
 * A sender's verdict as the engine has it, and the one that holds from now.until_sec on (the datapath
 * changes over by itself). REASON_GOOD: as the configuration says.
 */
struct steering_standing {
	struct sender_verdict now;
	struct sender_verdict after;
};
/*
 * Writes the verdict of all senders of that name, without regard to case, where it differs. A verdict
 * that is not manual applies to senders of the configuration alone: a user called "(unknown)" or
 * "handle/normal" is neither. 0 also where there is no such sender.
 */
int steering_apply(struct steering *steering, const char *sender,
		   const struct steering_standing *standing, const struct now *now,
		   struct error *error);
/* All standings anew, without a write; steering_sync() follows. */
void steering_clear_standings(struct steering *steering);
void steering_set_standing(struct steering *steering, const char *sender,
			   const struct steering_standing *standing);

/*
 * Ends the flows that live now of all senders of that name, without regard to case; the datapath resets each
 * at its next packet. -ENOENT.
 */
int steering_cut(struct steering *steering, const char *sender, uint64_t now_ns,
		 struct error *error);

/*
 * How many connections the sender has opened since the last call (the datapath counts). *ret_sender is
 * borrowed. -ENOENT: nobody has this id.
 */
int steering_take_connections(struct steering *steering, uint32_t id,
			      const struct steering_sender **ret_sender, uint32_t *ret_count);
/* The same for all that have opened any, by one walk. `visitor` NULL: they count as taken. */
typedef void (*connections_visitor)(void *data, const struct steering_sender *sender,
				    uint32_t count);
int steering_take_all_connections(struct steering *steering, connections_visitor visitor,
				  void *data, struct error *error);
/*
 * Connections that `before` has taken count as taken here, those that it has not do not: a change of
 * configuration neither loses one nor counts one twice. Senders that `before` does not know keep their count.
 */
void steering_inherit_connections(struct steering *steering, const struct steering *before);

/*
 * The lane by which an MTA's mail of this sender reaches the pool now; borrowed. NULL: the pool (NULL: none)
 * has no lane. Where a pool has several (lanes = "address") a sender keeps its own while its address is
 * active; where none is active, one of the pool that when_empty names, else its own, where it is held.
 */
const struct lane *steering_lane(const struct steering *steering, const struct config_pool *pool,
				 const char *sender);

/* For views: borrowed. */
const struct config *steering_config(const struct steering *steering);
struct datapath *steering_datapath(const struct steering *steering);
const struct pool_set *steering_pools(const struct steering *steering);

/*
 * One who can have a verdict: a sender of the configuration; "handle/POOL" for the handles of a pool, "handle/ADDRESS" for that of one of its addresses;
 * "(unknown)" for traffic of no known sender (SENDER_UNKNOWN).
 */
struct steering_sender {
	char *name;
	uint32_t id;
	const struct config_sender *config;   /* NULL but for a sender of the configuration */
	const struct config_pool *handles_of; /* NULL but for "handle/POOL" and "handle/ADDRESS" */
	const struct config_address *handle_of; /* the one address; NULL but for "handle/ADDRESS" */
	struct steering_standing standing;
	uint64_t connections; /* of the datapath's count, as far as they were taken */
};
/* Sorted by name; borrowed, valid until the next call that changes something. */
const struct steering_sender *steering_senders(const struct steering *steering, size_t *ret_count);
/* The one that is written like this, else one whose name differs by case alone. NULL: none. */
const struct steering_sender *steering_sender_find(const struct steering *steering,
						   const char *name);
/* "(removed)" for an id that no longer is anyone's. Borrowed. */
const char *steering_sender_name(const struct steering *steering, uint32_t id);
