/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Joins the configuration, what was set by hand (state/) and the maps (datapath/): the only writer of
 * senders, verdicts, pools, addresses and slots. `up` uses it once to bring the maps in line; the
 * agent keeps one and changes it by the calls below. The CLI uses it to read where the agent is away.
 *
 * Ids: what is in the maps keeps its id (found by label), so that flows that live keep their names;
 * what is new counts up from the highest. Pools have the configuration's ids.
 *
 * A change goes: checked -> durable in state -> written to the maps -> returned. What fails on the
 * way is undone before it. Work is proportional to the change: only slots and entries that differ
 * are written.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "pool/pool.h"
#include "postern/abi.h"

struct config;
struct controller;
struct datapath;
struct error;
struct state;

/*
 * Borrows all three for its life. Reads ids from the maps, and what was set by hand from `state`; where
 * that is NULL or not durable, from the maps as well. Writes nothing. With state NULL nothing can be
 * set (-EROFS): for readers.
 */
int control_new(const struct config *config, struct datapath *datapath, struct state *state,
		uint64_t now_ns, int64_t now_sec, struct controller **ret_control,
		struct error *error);
void control_free(struct controller *control);

/*
 * Writes whatever in the maps differs from configuration and state, adds first, removes last, so that
 * no moment is without a verdict. `now_*`: clock.h. Senders that the configuration no longer names
 * lose their selectors and verdict. -E2BIG: more senders than senders_max.
 */
int control_sync(struct controller *control, uint64_t now_ns, int64_t now_sec, struct error *error);

/* Cgroups come and go with their services: resolves paths again, writes what changed. */
int control_sync_cgroups(struct controller *control, struct error *error);

/* -ENOENT: no such pool or address. */
int control_set_pool(struct controller *control, const char *pool, enum pool_state state,
		     struct error *error);
int control_set_address(struct controller *control, const char *pool, const struct address *address,
			enum address_state state, struct error *error);

struct control_verdict {
	enum verdict_action action;
	const char *pool;  /* NULL unless STEER */
	int64_t until_sec; /* wall clock; 0: no end */
	bool cut;	   /* end the flows that live, too */
};
/* By hand (reason manual). -ENOENT: no such sender; -EINVAL: no such pool. */
int control_set_verdict(struct controller *control, const char *sender,
			const struct control_verdict *verdict, uint64_t now_ns, int64_t now_sec,
			struct error *error);
/* Back to what policy says; 0 also where nothing was set. -ENOENT: no such sender. */
int control_clear_verdict(struct controller *control, const char *sender, struct error *error);

/* Ends the sender's flows that live now; the datapath resets each at its next packet. -ENOENT. */
int control_cut(struct controller *control, const char *sender, uint64_t now_ns,
		struct error *error);

/* Ends verdicts whose time has come (the datapath does so by itself; this tidies up state and map). */
int control_expire(struct controller *control, int64_t now_sec, struct error *error);

/* For views: borrowed. */
const struct config *control_config(const struct controller *control);
struct datapath *control_datapath(const struct controller *control);
const struct pool_set *control_pools(const struct controller *control);

/*
 * One who can have a verdict: a sender of the configuration; "handle/POOL" for the handles of a pool;
 * "(unknown)" for traffic of no known sender (SENDER_UNKNOWN).
 */
struct control_sender {
	char *name;
	uint32_t id;
	const struct config_sender *config;   /* NULL but for a sender of the configuration */
	const struct config_pool *handles_of; /* NULL but for "handle/POOL" */
	bool manual;			      /* a verdict was set by hand: the next three */
	enum verdict_action action;
	const struct pool *pool; /* NULL unless STEER */
	int64_t until_sec;	 /* 0: no end */
};
/* Sorted by name; borrowed, valid until the next call that changes something. */
const struct control_sender *control_senders(const struct controller *control, size_t *ret_count);
const struct control_sender *control_sender_find(const struct controller *control,
						 const char *name);
/* "(removed)" for an id that no longer is anyone's. Borrowed. */
const char *control_sender_name(const struct controller *control, uint32_t id);
