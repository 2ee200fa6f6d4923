/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds interfaces, by name and by default route. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "netlink/netlink.h"
#include "netlink/socket.h"

static void cache_free_p(struct nl_cache **cache)
{
	nl_cache_free(*cache);
}

static void link_put_p(struct rtnl_link **link)
{
	rtnl_link_put(*link);
}

static void interface_fill(struct rtnl_link *link, struct netlink_interface *ret_interface)
{
	unsigned hardware = rtnl_link_get_arptype(link);
	const char *type = rtnl_link_get_type(link);

	*ret_interface = (struct netlink_interface){
		.index = rtnl_link_get_ifindex(link),
		/* Packets of the loopback device have an Ethernet header of zeros. */
		.has_link_layer = hardware == ARPHRD_ETHER || hardware == ARPHRD_LOOPBACK,
		.is_veth = type && !strcmp(type, "veth"),
		.up = rtnl_link_get_flags(link) & IFF_UP,
	};
	snprintf(ret_interface->name, sizeof(ret_interface->name), "%s", rtnl_link_get_name(link));
}

/* By name; by index if `name` is NULL. */
static int interface_read(struct netlink *netlink, int index, const char *name,
			  struct netlink_interface *ret_interface)
{
	_cleanup_(link_put_p) struct rtnl_link *link = NULL;
	int r = rtnl_link_get_kernel(netlink->socket, index, name, &link);

	if (r < 0)
		return r;
	interface_fill(link, ret_interface);
	return 0;
}

int netlink_interface_get(struct netlink *netlink, const char *name,
			  struct netlink_interface *ret_interface, struct error *error)
{
	int r;

	/* libnl cuts a longer name, and would find another interface. */
	if (!*name || strlen(name) >= IFNAMSIZ)
		return error_set(error, -ENODEV, "no interface '%s'", name);
	r = interface_read(netlink, 0, name, ret_interface);
	if (r == -NLE_NODEV || r == -NLE_OBJ_NOTFOUND)
		return error_set(error, -ENODEV, "no interface '%s'", name);
	return r < 0 ? netlink_error(error, r, "interface '%s'", name) : 0;
}

static bool is_default(struct rtnl_route *route)
{
	struct nl_addr *destination = rtnl_route_get_dst(route);

	return rtnl_route_get_table(route) == RT_TABLE_MAIN &&
	       rtnl_route_get_type(route) == RTN_UNICAST &&
	       (!destination || nl_addr_get_prefixlen(destination) == 0);
}

struct collected {
	struct netlink *netlink;
	struct netlink_interface *interfaces;
	size_t count;
};

static int collect(struct collected *collected, int index)
{
	struct netlink_interface *grown;
	int r;

	for (size_t i = 0; i < collected->count; i++)
		if (collected->interfaces[i].index == index)
			return 0;
	grown = reallocarray(collected->interfaces, collected->count + 1, sizeof(*grown));
	if (!grown)
		return -NLE_NOMEM;
	collected->interfaces = grown;
	r = interface_read(collected->netlink, index, NULL, &grown[collected->count]);
	if (r < 0)
		return r;
	collected->count++;
	return 0;
}

static int collect_family(struct collected *collected, int family)
{
	_cleanup_(cache_free_p) struct nl_cache *routes = NULL;
	struct nl_object *object;
	int r = rtnl_route_alloc_cache(collected->netlink->socket, family, 0, &routes);

	if (r < 0)
		return r;
	for (object = nl_cache_get_first(routes); object; object = nl_cache_get_next(object)) {
		struct rtnl_route *route = (struct rtnl_route *)object;

		if (!is_default(route))
			continue;
		for (int i = 0; i < rtnl_route_get_nnexthops(route); i++) {
			struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, i);

			r = collect(collected, rtnl_route_nh_get_ifindex(hop));
			if (r < 0)
				return r;
		}
	}
	return 0;
}

int netlink_default_interfaces(struct netlink *netlink, struct netlink_interface **ret_interfaces,
			       size_t *ret_count, struct error *error)
{
	struct collected collected = {.netlink = netlink};
	int r = collect_family(&collected, AF_INET);

	if (r >= 0)
		r = collect_family(&collected, AF_INET6);
	if (r < 0) {
		free(collected.interfaces);
		return netlink_error(error, r, "interfaces of the default routes");
	}
	if (!collected.count)
		return error_set(error, -ENOENT,
				 "no default route names an interface: set interfaces = { \"…\" }");
	*ret_interfaces = collected.interfaces;
	*ret_count = collected.count;
	return 0;
}
