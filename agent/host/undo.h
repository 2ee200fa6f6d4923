/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Undoes what the journal lists: all of it for `down`, what this call added for an `up` that fails,
 * what the configuration no longer has for an `up` over a running datapath. What is gone already, or
 * whose interface is gone or renamed, counts as undone. What could not be undone stays listed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;
struct journal;
struct journal_entry;
struct netlink;

struct undo {
	struct journal *journal;
	struct netlink *netlink;
	const char *pin_path;
	/* Which entries; NULL: all. */
	bool (*selects)(const void *data, size_t index, const struct journal_entry *entry);
	const void *data;
};

/*
 * Handles, then hooks, qdiscs and pool addresses: a connection that is bound to a handle ends before
 * nothing translates it any more. Goes on after a failure; the first one is returned.
 */
int undo_network(const struct undo *undo, struct error *error);

/* Modes, directories and mounts, the last one first. After the pins are gone. */
int undo_files(const struct undo *undo, struct error *error);
