/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Undoes entries of the journal: all of them for `down`; its own for an `up` that fails; those that
 * the configuration no longer has for an `up` over a running datapath. A change that is gone
 * already, or whose interface is gone or renamed, counts as undone. An entry that cannot be undone
 * stays listed.
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
	/* Selects the entries to undo; NULL: all. */
	bool (*selects)(const void *data, size_t index, const struct journal_entry *entry);
	const void *data;
};

/*
 * Undoes handles, then hooks, qdiscs, pool addresses and arp_announce. Handles go first: without
 * hooks, a connection from a handle would leave untranslated. Continues after a failure and returns
 * the first one, with the entry's place in the text. -EINVAL: an operand is not valid; errors of
 * netlink.h, hook_detach() and journal_remove().
 */
int undo_network(const struct undo *undo, struct error *error);

/*
 * Undoes modes, directories and mounts, the last one first. Call it when the pins are gone.
 * Failures as above; also an errno of chmod(2), rmdir(2) or umount2(2).
 */
int undo_files(const struct undo *undo, struct error *error);
