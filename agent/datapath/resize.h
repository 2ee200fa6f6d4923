/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within datapath/ only: replaces the maps of senders or of flows by maps of another capacity while
 * the datapath runs.
 *
 *   check    the entries of the old maps fit the new ones; nothing is changed yet
 *   freeze   user space cannot write the agent's old maps any more
 *   copy     the agent's maps are copied into the new ones, which have no pins yet
 *   pause    the running programs change nothing (quiesce.h); the maps that programs write are
 *            copied: usage with its buckets, flows, returns; every flow enters the new queue
 *   pins     each new map takes over its old map's pin by rename, postern_control gets a new pin
 *   force    the programs of the new maps work wherever they are attached, those of the old ones
 *            nowhere
 *
 * Killed before the first rename, `up` leaves everything as it was, except frozen maps, which the
 * next `up` replaces. Killed between renames, old and new maps have the same content, as no program
 * changes either: the next `up` starts over with the maps that are pinned.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bpf_map_info;
struct datapath;
struct error;

enum resize_map {
	RESIZE_SENDERS,
	RESIZE_NETS,
	RESIZE_VERDICT,
	RESIZE_USAGE,
	RESIZE_FLOWS, /* from here on: all or none */
	RESIZE_RETURNS,
	RESIZE_EXPIRY,
	RESIZE_TIMER,
	RESIZE_MAPS,
};

struct resize_target {
	const char *name;
	int fd; /* of the new map, borrowed; -1: the pinned one stays */
	uint32_t capacity;
};

struct resize {
	const char *pin_path;
	struct datapath *pinned; /* the old maps, borrowed */
	struct resize_target targets[RESIZE_MAPS];
	int control_fd; /* pinned anew: the agent notices */
	int generation_fd;
	uint64_t generation; /* of the programs of the new maps */
};

/* Must the pinned map be replaced? Also where an interrupted `up` left it frozen. */
bool resize_is_needed(int fd, const struct bpf_map_info *info, uint32_t wanted);

/*
 * -E2BIG: the entries in use do not fit; -ETIMEDOUT: the host was too busy. In both cases nothing
 * has changed. *ret_begun: the old maps are out of force; after a failure only another `up` repairs
 * it.
 */
int resize_run(const struct resize *resize, bool *ret_begun, struct error *error);
