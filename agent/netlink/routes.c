/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes are kept as the kernel's own messages, which it takes back unchanged. */
#include "netlink/routes.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "netlink/socket.h"

struct routes {
	int index;
	struct nl_msg **list;
	size_t count;
	bool failed; /* out of memory during the dump */
};

/* What the kernel adds to a next hop for readers. */
#define READ_ONLY_FLAGS (RTNH_F_DEAD | RTNH_F_LINKDOWN | RTNH_F_OFFLOAD | RTNH_F_TRAP)

static void nl_msg_free_p(struct nl_msg **message)
{
	nlmsg_free(*message);
}

static void routes_free_p(struct routes **routes)
{
	routes_free(*routes);
}

void routes_free(struct routes *routes)
{
	if (!routes)
		return;
	for (size_t i = 0; i < routes->count; i++)
		nlmsg_free(routes->list[i]);
	free(routes->list);
	free(routes);
}

/* ---- reading */

static int keep(struct nl_msg *message, void *data)
{
	struct routes *routes = data;
	struct nl_msg **grown = array_grow(routes->list, routes->count, sizeof(*grown));

	if (grown) {
		routes->list = grown;
		grown[routes->count] = nlmsg_convert(nlmsg_hdr(message));
	}
	if (grown && grown[routes->count])
		routes->count++;
	else
		routes->failed = true;
	return NL_OK;
}

static struct nl_msg *build_request(int index)
{
	const struct rtmsg head = {.rtm_family = AF_INET};
	_cleanup_(nl_msg_free_p) struct nl_msg *request =
		nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_DUMP);

	if (!request || nlmsg_append(request, (void *)&head, sizeof(head), NLMSG_ALIGNTO) < 0 ||
	    nla_put_u32(request, RTA_OIF, (uint32_t)index) < 0)
		return NULL;
	return TAKE_PTR(request);
}

static int dump(struct netlink *netlink, struct routes *routes)
{
	_cleanup_(nl_msg_free_p) struct nl_msg *request = build_request(routes->index);
	struct nl_cb *callbacks = nl_cb_alloc(NL_CB_DEFAULT);
	int r = request && callbacks ? 0 : -NLE_NOMEM;

	if (r == 0)
		r = nl_cb_set(callbacks, NL_CB_VALID, NL_CB_CUSTOM, keep, routes);
	if (r == 0)
		r = nl_send_auto(netlink->socket, request);
	if (r >= 0)
		r = nl_recvmsgs(netlink->socket, callbacks);
	nl_cb_put(callbacks);
	return r < 0 ? r : routes->failed ? -NLE_NOMEM : 0;
}

/*
 * The kernel selects the routes of the interface only for a socket of this option, and the other
 * dumps of libnl fail on such a socket.
 */
static void set_strict(struct netlink *netlink, int strict)
{
	setsockopt(nl_socket_get_fd(netlink->socket), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict,
		   sizeof(strict));
}

int routes_save(struct netlink *netlink, int index, struct routes **ret_routes, struct error *error)
{
	_cleanup_(routes_free_p) struct routes *routes = calloc(1, sizeof(*routes));
	int r;

	if (!routes)
		return error_set(error, -ENOMEM, "out of memory");
	routes->index = index;
	set_strict(netlink, 1);
	r = dump(netlink, routes);
	set_strict(netlink, 0);
	if (r < 0)
		return netlink_error(error, r, "routes of interface %d", index);
	*ret_routes = TAKE_PTR(routes);
	return 0;
}

/* ---- comparing */

static bool is_equal(struct nl_msg *one, struct nl_msg *other)
{
	const struct nlmsghdr *a = nlmsg_hdr(one), *b = nlmsg_hdr(other);

	return a->nlmsg_len == b->nlmsg_len &&
	       !memcmp(NLMSG_DATA(a), NLMSG_DATA(b), NLMSG_PAYLOAD(a, 0));
}

static bool is_among(const struct routes *routes, struct nl_msg *message)
{
	for (size_t i = 0; i < routes->count; i++)
		if (is_equal(routes->list[i], message))
			return true;
	return false;
}

/* ---- restoring */

static void clear_flags(struct nl_msg *message)
{
	struct rtmsg *head = nlmsg_data(nlmsg_hdr(message));
	struct nlattr *paths = nlmsg_find_attr(nlmsg_hdr(message), sizeof(*head), RTA_MULTIPATH);
	struct rtnexthop *hop = paths ? nla_data(paths) : NULL;
	int left = paths ? nla_len(paths) : 0;

	head->rtm_flags &= ~READ_ONLY_FLAGS;
	for (; hop && RTNH_OK(hop, left); hop = RTNH_NEXT(hop)) {
		hop->rtnh_flags &= (unsigned char)~READ_ONLY_FLAGS;
		left -= RTNH_ALIGN(hop->rtnh_len);
	}
}

/* The kernel shows the next hops of a nexthop object (ip-nexthop(8)), but refuses them with it. */
static bool is_of_object(int attribute)
{
	return attribute == RTA_OIF || attribute == RTA_GATEWAY || attribute == RTA_VIA ||
	       attribute == RTA_MULTIPATH || attribute == RTA_ENCAP || attribute == RTA_ENCAP_TYPE;
}

static struct nl_msg *build_route(struct nl_msg *saved, int type, int flags)
{
	struct nlmsghdr *header = nlmsg_hdr(saved);
	bool has_object = nlmsg_find_attr(header, sizeof(struct rtmsg), RTA_NH_ID);
	_cleanup_(nl_msg_free_p) struct nl_msg *message = nlmsg_alloc_simple(type, flags);
	struct nlattr *attribute;
	int left;

	if (!message ||
	    nlmsg_append(message, nlmsg_data(header), sizeof(struct rtmsg), NLMSG_ALIGNTO) < 0)
		return NULL;
	nlmsg_for_each_attr(attribute, header, sizeof(struct rtmsg),
			    left) if (!(has_object && is_of_object(nla_type(attribute))) &&
				      nla_put(message, nla_type(attribute), nla_len(attribute),
					      nla_data(attribute)) < 0) return NULL;
	clear_flags(message);
	return TAKE_PTR(message);
}

static bool is_by_kernel(struct nl_msg *message)
{
	const struct rtmsg *head = nlmsg_data(nlmsg_hdr(message));

	return head->rtm_protocol == RTPROT_KERNEL;
}

static int add_route(struct netlink *netlink, struct nl_msg *saved)
{
	struct nl_msg *message = build_route(saved, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND);
	int r = message ? nl_send_sync(netlink->socket, message) : -NLE_NOMEM;

	/* Its source address is gone, with which the route goes anyway. */
	if (r == -NLE_INVAL && nlmsg_find_attr(nlmsg_hdr(saved), sizeof(struct rtmsg), RTA_PREFSRC))
		return 0;
	return r;
}

/* Returns how many were missing and are back; the first failure goes to *ret_code. */
static size_t restore_missing(struct netlink *netlink, const struct routes *routes,
			      const struct routes *now, int *ret_code)
{
	size_t restored = 0;

	*ret_code = 0;
	for (size_t i = 0; i < routes->count; i++) {
		int r;

		if (is_by_kernel(routes->list[i]) || is_among(now, routes->list[i]))
			continue;
		r = add_route(netlink, routes->list[i]);
		restored += r >= 0;
		if (r < 0 && *ret_code == 0)
			*ret_code = r;
	}
	return restored;
}

static bool has_dead_hop(struct nl_msg *message)
{
	struct nlattr *paths =
		nlmsg_find_attr(nlmsg_hdr(message), sizeof(struct rtmsg), RTA_MULTIPATH);
	struct rtnexthop *hop = paths ? nla_data(paths) : NULL;
	int left = paths ? nla_len(paths) : 0;

	for (; hop && RTNH_OK(hop, left); hop = RTNH_NEXT(hop)) {
		if (hop->rtnh_flags & RTNH_F_DEAD)
			return true;
		left -= RTNH_ALIGN(hop->rtnh_len);
	}
	return false;
}

/*
 * Routes with the same next hops share them in the kernel, and a new one would share dead ones: all
 * of them go before any comes back.
 */
static int remove_dying(struct netlink *netlink, const struct routes *routes, struct error *error)
{
	_cleanup_(routes_free_p) struct routes *now = NULL;
	int r = routes_save(netlink, routes->index, &now, error);

	for (size_t i = 0; r == 0 && i < now->count; i++) {
		struct nl_msg *message;

		if (!has_dead_hop(now->list[i]) || is_among(routes, now->list[i]))
			continue;
		message = build_route(now->list[i], RTM_DELROUTE, 0);
		r = message ? nl_send_sync(netlink->socket, message) : -NLE_NOMEM;
		if (r < 0)
			return netlink_error(error, r, "routes of interface %d", routes->index);
	}
	return r;
}

/* A gateway must be reachable by another route: passes go on while they bring routes back. */
int routes_restore(struct netlink *netlink, const struct routes *routes, struct error *error)
{
	int r = remove_dying(netlink, routes, error);
	size_t restored;
	int code;

	if (r < 0)
		return r;
	do {
		_cleanup_(routes_free_p) struct routes *now = NULL;

		r = routes_save(netlink, routes->index, &now, error);
		if (r < 0)
			return r;
		restored = restore_missing(netlink, routes, now, &code);
	} while (code && restored);
	return code ? netlink_error(error, code, "a route of interface %d is lost", routes->index)
		    : 0;
}
