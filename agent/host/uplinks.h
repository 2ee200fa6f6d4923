/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pool addresses that the host routes by their source (`ip rule from ADDRESS`). A packet is routed
 * before it is translated, by the source of its local end: the programs send it on by the interface
 * that is its pool address' own (datapath/uplinks.h), or hold it where that one has no hooks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "datapath/uplinks.h"

struct config;
struct datapath;
struct error;
struct netlink;
struct netlink_interface;
struct snapshot;

#define UPLINKS_HELD "mail is held by addresses that a rule routes by an interface without hooks"

/* All borrowed. */
struct uplinks_host {
	const struct config *config;
	struct netlink *netlink;
	const struct snapshot *snapshot;
	const int *hooked; /* indexes of the interfaces that have hooks, or get them */
	size_t n_hooked;
};

struct uplinks {
	struct uplink_route *routes;
	size_t count;
};

/*
 * Addresses that are not on the host, and those whose interface depends on the destination, are
 * left out. uplinks_done() frees the result. -ENOMEM; errors of netlink_uplink().
 */
int uplinks_find(const struct uplinks_host *host, struct uplinks *ret_uplinks, struct error *error);
void uplinks_done(struct uplinks *uplinks);

/* Is all mail by the address held, as the interface of its route has no hooks? */
bool uplinks_hold(const struct uplinks *uplinks, const struct address *address);

/* For the operator, the caller's; NULL: no mail is held. -ENOMEM. */
int uplinks_note(const struct uplinks *uplinks, char **ret_note);
