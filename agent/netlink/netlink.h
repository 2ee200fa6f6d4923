/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces, routes, addresses and the clsact qdisc through libnl-route. One socket per `struct
 * netlink`; calls are synchronous. Works in the network namespace in which netlink_open() was called.
 *
 * Every call may also fail with -EPERM (text: what was not permitted), -ENOMEM or -EIO.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"

struct error;
struct netlink;

struct netlink_interface {
	char name[16];
	int index;
	bool has_link_layer; /* false: packets begin with the IP header (tun, wireguard, ipip) */
	bool is_veth;
	bool up;
};

int netlink_open(struct netlink **ret_netlink, struct error *error);
void netlink_free(struct netlink *netlink);

/* -ENODEV: no interface of that name. */
int netlink_interface_get(struct netlink *netlink, const char *name,
			  struct netlink_interface *ret_interface, struct error *error);

/*
 * Interfaces of the IPv4 and IPv6 default routes of the main table, each once. -ENOENT: there is
 * none. Freed by free().
 */
int netlink_default_interfaces(struct netlink *netlink, struct netlink_interface **ret_interfaces,
			       size_t *ret_count, struct error *error);

/* Is the address on any interface? *ret_index is that interface or 0. */
int netlink_address_find(struct netlink *netlink, const struct address *address, int *ret_index,
			 struct error *error);

/* The first of `indexes` whose network holds the address; else indexes[0]. */
int netlink_address_home(struct netlink *netlink, const struct address *address, const int *indexes,
			 size_t n_indexes, int *ret_index, struct error *error);

/* Added as /32 or /128, IPv6 with preferred lifetime 0 (nothing picks it by itself) and no DAD. */
struct netlink_plumb {
	struct address address;
	int index;
	bool host_scope; /* IPv4: scope host, so that source selection never picks it (handles on lo) */
};
/* -EEXIST: it is there already, whoever added it; -EACCES: IPv6 is disabled on the interface. */
int netlink_address_add(struct netlink *netlink, const struct netlink_plumb *plumb,
			struct error *error);
/* 0 also where it is gone already, or its interface. */
int netlink_address_remove(struct netlink *netlink, const struct netlink_plumb *plumb,
			   struct error *error);

/* Is there a clsact qdisc? -EEXIST: an ingress qdisc sits in its place. */
int netlink_clsact_find(struct netlink *netlink, int index, bool *ret_there, struct error *error);
/* -EEXIST: it, or an ingress qdisc, is there already. */
int netlink_clsact_add(struct netlink *netlink, int index, struct error *error);
/* 0 also where it is gone already, and where it stays because it still holds somebody's filters. */
int netlink_clsact_remove(struct netlink *netlink, int index, struct error *error);
