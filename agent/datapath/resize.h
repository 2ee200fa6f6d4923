/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within datapath/ only: another capacity for the maps of senders or of flows while the datapath runs.
 *
 *   check    what is in the old maps fits the new ones; nothing is changed yet
 *   freeze   the old maps that the agent alone writes take no more writing
 *   copy     these into the new ones, not pinned yet
 *   still    the running programs change nothing any more (quiesce.h); what they write is copied: usage with
 *            its buckets, flows, returns. Every flow takes its place in the new queue
 *   pins     each new map takes its old one's place by rename, postern_control a new pin of its own
 *   force    the programs of the new maps work wherever they are attached, those of the old ones nowhere
 *
 * Killed before the first rename, all is as it was, but for frozen maps, which the next `up` replaces. Killed
 * among the renames, old and new maps say the same, as nothing changes either: the next `up` begins
 * again with whatever is pinned.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bpf_map_info;
struct error;

enum resize_map {
	RESIZE_SENDERS,
	RESIZE_NETS,
	RESIZE_VERDICT,
	RESIZE_USAGE,
	RESIZE_FLOWS, /* this one and those that follow: all or none */
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
	struct resize_target targets[RESIZE_MAPS];
	int control_fd; /* pinned anew, which tells the agent */
	int generation_fd;
	uint64_t number; /* of the programs of the new maps, see struct generation */
};

/* Must the pinned map be replaced? Also where an earlier attempt left it frozen. */
bool resize_is_needed(int fd, const struct bpf_map_info *info, uint32_t wanted);

/*
 * -E2BIG: what is in use does not fit; -ETIMEDOUT: the host was too busy. Both times nothing has changed.
 * *ret_begun: the old maps are out of force, and only another `up` can mend what failed.
 */
int resize_run(const struct resize *resize, bool *ret_begun, struct error *error);
