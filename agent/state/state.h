/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must outlive the agent: what people set by hand, and the records of the policy engine. Behind
 * one ops struct, so that callers never see the backend: SQLite (sqlite.c), and one that
 * goes on where another fails (failover.c). The tests have one that keeps nothing.
 *
 *   what            survives kill -9           survives a loss of power
 *   set by hand     once put                   once put
 *   records         once put, or committed     soon after sync() was called
 *
 * Times are wall-clock seconds, as monotonic ones do not survive a reboot. All that is passed to a
 * visitor is borrowed for the call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "postern/abi.h"

struct error;

/* A manual verdict on a sender. */
struct saved_order {
	const char *sender; /* one and the same in upper and lower case (ASCII) */
	enum verdict_action action;
	const char *pool;  /* "" unless STEER */
	int64_t until_sec; /* 0: no end */
	int64_t set_sec;   /* when it was set */
};

/*
 * Records are bytes that only their owner understands, under a name. What changes with every message
 * goes into a log instead: to put a million of them in their places would write twenty times as much.
 */
enum state_kind {
	STATE_SECRETS,	 /* by name: keys of hashes */
	STATE_TENANTS,	 /* by name: counts */
	STATE_STANDINGS, /* by name */
	STATE_KINDS,
};

struct state_record {
	enum state_kind kind;
	const char *name;
	const void *bytes;
	size_t size;
};

/* In the order of the calls. Each may be NULL; a non-zero return ends the walk and is load()'s. */
struct state_visitor {
	void *data;
	int (*pool)(void *data, const char *pool, enum pool_state state);
	int (*address)(void *data, const char *pool, const char *address, enum address_state state);
	int (*order)(void *data, const struct saved_order *order);
	int (*record)(void *data, const struct state_record *record);
	unsigned kinds; /* of records that are wanted: 1U << enum state_kind */
	int (*log)(void *data, const void *bytes, size_t size); /* as they were appended */
};

struct state;
struct state_ops {
	int (*load)(struct state *state, const struct state_visitor *visitor, struct error *error);
	int (*put_pool)(struct state *state, const char *pool, enum pool_state value,
			struct error *error);
	int (*put_address)(struct state *state, const char *pool, const char *address,
			   enum address_state value, struct error *error);
	int (*put_order)(struct state *state, const struct saved_order *order, struct error *error);
	int (*delete_order)(struct state *state, const char *sender, struct error *error);
	int (*put_record)(struct state *state, const struct state_record *record,
			  struct error *error);
	/* Its bytes are not looked at; 0 also where there is none. */
	int (*delete_record)(struct state *state, const struct state_record *record,
			     struct error *error);
	int (*clear_records)(struct state *state, enum state_kind kind, struct error *error);
	/* Appends to the log; the place where it stands, counting up, in *ret_place. */
	int (*append)(struct state *state, const void *bytes, size_t size, int64_t *ret_place,
		      struct error *error);
	/* Takes away up to `max` from its beginning, not past `last`; how many in *ret_count. */
	int (*trim)(struct state *state, int64_t last, unsigned max, unsigned *ret_count,
		    struct error *error);
	/* What is put and deleted in between holds altogether or, after a failure, not at all. */
	int (*begin)(struct state *state, struct error *error);
	int (*commit)(struct state *state, struct error *error);
	void (*rollback)(struct state *state);
	/* Does not wait for the disk. What could not be written since the last call is this one's error. */
	int (*sync)(struct state *state, struct error *error);
	void (*free)(struct state *state);
};
struct state {
	const struct state_ops *ops;
	/* False: this is a stand-in that knows nothing; what was set by hand is then read from the maps. */
	bool durable;
	bool behind; /* it has not taken what was put: the maps know better, too */
};

/* Is it what was set by hand? */
static inline bool state_is_current(const struct state *state)
{
	return state && state->durable && !state->behind;
}

static inline void state_free(struct state *state)
{
	if (state)
		state->ops->free(state);
}
