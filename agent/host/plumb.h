/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Adds the configuration's addresses to the host, each in the journal first. An address that is on
 * any interface already stays as it is and is not listed; only an address of the journal that has a
 * scope of an earlier version gets the one of today. undo.c removes addresses.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct address;
struct announcer;
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
	struct announcer *announcer; /* of the added addresses; NULL: they are not announced */
};

/* One address that somebody removed. */
int plumb_address(const struct plumb *plumb, const struct address *address, struct error *error);
int plumb_handle(const struct plumb *plumb, const struct address *handle, struct error *error);

/* Pool addresses: each on the interface whose network contains it, else on the first one. */
int plumb_pools(const struct plumb *plumb, struct error *error);

/* Handles: all on lo. */
int plumb_handles(const struct plumb *plumb, struct error *error);

/* Does the configuration still have this address or handle of the journal? */
bool plumb_wants(const struct config *config, const struct journal_entry *entry);
