/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces, routes, addresses and the clsact qdisc, by libnl-route and libmnl. Each `struct
 * netlink` has its own sockets; calls are synchronous. Works in the network namespace in which
 * netlink_open() was called.
 *
 * Each call may also fail with -EPERM (the text names the forbidden action), -ENOMEM or -EIO.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"

struct error;
struct netlink;

/* What packets begin with at the hooks. */
enum netlink_layer {
	NETLINK_ETHERNET = 1,
	NETLINK_IP,	 /* tun, wireguard, ipip */
	NETLINK_UNKNOWN, /* the programs cannot parse them: InfiniBand, GRE without a remote end */
};

struct netlink_interface {
	char name[16];
	char type[20]; /* of the link, for people: "InfiniBand" */
	int index;
	enum netlink_layer layer;
	bool has_link_layer; /* layer is NETLINK_ETHERNET */
	bool is_veth;
	bool is_port; /* of a bridge, bond or team: what this host sends by it passes that first */
	bool is_loopback;
	bool up;
};

int netlink_open(struct netlink **ret_netlink, struct error *error);
void netlink_free(struct netlink *netlink);

/* -ENODEV: no interface of that name. */
int netlink_interface_get(struct netlink *netlink, const char *name,
			  struct netlink_interface *ret_interface, struct error *error);

/*
 * The interfaces by which packets can reach the Internet (snapshot_leads_outside()), each once; the
 * caller frees them. -ENOENT: no default route.
 */
int netlink_default_interfaces(struct netlink *netlink, struct netlink_interface **ret_interfaces,
			       size_t *ret_count, struct error *error);

/*
 * *ret_index: the interface by which a TCP connection from an address of this host to port 25 of
 * the Internet leaves, 0: it has no route. -EAGAIN: one that depends on the destination.
 */
int netlink_uplink(struct netlink *netlink, const struct address *source, int *ret_index,
		   struct error *error);

/* *ret_index is the interface that has the address, or 0. */
int netlink_address_find(struct netlink *netlink, const struct address *address, int *ret_index,
			 struct error *error);

/* The first of `indexes` whose network holds the address; else indexes[0]. */
int netlink_address_home(struct netlink *netlink, const struct address *address, const int *indexes,
			 size_t n_indexes, int *ret_index, struct error *error);

/*
 * A /32 or /128 that source selection never picks: IPv4 of scope host, as a route of scope link
 * takes addresses of scope link; IPv6 with preferred lifetime 0, and without DAD.
 */
struct netlink_plumb {
	struct address address;
	int index;
};
/* -EEXIST: the interface has it already; -EACCES: IPv6 is disabled on the interface. */
int netlink_address_add(struct netlink *netlink, const struct netlink_plumb *plumb,
			struct error *error);
/*
 * Gives an IPv4 address that has another scope the scope host. At no moment is the host without the
 * address.
 */
int netlink_address_narrow(struct netlink *netlink, const struct netlink_plumb *plumb,
			   struct error *error);
/* 0 also where the address or its interface is gone. The interface's routes stay (routes.h). */
int netlink_address_remove(struct netlink *netlink, const struct netlink_plumb *plumb,
			   struct error *error);

/*
 * The setting arp_announce of an interface: which address its ARP requests name. -ENOENT: it has
 * none, as it does without IPv4.
 */
int netlink_arp_announce(struct netlink *netlink, int index, unsigned *ret_level,
			 struct error *error);
int netlink_arp_announce_set(struct netlink *netlink, int index, unsigned level,
			     struct error *error);

/* Does the interface have a clsact qdisc? -EEXIST: an ingress qdisc has its place. */
int netlink_clsact_find(struct netlink *netlink, int index, bool *ret_there, struct error *error);
/* -EEXIST: the interface has it, or an ingress qdisc, already. */
int netlink_clsact_add(struct netlink *netlink, int index, struct error *error);
/* 0 also where there is none, and where it stays because it has foreign filters. */
int netlink_clsact_remove(struct netlink *netlink, int index, struct error *error);

/* The first filter of clsact that packets of that direction meet. */
struct netlink_filter {
	unsigned priority;
	unsigned handle;
	char kind[16]; /* "bpf", "matchall"; empty: there is no filter */
};
int netlink_filter_first(struct netlink *netlink, int index, bool egress,
			 struct netlink_filter *ret_filter, struct error *error);
