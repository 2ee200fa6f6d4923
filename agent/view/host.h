/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host as the guard sees it: its parts (map postern_host), the guard itself, and what the hold
 * has kept back. A new reference each; NULL: out of memory.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "postern/abi.h"

struct config;
struct datapath;

/* One entry of the map, without HOST_ALL. */
struct view_part {
	struct host_key key;
	struct host_entry entry;
};
/* Interfaces first, then addresses, then handles; by name. Empty where memory is short. */
struct view_parts {
	struct view_part *list;
	size_t count;
};
void view_parts_read(struct datapath *datapath, struct view_parts *ret_parts);
void view_parts_done(struct view_parts *parts);

/* An array of struct wire_part. */
json_t *view_parts(struct datapath *datapath, uint64_t now_ns);

/* A running guard holds runtime_dir/guard.lock (process/lock.h). */
struct view_guard {
	bool is_known;	   /* a guard has run since runtime_dir was made */
	bool is_running;   /* false also if the lock cannot be read */
	int64_t since_sec; /* 0 unless it runs */
};
void view_guard_read(const struct config *config, struct view_guard *ret);
/* struct wire_guard, null if no guard is known. */
json_t *view_guard(const struct config *config);

/* struct wire_hold, null if there is none or it cannot be read. */
json_t *view_hold(const struct config *config);
