/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Orders and the records of the engine, which outlive the agent. An ops struct hides the backend:
 * SQLite (sqlite.c), or one that goes on where another fails (failover.c). Tests have one that
 * stores nothing.
 *
 *                    survives kill -9           survives a loss of power
 *   orders           once put                   once put
 *   records          once put, or committed     soon after sync() was called
 *
 * Times are seconds of the calendar (base/calendar.h), since monotonic ones do not survive a
 * reboot. Visitors borrow for the call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "postern/abi.h"

struct error;

/* A manual verdict on a sender. */
struct saved_order {
	const char *sender; /* the same in upper and lower case (ASCII) */
	enum verdict_action action;
	const char *pool;  /* "" unless STEER */
	int64_t until_sec; /* 0: no end */
	int64_t set_sec;   /* time of the order */
};

/*
 * Records are bytes under a name; only their owner reads them. Counts, which change with each
 * message, go into a log instead: to put a million of them in place would write twenty times as
 * much.
 */
enum state_kind {
	STATE_SECRETS,	 /* by name: keys of hashes */
	STATE_TENANTS,	 /* by name: counts */
	STATE_STANDINGS, /* by name */
	STATE_CALENDAR,	 /* one: a moment of the calendar that the times of orders are of */
	STATE_KINDS,
};

struct state_record {
	enum state_kind kind;
	const char *name;
	const void *bytes;
	size_t size;
};

/*
 * In the order of the calls. Each may be NULL. A non-zero return ends the walk and is the result of
 * load().
 */
struct state_visitor {
	void *data;
	int (*pool)(void *data, const char *pool, enum pool_state state);
	int (*address)(void *data, const char *pool, const char *address, enum address_state state);
	int (*order)(void *data, const struct saved_order *order);
	int (*record)(void *data, const struct state_record *record);
	unsigned kinds; /* wanted kinds of records: 1U << enum state_kind */
	int (*log)(void *data, const void *bytes, size_t size); /* in the order of append() */
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
	/* By kind and name; 0 also where there is none. */
	int (*delete_record)(struct state *state, const struct state_record *record,
			     struct error *error);
	int (*clear_records)(struct state *state, enum state_kind kind, struct error *error);
	/* Appends to the log; *ret_place counts up. */
	int (*append)(struct state *state, const void *bytes, size_t size, int64_t *ret_place,
		      struct error *error);
	/*
	 * Removes up to `max` entries from the beginning, none after `last`; their number in
	 * *ret_count.
	 */
	int (*trim)(struct state *state, int64_t last, unsigned max, unsigned *ret_count,
		    struct error *error);
	/* All changes in between hold, or after a failure none. */
	int (*begin)(struct state *state, struct error *error);
	int (*commit)(struct state *state, struct error *error);
	void (*rollback)(struct state *state);
	/* Does not wait for the disk. Returns the failure of a write since the last call. */
	int (*sync)(struct state *state, struct error *error);
	void (*free)(struct state *state);
};
struct state {
	const struct state_ops *ops;
	/* False: a stand-in that knows nothing; orders are then read from the maps */
	bool durable;
	bool behind; /* it has refused a write: the maps are newer */
	/*
	 * A number that the file got when it was made: another file has another one. 0: there is no
	 * file. Never a value of enum control_state.
	 */
	uint64_t identity;
};

/* True: it has the orders and standings in force. */
static inline bool state_is_current(const struct state *state)
{
	return state && state->durable && !state->behind;
}

static inline void state_free(struct state *state)
{
	if (state)
		state->ops->free(state);
}
