/* SPDX-License-Identifier: BSD-2-Clause */
/* libmnl: with a million routes, libnl would build a million objects for a handful of answers. */
#include "netlink/snapshot.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "netlink/link.h"
#include "netlink/request.h"
#include "netlink/socket.h"

/* Grows the array by an element that is zero. NULL: no memory, errno says so. */
static void *add(void *array, size_t *count, size_t size)
{
	void **list = array;
	char *grown = array_grow(*list, *count, size);

	if (!grown) {
		errno = ENOMEM;
		return NULL;
	}
	*list = grown;
	return memset(grown + (*count)++ * size, 0, size);
}

/* ---- one message of each dump */

static int take_link(const struct nlmsghdr *header, void *data)
{
	struct snapshot *snapshot = data;
	struct netlink_interface *link =
		add(&snapshot->links, &snapshot->n_links, sizeof(*snapshot->links));

	if (!link)
		return MNL_CB_ERROR;
	link_read(header, link);
	return MNL_CB_OK;
}

static struct address to_address(uint8_t family, const struct nlattr *attribute)
{
	struct address address = {{0}};
	bool is_ipv4 = family == AF_INET;

	if (is_ipv4)
		address.bytes[10] = address.bytes[11] = 0xff;
	if (mnl_attr_get_payload_len(attribute) == (is_ipv4 ? 4 : 16))
		memcpy(address.bytes + (is_ipv4 ? 12 : 0), mnl_attr_get_payload(attribute),
		       is_ipv4 ? 4 : 16);
	return address;
}

/* IFA_LOCAL is the interface's own address; IFA_ADDRESS is the other end of a point-to-point. */
static int take_address(const struct nlmsghdr *header, void *data)
{
	const struct ifaddrmsg *message = mnl_nlmsg_get_payload(header);
	struct snapshot *snapshot = data;
	const struct nlattr *attribute, *local = NULL, *other = NULL;
	struct snapshot_address *address;

	mnl_attr_for_each(attribute, header, sizeof(*message))
	{
		if (mnl_attr_get_type(attribute) == IFA_LOCAL)
			local = attribute;
		if (mnl_attr_get_type(attribute) == IFA_ADDRESS)
			other = attribute;
	}
	if (!local)
		local = other;
	if (!local)
		return MNL_CB_OK;
	address = add(&snapshot->addresses, &snapshot->n_addresses, sizeof(*snapshot->addresses));
	if (!address)
		return MNL_CB_ERROR;
	*address = (struct snapshot_address){to_address(message->ifa_family, local),
					     (int)message->ifa_index};
	return MNL_CB_OK;
}

/*
 * Shorter than any private network, and not multicast: 10.0.0.0/8 and fc00::/7 are private,
 * 2000::/3 has all hosts of the IPv6 Internet.
 */
static bool is_outside(const struct rtmsg *message, const struct nlattr *destination)
{
	uint8_t first = destination ? *(const uint8_t *)mnl_attr_get_payload(destination) : 0;
	uint8_t kept;

	if (!message->rtm_dst_len)
		return true;
	if (message->rtm_family == AF_INET)
		return message->rtm_dst_len < 8 && first < 224;
	kept = message->rtm_dst_len < 3 ? (uint8_t)(0xff << (8 - message->rtm_dst_len)) : 0xe0;
	return message->rtm_dst_len < 7 && (first & kept) == (0x20 & kept);
}

static int add_route(struct snapshot *snapshot, uint32_t table, int index)
{
	struct snapshot_route *route =
		add(&snapshot->routes, &snapshot->n_routes, sizeof(*snapshot->routes));

	if (!route)
		return MNL_CB_ERROR;
	*route = (struct snapshot_route){table, index};
	return MNL_CB_OK;
}

static int add_hops(struct snapshot *snapshot, uint32_t table, const struct nlattr *hops)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(hops);
	int left = mnl_attr_get_payload_len(hops);
	int r = MNL_CB_OK;

	for (; r == MNL_CB_OK && RTNH_OK(hop, left); hop = RTNH_NEXT(hop)) {
		r = add_route(snapshot, table, hop->rtnh_ifindex);
		left -= RTNH_ALIGN(hop->rtnh_len);
	}
	return r;
}

static int add_own(struct snapshot *snapshot, const struct rtmsg *message,
		   const struct nlattr *destination)
{
	struct prefix *own = add(&snapshot->own, &snapshot->n_own, sizeof(*snapshot->own));

	if (!own)
		return MNL_CB_ERROR;
	own->length = message->rtm_dst_len + (message->rtm_family == AF_INET ? 96 : 0);
	if (destination)
		own->address = to_address(message->rtm_family, destination);
	return MNL_CB_OK;
}

/* The attributes of a route that matter here; `data` is the array of them. */
static int keep_attribute(const struct nlattr *attribute, void *data)
{
	const struct nlattr **kept = data;

	if (mnl_attr_get_type(attribute) <= RTA_MAX)
		kept[mnl_attr_get_type(attribute)] = attribute;
	return MNL_CB_OK;
}

static int take_route(const struct nlmsghdr *header, void *data)
{
	const struct rtmsg *message = mnl_nlmsg_get_payload(header);
	const struct nlattr *kept[RTA_MAX + 1] = {NULL};
	uint32_t table = message->rtm_table;

	if (message->rtm_type != RTN_LOCAL &&
	    (message->rtm_type != RTN_UNICAST || message->rtm_dst_len >= 8))
		return MNL_CB_OK;
	mnl_attr_parse(header, sizeof(*message), keep_attribute, kept);
	if (message->rtm_type == RTN_LOCAL)
		return add_own(data, message, kept[RTA_DST]);
	if (!is_outside(message, kept[RTA_DST]))
		return MNL_CB_OK;
	if (kept[RTA_TABLE])
		table = mnl_attr_get_u32(kept[RTA_TABLE]);
	if (kept[RTA_MULTIPATH])
		return add_hops(data, table, kept[RTA_MULTIPATH]);
	if (kept[RTA_OIF])
		return add_route(data, table, (int)mnl_attr_get_u32(kept[RTA_OIF]));
	return MNL_CB_OK;
}

static int add_source(struct snapshot *snapshot, const struct fib_rule_hdr *message,
		      const struct nlattr *source)
{
	struct prefix *added =
		add(&snapshot->sources, &snapshot->n_sources, sizeof(*snapshot->sources));

	if (!added)
		return MNL_CB_ERROR;
	added->length = message->src_len + (message->family == AF_INET ? 96 : 0);
	added->address = to_address(message->family, source);
	return MNL_CB_OK;
}

static int take_rule(const struct nlmsghdr *header, void *data)
{
	const struct fib_rule_hdr *message = mnl_nlmsg_get_payload(header);
	struct snapshot *snapshot = data;
	const struct nlattr *attribute;
	uint32_t table = message->table, *added;

	mnl_attr_for_each(attribute, header, sizeof(*message))
	{
		if (mnl_attr_get_type(attribute) == FRA_TABLE)
			table = mnl_attr_get_u32(attribute);
		if (mnl_attr_get_type(attribute) == FRA_SRC &&
		    add_source(snapshot, message, attribute) != MNL_CB_OK)
			return MNL_CB_ERROR;
		if (mnl_attr_get_type(attribute) == FRA_L3MDEV && mnl_attr_get_u8(attribute))
			snapshot->has_all_tables = true;
	}
	if (message->action != FR_ACT_TO_TBL)
		return MNL_CB_OK;
	added = add(&snapshot->tables, &snapshot->n_tables, sizeof(*snapshot->tables));
	if (!added)
		return MNL_CB_ERROR;
	*added = table;
	return MNL_CB_OK;
}

/* ---- dumps */

static const struct dump {
	uint16_t type;
	uint8_t family;
	mnl_cb_t take;
} dumps[] = {
	{RTM_GETLINK, AF_UNSPEC, take_link}, {RTM_GETADDR, AF_UNSPEC, take_address},
	{RTM_GETROUTE, AF_INET, take_route}, {RTM_GETROUTE, AF_INET6, take_route},
	{RTM_GETRULE, AF_INET, take_rule},   {RTM_GETRULE, AF_INET6, take_rule},
};

static int dump(struct mnl_socket *socket, const struct dump *dump, struct snapshot *snapshot)
{
	static unsigned sequence;
	char buffer[REQUEST_BUFFER];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);

	header->nlmsg_type = dump->type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = ++sequence;
	/* The family is the first byte of every dump's own header; this is the longest of them. */
	*(uint8_t *)mnl_nlmsg_put_extra_header(header, sizeof(struct ifinfomsg)) = dump->family;
	return request_run(socket, buffer, sizeof(buffer), dump->take, snapshot);
}

int netlink_snapshot(struct netlink *netlink, struct snapshot *ret_snapshot, struct error *error)
{
	struct snapshot snapshot = {0};
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(dumps) / sizeof(dumps[0]); i++) {
		r = dump(netlink->dumps, &dumps[i], &snapshot);
		/* A kernel without IPv6, or without rules. */
		if (r == -EOPNOTSUPP || r == -EAFNOSUPPORT)
			r = 0;
	}
	if (r) {
		snapshot_done(&snapshot);
		return error_set(error, r, "links, addresses and routes of the host: %s",
				 strerror(-r));
	}
	*ret_snapshot = snapshot;
	return 0;
}

void snapshot_done(struct snapshot *snapshot)
{
	free(snapshot->links);
	free(snapshot->addresses);
	free(snapshot->own);
	free(snapshot->routes);
	free(snapshot->sources);
	free(snapshot->tables);
	*snapshot = (struct snapshot){0};
}

/* ---- answers */

const struct netlink_interface *snapshot_link(const struct snapshot *snapshot, int index)
{
	for (size_t i = 0; i < snapshot->n_links; i++)
		if (snapshot->links[i].index == index)
			return &snapshot->links[i];
	return NULL;
}

const struct netlink_interface *snapshot_link_named(const struct snapshot *snapshot,
						    const char *name)
{
	for (size_t i = 0; i < snapshot->n_links; i++)
		if (!strcmp(snapshot->links[i].name, name))
			return &snapshot->links[i];
	return NULL;
}

static bool is_asked(const struct snapshot *snapshot, uint32_t table)
{
	for (size_t i = 0; i < snapshot->n_tables; i++)
		if (snapshot->tables[i] == table)
			return true;
	return snapshot->has_all_tables;
}

bool snapshot_leads_outside(const struct snapshot *snapshot, int index)
{
	const struct netlink_interface *link = snapshot_link(snapshot, index);

	if (!link || link->is_loopback)
		return false;
	for (size_t i = 0; i < snapshot->n_routes; i++)
		if (snapshot->routes[i].index == index &&
		    is_asked(snapshot, snapshot->routes[i].table))
			return true;
	return false;
}

int snapshot_address_index(const struct snapshot *snapshot, const struct address *address)
{
	for (size_t i = 0; i < snapshot->n_addresses; i++)
		if (address_equal(&snapshot->addresses[i].address, address))
			return snapshot->addresses[i].index;
	return 0;
}

bool snapshot_routes_by_source(const struct snapshot *snapshot, const struct address *source)
{
	for (size_t i = 0; i < snapshot->n_sources; i++)
		if (prefix_contains(&snapshot->sources[i], source))
			return true;
	return false;
}
