/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which links the programs can parse: Ethernet headers, or none. A GRE tunnel without a remote end
 * (NBMA) puts its own header in front, as does InfiniBand.
 */
#include "netlink/link.h"

#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "netlink/netlink.h"

static const struct {
	uint16_t type;
	enum netlink_layer layer;
	const char *name;
} types[] = {
	{ARPHRD_ETHER, NETLINK_ETHERNET, "Ethernet"},
	/* Packets of the loopback device have an Ethernet header of zeros. */
	{ARPHRD_LOOPBACK, NETLINK_ETHERNET, "loopback"},
	{ARPHRD_NONE, NETLINK_IP, "none"},
	{ARPHRD_RAWIP, NETLINK_IP, "raw IP"},
	{ARPHRD_PPP, NETLINK_IP, "PPP"},
	{ARPHRD_TUNNEL, NETLINK_IP, "IP in IP"},
	{ARPHRD_TUNNEL6, NETLINK_IP, "IP in IPv6"},
	{ARPHRD_SIT, NETLINK_IP, "IPv6 in IP"},
	{ARPHRD_IPGRE, NETLINK_IP, "GRE"},
	{ARPHRD_IP6GRE, NETLINK_IP, "GRE over IPv6"},
	{ARPHRD_INFINIBAND, NETLINK_UNKNOWN, "InfiniBand"},
};

static void read_type(uint16_t type, struct netlink_interface *link)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type) {
			link->layer = types[i].layer;
			snprintf(link->type, sizeof(link->type), "%s", types[i].name);
			return;
		}
	link->layer = NETLINK_UNKNOWN;
	snprintf(link->type, sizeof(link->type), "%u", type);
}

/* The broadcast address of a tunnel is its remote end. */
static void check_remote(uint16_t type, const struct nlattr *remote, struct netlink_interface *link)
{
	const uint8_t *bytes = remote ? mnl_attr_get_payload(remote) : NULL;
	size_t size = remote ? mnl_attr_get_payload_len(remote) : 0;
	bool any = false;

	if (type != ARPHRD_IPGRE && type != ARPHRD_IP6GRE)
		return;
	for (size_t i = 0; i < size; i++)
		any = any || bytes[i];
	/* To a multicast group the kernel also sends a header of its own. */
	if (any && !(type == ARPHRD_IPGRE && bytes[0] >= 224))
		return;
	link->layer = NETLINK_UNKNOWN;
	snprintf(link->type, sizeof(link->type), "NBMA GRE");
}

/* A device of a VRF is none: packets leave by it directly. */
static bool is_port(const char *kind_of_master)
{
	static const char *const kinds[] = {"bridge", "bond", "team", "openvswitch"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kind_of_master, kinds[i]))
			return true;
	return false;
}

static void read_kind(const struct nlattr *info, struct netlink_interface *link)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, info)
	{
		if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND)
			link->is_veth = !strcmp(mnl_attr_get_str(attribute), "veth");
		if (mnl_attr_get_type(attribute) == IFLA_INFO_SLAVE_KIND)
			link->is_port = is_port(mnl_attr_get_str(attribute));
	}
}

void link_read(const struct nlmsghdr *header, struct netlink_interface *ret_interface)
{
	const struct ifinfomsg *message = mnl_nlmsg_get_payload(header);
	const struct nlattr *attribute, *remote = NULL;
	struct netlink_interface link = {.index = message->ifi_index,
					 .up = message->ifi_flags & IFF_UP,
					 .is_loopback = message->ifi_flags & IFF_LOOPBACK};

	read_type(message->ifi_type, &link);
	mnl_attr_for_each(attribute, header, sizeof(*message))
	{
		switch (mnl_attr_get_type(attribute)) {
		case IFLA_IFNAME:
			snprintf(link.name, sizeof(link.name), "%s", mnl_attr_get_str(attribute));
			break;
		case IFLA_BROADCAST:
			remote = attribute;
			break;
		case IFLA_LINKINFO:
			read_kind(attribute, &link);
			break;
		}
	}
	check_remote(message->ifi_type, remote, &link);
	link.has_link_layer = link.layer == NETLINK_ETHERNET;
	*ret_interface = link;
}
