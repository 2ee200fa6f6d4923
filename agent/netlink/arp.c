/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which address an interface names in its ARP requests: the setting arp_announce, by rtnetlink, as
 * /proc/sys may be read-only.
 */
#include <errno.h>
#include <linux/ip.h>
#include <stdint.h>

#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "netlink/netlink.h"
#include "netlink/socket.h"

static void link_put_p(struct rtnl_link **link)
{
	rtnl_link_put(*link);
}

int netlink_arp_announce(struct netlink *netlink, int index, unsigned *ret_level,
			 struct error *error)
{
	_cleanup_(link_put_p) struct rtnl_link *link = NULL;
	uint32_t level = 0;
	int r = rtnl_link_get_kernel(netlink->socket, index, NULL, &link);

	/* Without IPv4 an interface has no such setting. */
	if (r >= 0 && rtnl_link_inet_get_conf(link, IPV4_DEVCONF_ARP_ANNOUNCE, &level) < 0)
		return error_set(error, -ENOENT, "interface %d has no arp_announce", index);
	if (r < 0)
		return netlink_error(error, r, "arp_announce of interface %d", index);
	*ret_level = level;
	return 0;
}

int netlink_arp_announce_set(struct netlink *netlink, int index, unsigned level,
			     struct error *error)
{
	_cleanup_(link_put_p) struct rtnl_link *link = NULL, *change = rtnl_link_alloc();
	int r = change ? rtnl_link_get_kernel(netlink->socket, index, NULL, &link) : -NLE_NOMEM;

	if (r >= 0)
		r = rtnl_link_inet_set_conf(change, IPV4_DEVCONF_ARP_ANNOUNCE, level);
	if (r >= 0)
		r = rtnl_link_change(netlink->socket, link, change, 0);
	return r < 0 ? netlink_error(error, r, "arp_announce of interface %d", index) : 0;
}
