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

#include <stdint.h>

#include "base/address.h"
#include "pool/pool.h"
#include "postern/abi.h"

struct config;
struct control;
struct datapath;
struct error;
struct state;

/*
 * Borrows all three for its life (state may be NULL: nothing by hand is known, nothing can be set).
 * Reads ids from the maps and states from `state`; writes nothing.
 */
int control_new(const struct config *config, struct datapath *datapath, struct state *state,
		struct control **ret_control, struct error *error);
void control_free(struct control *control);

/*
 * Writes whatever in the maps differs from configuration and state, adds first, removes last, so that
 * no moment is without a verdict. `now_*`: clock.h. Senders that the configuration no longer names
 * lose their selectors and verdict. -E2BIG: more senders than senders_max.
 */
int control_sync(struct control *control, uint64_t now_ns, int64_t now_sec, struct error *error);

/* Cgroups come and go with their services: resolves paths again, writes what changed. */
int control_sync_cgroups(struct control *control, struct error *error);

/* -ENOENT: no such pool or address. */
int control_set_pool(struct control *control, const char *pool, enum pool_state state,
		     struct error *error);
int control_set_address(struct control *control, const char *pool, const struct address *address,
			enum address_state state, struct error *error);

struct control_verdict {
	enum verdict_action action;
	const char *pool;  /* NULL unless STEER */
	int64_t until_sec; /* wall clock; 0: no end */
};
/* By hand (reason manual). -ENOENT: no such sender; -EINVAL: no such pool. */
int control_set_verdict(struct control *control, const char *sender,
			const struct control_verdict *verdict, uint64_t now_ns, int64_t now_sec,
			struct error *error);
/* Back to what policy says; 0 also where nothing was set. -ENOENT: no such sender. */
int control_clear_verdict(struct control *control, const char *sender, struct error *error);

/* Ends verdicts whose time has come (the datapath does so by itself; this tidies up state and map). */
int control_expire(struct control *control, int64_t now_sec, struct error *error);

/* For views: borrowed. */
const struct config *control_config(const struct control *control);
struct datapath *control_datapath(const struct control *control);
const struct pool_set *control_pools(const struct control *control);

struct control_sender {
	const char *name;
	uint32_t id;
};
/* All senders, sorted by name: those of the configuration and one "handle/POOL" for each pool with handles. */
const struct control_sender *control_senders(const struct control *control, size_t *ret_count);
const struct control_sender *control_sender_find(const struct control *control, const char *name);
/* Name of a sender id; "(unknown)" for SENDER_UNKNOWN, "(removed)" for one no longer configured. Borrowed. */
const char *control_sender_name(const struct control *control, uint32_t id);
