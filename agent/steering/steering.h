/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Brings the maps (datapath/) in line with the configuration, orders and the engine's standings:
 * the only writer of senders, verdicts, pools, addresses and slots. `up` uses a steering once; the
 * agent keeps one and changes it by the calls below; the CLI reads by one while the agent does not
 * run.
 *
 * Ids: a name in the maps keeps its id, so that live flows keep their names. New ids of senders and
 * addresses count up from the highest; pools take free ids.
 *
 * A change is checked, made durable in the state, written to the maps, then returned. A failure on
 * the way undoes the steps before it. Work is proportional to the change: only slots and entries
 * that differ are written.
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
 * Borrows all three for its life and writes the ids of pools into `config`. Reads ids from the
 * maps, and manual states of pools from `state`, or from the maps where `state` is NULL or not
 * current. Writes no map. No sender has a standing yet: steering/restore.h sets them. `state` NULL:
 * a reader, whose orders are refused (-EROFS).
 */
int steering_new(struct config *config, struct datapath *datapath, struct state *state,
		 struct steering **ret_steering, struct error *error);
void steering_free(struct steering *steering);
/*
 * The same in two steps: all but the senders, by the number of pools; then the senders, by their
 * number. The second reads nothing but the configuration and the maps, so that a thread may do it
 * while another steering is in use.
 */
int steering_open(struct config *config, struct datapath *datapath, struct state *state,
		  struct steering **ret_steering, struct error *error);
int steering_load(struct steering *steering, struct error *error);

/*
 * The turn to write. `up` and the agent write the same maps: each takes its turn before it reads
 * what it writes by, and the next one begins after steering_end(). Turns nest. Every function below
 * that writes takes a turn of its own where the caller has none.
 *
 * The maps name the configuration that they follow. The configuration of a steering may be another
 * by now, since `up` has put a new file in force: such a steering writes verdicts of the engine
 * where they fit the maps (verdicts.c), and nothing else, until its owner loads the new file.
 *
 * -EBUSY: another process has its turn for longer than wait_ms; or the maps cannot be read.
 */
#define STEERING_WAIT_MS 20
int steering_begin(struct steering *steering, unsigned wait_ms, struct error *error);
void steering_end(struct steering *steering);
/* Before an order. Also -ESTALE: the maps follow another configuration; -EROFS: a reader. */
int steering_begin_order(struct steering *steering, struct error *error);
/*
 * Ends that turn. `r` is the result of the order, and of the call: -EBUSY in place of -EPERM, which
 * is of a map that `up` is replacing.
 */
int steering_end_order(struct steering *steering, int r, struct error *error);
/* Do the maps follow the configuration of this steering? */
bool steering_is_in_force(struct steering *steering);
/* Who knows the orders and standings in force. */
enum steering_source {
	STEERING_FILE, /* the state has all of them */
	STEERING_MAPS, /* the maps are newer than the state: it refused a write */
	/*
	 * Each may have orders that the other lacks: the file is new, another one, or was not
	 * readable. The maps have precedence.
	 */
	STEERING_BOTH,
};
enum steering_source steering_source(const struct steering *steering);
/* The state has all orders in the maps from now on; or (false) it refuses them. */
int steering_note_state(struct steering *steering, bool has_all, struct error *error);

/* The maps were replaced by others with the same ids; borrowed. */
void steering_move(struct steering *steering, struct datapath *datapath);

/*
 * Puts the configuration in force, and writes everything that differs between the maps and
 * configuration, orders and standings. Additions come first and removals last, so that a sender is
 * never without a verdict. Senders that are no longer configured lose their selectors and verdict.
 * -E2BIG: more senders than senders_max, or more addresses than the map takes.
 *
 * A handle that is no longer configured still leads to its pool, or to no verdict where the pool
 * has no handle: an MTA may be bound to it as long as it is on the host, and must not become an
 * unknown sender.
 *
 * plan.h does the same in slices.
 */
int steering_sync(struct steering *steering, const struct now *now, struct error *error);
/* Verdicts alone, and the configuration in force stays. */
int steering_sync_verdicts(struct steering *steering, const struct now *now, struct error *error);

/* Removes such handles where `is_gone` is true. */
typedef bool (*handle_test)(void *data, const struct address *handle);
int steering_forget_handles(struct steering *steering, handle_test is_gone, void *data,
			    struct error *error);

/*
 * Resolves the paths of cgroups again, which come and go with their services, and writes the
 * changes.
 */
int steering_sync_cgroups(struct steering *steering, struct error *error);
bool steering_has_cgroups(const struct config *config);

/* -ENOENT: no such pool or address. */
int steering_set_pool(struct steering *steering, const char *pool, enum pool_state state,
		      struct error *error);
int steering_set_address(struct steering *steering, const char *pool, const struct address *address,
			 enum address_state state, struct error *error);

/*
 * Copies manual states of pools and addresses from the steering that this one replaces. They are
 * newer than states that `up` read from a file that refused a write. -ENOMEM.
 */
int steering_inherit(struct steering *steering, const struct steering *before, struct error *error);

/*
 * After a change of map host: an address that the host lacks takes no new flows, as if it were not
 * active. Writes only where an address has changed, and nothing where the maps follow another
 * configuration. -EBUSY: see steering_begin(); an errno of the maps.
 */
int steering_follow_host(struct steering *steering, struct error *error);
/*
 * The same for `up` and `guard`, which have no steering: everything except verdicts of handles of
 * single addresses and lanes, which are the agent's. `config` has the ids of its pools.
 */
int steering_hold_addresses(const struct config *config, struct datapath *datapath,
			    struct error *error);

/*
 * Reads manual states of pools and addresses from a file that could not be read at the start.
 * Orders since the start are newer and stay.
 */
int steering_merge_state(struct steering *steering, struct state *state, struct error *error);

/* Puts all states of pools and addresses into `state`. */
int steering_rewrite(const struct steering *steering, struct state *state, struct error *error);

/* A manual verdict in the words of an operator. */
struct manual_order {
	enum verdict_action action;
	const char *pool;  /* NULL unless STEER */
	int64_t until_sec; /* wall clock; 0: no end */
};
/*
 * Checks an order and converts it to the engine's form. `sender` need not have a selector. -EINVAL:
 * no such pool, or a handle that must not pass or not reach the pool; -EROFS: a reader.
 */
int steering_check_verdict(const struct steering *steering, const char *sender,
			   const struct manual_order *verdict, struct policy_manual *ret_manual,
			   struct error *error);

/*
 * A sender's verdict by the engine, and its successor from now.until_sec on, to which the datapath
 * changes over by itself. REASON_GOOD: as configured.
 */
struct steering_standing {
	struct sender_verdict now;
	struct sender_verdict after;
};
/*
 * Writes the verdict of all senders of that name, without regard to case, where it differs. A
 * verdict that is not manual applies to configured senders alone: a user called "(unknown)" or
 * "handle/normal" is none. 0 also where there is no such sender.
 */
int steering_apply(struct steering *steering, const char *sender,
		   const struct steering_standing *standing, const struct now *now,
		   struct error *error);
/* Sets standings without a write; steering_sync() must follow. */
void steering_clear_standings(struct steering *steering);
void steering_set_standing(struct steering *steering, const char *sender,
			   const struct steering_standing *standing);

/*
 * Cuts the live flows of all senders of that name, without regard to case: the datapath resets each
 * at its next packet. -ENOENT: no such sender; -EROFS: a reader.
 */
int steering_cut(struct steering *steering, const char *sender, uint64_t now_ns,
		 struct error *error);

/*
 * Connections that the sender has opened since the last call. *ret_sender is borrowed. -ENOENT: no
 * sender has this id.
 */
int steering_take_connections(struct steering *steering, uint32_t id,
			      const struct steering_sender **ret_sender, uint32_t *ret_count);
/* The same for each sender that has opened any, by one walk. `visitor` NULL: all count as taken. */
typedef void (*connections_visitor)(void *data, const struct steering_sender *sender,
				    uint32_t count);
int steering_take_all_connections(struct steering *steering, connections_visitor visitor,
				  void *data, struct error *error);
/*
 * Takes over the counts of the steering that this one replaces, so that a change of configuration
 * neither loses a connection nor counts one twice. Senders that are new, or had no limit, keep
 * their count. Verdicts that it has written become due again: a plan may be older.
 */
void steering_inherit_connections(struct steering *steering, const struct steering *before);

/*
 * The lane on which mail of this sender reaches the pool now; borrowed. NULL: the pool has no lane,
 * or is NULL. With lanes = "address" a sender keeps its lane while the address is active; where no
 * address is active, it takes a lane of the pool in when_empty, else its own, where mail is held.
 * Of several lanes by handles it is the first.
 */
const struct lane *steering_lane(const struct steering *steering, const struct config_pool *pool,
				 const char *sender);
/*
 * The same for mail of this moment: lanes by handles take turns, second by second. So the
 * recipients of one message, which an MTA asks about one by one, stay together.
 */
const struct lane *steering_lane_at(const struct steering *steering, const struct config_pool *pool,
				    const char *sender, int64_t now_sec);

/*
 * Why no new connection leaves by the lane now: "is disabled", "has no active address" or "has no
 * usable address on the host", to be said of its pool. NULL: connections leave, in at least one of
 * its families.
 */
const char *steering_held(const struct steering *steering, const struct lane *lane);

/* For views; borrowed. */
const struct config *steering_config(const struct steering *steering);
struct datapath *steering_datapath(const struct steering *steering);
const struct pool_set *steering_pools(const struct steering *steering);

/*
 * A sender that can have a verdict: a configured one; "handle/POOL" for the handles of a pool;
 * "handle/ADDRESS" for the handle of one address; "(unknown)" for traffic of unknown senders
 * (SENDER_UNKNOWN).
 */
struct steering_sender {
	char *name;
	uint32_t id;
	const struct config_sender *config;	/* NULL: not a configured sender */
	const struct config_pool *handles_of;	/* NULL: not a handle */
	const struct config_address *handle_of; /* NULL: not "handle/ADDRESS" */
	struct steering_standing standing;
	bool is_limited;      /* a policy limits its connections: the datapath reports each */
	uint64_t connections; /* part of the datapath's count that was taken */
	bool is_due;	      /* its entry in map verdict may differ from the wanted one */
	bool was_written;     /* its entry was, since this steering is in use */
};
/* Sorted by name; borrowed until the next change. */
const struct steering_sender *steering_senders(const struct steering *steering, size_t *ret_count);
/* The sender with exactly this name, else one whose name differs by case alone. NULL: none. */
const struct steering_sender *steering_sender_find(const struct steering *steering,
						   const char *name);
/* "(removed)": no sender has the id. Borrowed. */
const char *steering_sender_name(const struct steering *steering, uint32_t id);
