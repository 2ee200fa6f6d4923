/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pinned maps, typed and opened: what a running datapath looks like to the agent, the CLI and
 * `up`. Needs no capability, only the rights on the pins (Linux 5.19). Loading and attaching are
 * elsewhere (programs.h, hook.h). Behind an ops struct, so that steering/ can be tested on memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "postern/abi.h"

struct error;

/*
 * The names of the pins are "postern_" and the lower-case name; key and value types in
 * postern/abi.h.
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
	MAP_GEN, /* read only here; quiesce.h writes it */
	MAPS,	 /* number of those above: keyed maps that user space reads and writes */
};

/* "postern_senders" and so on: the name of the map and of its pin. Never NULL. */
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
	 * Every entry, in no order; those changed meanwhile may be missed or come twice. Batched:
	 * the visitor may change the map.
	 */
	int (*walk)(struct datapath *datapath, enum map map, map_visitor visitor, void *data);
	/* Writes `count` consecutive slots from `first`, in one call where the kernel can. */
	int (*put_slots)(struct datapath *datapath, uint32_t first, const struct slot *slots,
			 uint32_t count);
	/* Sums the per-CPU counters. */
	int (*stats)(struct datapath *datapath, struct stats *ret_stats);
	/* Capacity of a map. */
	uint32_t (*capacity)(struct datapath *datapath, enum map map);
	void (*free)(struct datapath *datapath);
};
struct datapath {
	const struct datapath_ops *ops;
};

/*
 * Opens the pins below `pin_path`. -ENOENT: nothing is up there; -EACCES: not allowed to; -EPROTO:
 * another layout (the text says what to do). The result is freed by datapath_free().
 */
int datapath_open(const char *pin_path, struct datapath **ret_datapath, struct error *error);

/*
 * True after an `up` that was killed while it put other maps into the places of these: what goes to
 * or comes from a steered port is dropped until the next `up` (struct generation).
 */
bool datapath_is_stuck(struct datapath *datapath);

/* Called once per event, in order, from datapath_events_consume(). */
typedef void (*event_visitor)(void *data, const struct event *event);

/* The ring buffer postern_events: `fd` becomes readable when there is something to consume. */
struct datapath_events;
int datapath_events_open(const char *pin_path, event_visitor visitor, void *data,
			 struct datapath_events **ret_events, struct error *error);
int datapath_events_fd(const struct datapath_events *events);
/* Never blocks. The number consumed, or a negative errno. */
int datapath_events_consume(struct datapath_events *events);
void datapath_events_free(struct datapath_events *events);

static inline void datapath_free(struct datapath *datapath)
{
	if (datapath)
		datapath->ops->free(datapath);
}
