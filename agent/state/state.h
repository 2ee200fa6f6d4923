/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must outlive the agent: what people set by hand. Behind one ops struct, so that callers never
 * see the backend: SQLite (state_sqlite.c) and one that keeps nothing (state_null.c).
 *
 * A put returns when it is durable (SQLite: WAL, synchronous=FULL): a verdict or state that was
 * confirmed survives kill -9 and power loss. Times are wall-clock seconds, as monotonic ones do not
 * survive a reboot. All strings passed to a visitor are borrowed for the call.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "postern/abi.h"

struct error;

struct state_verdict {
	const char *sender;
	enum verdict_action action;
	const char *pool; /* "" unless STEER */
	enum reason reason;
	int64_t until_sec; /* 0: no end */
	int64_t set_sec;   /* when it was set */
};

struct state_visitor {
	void *data;
	/* Each may be NULL. A non-zero return ends the walk and is returned by state_load(). */
	int (*pool)(void *data, const char *pool, enum pool_state state);
	int (*address)(void *data, const char *pool, const char *address, enum address_state state);
	int (*verdict)(void *data, const struct state_verdict *verdict);
};

struct state;
struct state_ops {
	int (*load)(struct state *state, const struct state_visitor *visitor, struct error *error);
	int (*put_pool)(struct state *state, const char *pool, enum pool_state value,
			struct error *error);
	int (*put_address)(struct state *state, const char *pool, const char *address,
			   enum address_state value, struct error *error);
	int (*put_verdict)(struct state *state, const struct state_verdict *verdict,
			   struct error *error);
	int (*delete_verdict)(struct state *state, const char *sender, struct error *error);
	void (*free)(struct state *state);
};
struct state {
	const struct state_ops *ops;
	/* False: this is a stand-in that knows nothing; what was set by hand is then read from the maps. */
	bool durable;
};

/*
 * Opens or creates `file` and its directory (0750). Schema version in PRAGMA user_version: an older one is
 * migrated, a newer one refused (-EPROTO). -EIO: not a database or damaged; the file is left alone.
 */
int state_sqlite_open(const char *file, struct state **ret_state, struct error *error);

/* Keeps nothing; for tests and as stand-in. -ENOMEM. */
int state_null_open(struct state **ret_state);

static inline void state_free(struct state *state)
{
	if (state)
		state->ops->free(state);
}
