/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pinned maps of a running datapath, typed and opened, for the agent, the CLI and `up`. Needs
 * no capability, only the rights on the pins (Linux 5.19). programs.h loads, hook.h attaches. An
 * ops struct lets tests run steering/ on memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "postern/abi.h"

struct error;

/*
 * A pin is named "postern_" and the lower-case name. postern/abi.h has the types of keys and
 * values.
 */
enum map {
	MAP_SENDERS,
	MAP_NETS,
	MAP_VERDICT,
	MAP_USAGE,
	MAP_POOLS,
	MAP_ADDRS,
	MAP_ADDRUSE,
	MAP_SLOTS,
	MAP_FLOWS,
	MAP_RETURNS,
	MAP_CONTROL,
	MAP_GEN, /* quiesce.h and uplinks.h write it */
	MAP_HOST,
	MAP_CGROUPS,
	MAP_UPLINKS,
	MAPS, /* keyed maps that user space reads or writes */
};

/* "postern_senders" and so on: the name of the map and of its pin; never NULL. */
const char *map_name(enum map map);

/* Non-zero ends the walk and is returned. Key and value are valid for the call. */
typedef int (*map_visitor)(void *data, const void *key, const void *value);

struct datapath;
struct datapath_ops {
	/* -ENOENT: no such key. */
	int (*get)(struct datapath *datapath, enum map map, const void *key, void *ret_value);
	/* Inserts or replaces. -E2BIG: the map is full. */
	int (*put)(struct datapath *datapath, enum map map, const void *key, const void *value);
	/* -ENOENT. */
	int (*remove)(struct datapath *datapath, enum map map, const void *key);
	/*
	 * Visits every entry, in no order; an entry that changes meanwhile may be missed or visited
	 * twice. The visitor may change the map. Negative: the kernel's errno, or the visitor's
	 * result.
	 */
	int (*walk)(struct datapath *datapath, enum map map, map_visitor visitor, void *data);
	/*
	 * Writes `count` consecutive slots from `first` on, in one call if the kernel has batches.
	 */
	int (*put_slots)(struct datapath *datapath, uint32_t first, const struct slot *slots,
			 uint32_t count);
	/* Sums the per-CPU counters. */
	int (*stats)(struct datapath *datapath, struct stats *ret_stats);
	/* For datapath_lock() and datapath_unlock(). */
	int (*lock)(struct datapath *datapath, unsigned wait_ms);
	void (*unlock)(struct datapath *datapath);
	/* The maximum of entries. */
	uint32_t (*capacity)(struct datapath *datapath, enum map map);
	void (*free)(struct datapath *datapath);
};
struct datapath {
	const struct datapath_ops *ops;
	unsigned locks; /* nested */
};

/*
 * Opens the pins below `pin_path`; datapath_free() frees the result. -ENOENT: nothing is up there;
 * -EACCES: not permitted; -EPROTO: another layout (the text says what to do).
 */
int datapath_open(const char *pin_path, struct datapath **ret_datapath, struct error *error);

/*
 * True after an `up` that was killed while it replaced these maps: packets from and to steered
 * ports are dropped until the next `up` (struct generation).
 */
bool datapath_is_stuck(struct datapath *datapath);

/* Called once per event, in order, from datapath_events_consume(). */
typedef void (*event_visitor)(void *data, const struct event *event);

/* The ring buffer postern_events: the fd becomes readable when it has events. */
struct datapath_events;
int datapath_events_open(const char *pin_path, event_visitor visitor, void *data,
			 struct datapath_events **ret_events, struct error *error);
int datapath_events_fd(const struct datapath_events *events);
/* Never blocks. The number of events, or a negative errno. */
int datapath_events_consume(struct datapath_events *events);
void datapath_events_free(struct datapath_events *events);

/*
 * One process at a time writes the maps: from this call until as many calls of datapath_unlock().
 * -EBUSY: another process holds the lock for longer than wait_ms; or an errno of flock(2).
 */
static inline int datapath_lock(struct datapath *datapath, unsigned wait_ms)
{
	int r = datapath->locks ? 0 : datapath->ops->lock(datapath, wait_ms);

	datapath->locks += !r;
	return r;
}

static inline void datapath_unlock(struct datapath *datapath)
{
	if (--datapath->locks == 0)
		datapath->ops->unlock(datapath);
}

static inline void datapath_free(struct datapath *datapath)
{
	if (datapath)
		datapath->ops->free(datapath);
}
