/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Puts the configuration's addresses on the host, each in the journal first. Those that are there
 * already, whoever put them there, stay as they are. Taking them away is undo.c's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct config;
struct error;
struct interfaces;
struct journal;
struct journal_entry;
struct netlink;

struct plumb {
	const struct config *config;
	struct netlink *netlink;
	struct journal *journal;
	const struct interfaces *interfaces;
};

/* Pools' addresses: on the interface whose network holds them, else on the first one. */
int plumb_pools(const struct plumb *plumb, struct error *error);

/* Handles: on lo. */
int plumb_handles(const struct plumb *plumb, struct error *error);

/* Does the configuration still have this address or handle of the journal? */
bool plumb_wants(const struct config *config, const struct journal_entry *entry);
