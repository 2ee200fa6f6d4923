/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within datapath/ only: another capacity for the maps of senders while the datapath runs.
 *
 *   check    what is in the old maps fits the new ones; nothing is changed yet
 *   freeze   the old maps (but for usage, the kernel's) take no more writing from user space
 *   copy     into the new ones, not pinned yet
 *   pins     each new map takes its old one's place by rename, postern_control a new pin of its own
 *
 * Killed before a rename, the old map is still pinned, and frozen: the next `up` begins again with it.
 * Killed after it, the next `up` re-uses the new map. The running programs keep the old ones until
 * they are replaced.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "datapath/datapath.h"

struct bpf_map_info;
struct error;
struct loaded;
struct resize;

/* The first maps of enum map. */
#define RESIZE_MAPS (MAP_USAGE + 1)

struct resize_target {
	int fd; /* of the new map, borrowed; -1: the pinned one stays */
	uint32_t capacity;
};

/* Must the pinned map be replaced? Also where an earlier attempt left it frozen. */
bool resize_is_needed(int fd, const struct bpf_map_info *info, uint32_t wanted);

/* -E2BIG: what is in use does not fit. *ret_resize is for resize_settle(). */
int resize_run(const char *pin_path, const struct resize_target targets[RESIZE_MAPS],
	       int control_fd, struct resize **ret_resize, struct error *error);

/* Adds to the new usage what the old programs have counted in the old one since it was copied. */
int resize_settle(const struct resize *resize, const struct loaded *loaded, struct error *error);

void resize_free(struct resize *resize);
