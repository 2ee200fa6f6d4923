/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The links, addresses, routes and rules of one moment, in one set of dumps by libmnl. Of the
 * routes it keeps those that can lead to hosts on the Internet: default routes of any table, and
 * prefixes that are too short for a private network (0.0.0.0/1, 2000::/3); and local routes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "netlink/netlink.h"

struct error;

struct snapshot_address {
	struct address address;
	int index;
};

/* One next hop. */
struct snapshot_route {
	uint32_t table;
	int index;
};

struct snapshot {
	struct netlink_interface *links;
	size_t n_links;
	struct snapshot_address *addresses;
	size_t n_addresses;
	struct prefix *own; /* local routes: destinations on this host */
	size_t n_own;
	struct snapshot_route *routes;
	size_t n_routes;
	struct prefix *sources; /* by which a rule chooses a table: ip rule from PREFIX */
	size_t n_sources;
	uint32_t *tables; /* to which a rule leads */
	size_t n_tables;
	bool has_all_tables; /* a rule for VRF devices: any table may be asked */
};

/* snapshot_done() frees the result. -ENOMEM; an errno of the dump. */
int netlink_snapshot(struct netlink *netlink, struct snapshot *ret_snapshot, struct error *error);
void snapshot_done(struct snapshot *snapshot);

/* NULL: no such link. */
const struct netlink_interface *snapshot_link(const struct snapshot *snapshot, int index);
const struct netlink_interface *snapshot_link_named(const struct snapshot *snapshot,
						    const char *name);

/* Can a packet to a host on the Internet leave by the link? Never by a loopback device. */
bool snapshot_leads_outside(const struct snapshot *snapshot, int index);

/* The interface that has the address; 0: none. */
int snapshot_address_index(const struct snapshot *snapshot, const struct address *address);

/* Does a rule choose the route of packets with this source by the source? */
bool snapshot_routes_by_source(const struct snapshot *snapshot, const struct address *source);
