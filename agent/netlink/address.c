/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds, adds and removes addresses of interfaces. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <netlink/netlink.h>
#include <netlink/route/addr.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "netlink/netlink.h"
#include "netlink/routes.h"
#include "netlink/socket.h"

#define LIFETIME_FOREVER UINT32_MAX /* INFINITY_LIFE_TIME of the kernel */

static void cache_free_p(struct nl_cache **cache)
{
	nl_cache_free(*cache);
}

static void rtnl_addr_put_p(struct rtnl_addr **address)
{
	rtnl_addr_put(*address);
}

static void nl_addr_put_p(struct nl_addr **address)
{
	nl_addr_put(*address);
}

/* NULL: out of memory. */
static struct nl_addr *to_libnl(const struct address *address)
{
	if (address_is_ipv4(address))
		return nl_addr_build(AF_INET, address->bytes + 12, 4);
	return nl_addr_build(AF_INET6, address->bytes, 16);
}

typedef bool (*address_matcher)(struct rtnl_addr *candidate, const struct nl_addr *wanted,
				int index);

/* The interface of the first address that `match` accepts; 0: none. */
static int search(struct nl_cache *cache, const struct nl_addr *wanted, int index,
		  address_matcher match)
{
	struct nl_object *object;

	for (object = nl_cache_get_first(cache); object; object = nl_cache_get_next(object)) {
		struct rtnl_addr *candidate = (struct rtnl_addr *)object;

		if (match(candidate, wanted, index))
			return rtnl_addr_get_ifindex(candidate);
	}
	return 0;
}

static bool is_same(struct rtnl_addr *candidate, const struct nl_addr *wanted, int index)
{
	struct nl_addr *local = rtnl_addr_get_local(candidate);

	(void)index;
	return local && nl_addr_get_family(local) == nl_addr_get_family(wanted) &&
	       !memcmp(nl_addr_get_binary_addr(local), nl_addr_get_binary_addr(wanted),
		       nl_addr_get_len(wanted));
}

static bool is_home(struct rtnl_addr *candidate, const struct nl_addr *wanted, int index)
{
	struct nl_addr *local = rtnl_addr_get_local(candidate);

	if (rtnl_addr_get_ifindex(candidate) != index || !local ||
	    nl_addr_get_family(local) != nl_addr_get_family(wanted))
		return false;
	/* Compares the bits of the shorter prefix, which is the interface's network. */
	return !nl_addr_cmp_prefix(local, wanted);
}

int netlink_address_find(struct netlink *netlink, const struct address *address, int *ret_index,
			 struct error *error)
{
	_cleanup_(cache_free_p) struct nl_cache *cache = NULL;
	_cleanup_(nl_addr_put_p) struct nl_addr *wanted = to_libnl(address);
	int r = wanted ? rtnl_addr_alloc_cache(netlink->socket, &cache) : -NLE_NOMEM;

	if (r < 0)
		return netlink_error(error, r, "addresses of the interfaces");
	*ret_index = search(cache, wanted, 0, is_same);
	return 0;
}

int netlink_address_home(struct netlink *netlink, const struct address *address, const int *indexes,
			 size_t n_indexes, int *ret_index, struct error *error)
{
	_cleanup_(cache_free_p) struct nl_cache *cache = NULL;
	_cleanup_(nl_addr_put_p) struct nl_addr *wanted = to_libnl(address);
	int r = wanted ? rtnl_addr_alloc_cache(netlink->socket, &cache) : -NLE_NOMEM;
	int home = 0;

	if (r < 0)
		return netlink_error(error, r, "addresses of the interfaces");
	for (size_t i = 0; i < n_indexes && !home; i++)
		home = search(cache, wanted, indexes[i], is_home);
	*ret_index = home ? home : indexes[0];
	return 0;
}

/* NULL: out of memory. */
static struct rtnl_addr *plumb_build(const struct netlink_plumb *plumb)
{
	_cleanup_(rtnl_addr_put_p) struct rtnl_addr *built = rtnl_addr_alloc();
	_cleanup_(nl_addr_put_p) struct nl_addr *local = to_libnl(&plumb->address);

	if (!built || !local || rtnl_addr_set_local(built, local) < 0)
		return NULL;
	rtnl_addr_set_ifindex(built, plumb->index);
	if (!address_is_ipv4(&plumb->address)) {
		rtnl_addr_set_flags(built, IFA_F_NODAD);
		rtnl_addr_set_valid_lifetime(built, LIFETIME_FOREVER);
		rtnl_addr_set_preferred_lifetime(built, 0);
	} else {
		rtnl_addr_set_scope(built, RT_SCOPE_HOST);
	}
	return TAKE_PTR(built);
}

int netlink_address_add(struct netlink *netlink, const struct netlink_plumb *plumb,
			struct error *error)
{
	_cleanup_(rtnl_addr_put_p) struct rtnl_addr *built = plumb_build(plumb);
	char text[ADDRESS_TEXT_SIZE];
	int r = built ? rtnl_addr_add(netlink->socket, built, NLM_F_EXCL) : -NLE_NOMEM;

	/* The kernel answers EACCES in this case only. */
	if (r == -NLE_NOACCESS && !address_is_ipv4(&plumb->address))
		return error_set(error, -EACCES,
				 "cannot add address %s: IPv6 is disabled on its interface",
				 address_format(&plumb->address, text));
	if (r < 0)
		return netlink_error(error, r, "cannot add address %s",
				     address_format(&plumb->address, text));
	return 0;
}

static bool is_other_ipv4(struct rtnl_addr *candidate, const struct nl_addr *wanted, int index)
{
	return rtnl_addr_get_family(candidate) == AF_INET &&
	       rtnl_addr_get_ifindex(candidate) == index && !is_same(candidate, wanted, index);
}

static int remove_address(struct netlink *netlink, const struct netlink_plumb *plumb,
			  struct error *error)
{
	_cleanup_(rtnl_addr_put_p) struct rtnl_addr *built = plumb_build(plumb);
	char text[ADDRESS_TEXT_SIZE];
	int r = built ? rtnl_addr_delete(netlink->socket, built, 0) : -NLE_NOMEM;

	if (r == -NLE_NOADDR || r == -NLE_NODEV || r == -NLE_OBJ_NOTFOUND)
		return 0;
	if (r < 0)
		return netlink_error(error, r, "cannot remove address %s",
				     address_format(&plumb->address, text));
	return 0;
}

/* The routes of the interface if it is to lose its last IPv4 address, else NULL. */
static int save_routes(struct netlink *netlink, const struct netlink_plumb *plumb,
		       struct routes **ret_routes, struct error *error)
{
	_cleanup_(cache_free_p) struct nl_cache *cache = NULL;
	_cleanup_(nl_addr_put_p) struct nl_addr *wanted = to_libnl(&plumb->address);
	int r = wanted ? rtnl_addr_alloc_cache(netlink->socket, &cache) : -NLE_NOMEM;

	if (r < 0)
		return netlink_error(error, r, "addresses of the interfaces");
	if (!address_is_ipv4(&plumb->address) || search(cache, wanted, plumb->index, is_other_ipv4))
		return 0;
	return routes_save(netlink, plumb->index, ret_routes, error);
}

/*
 * No address of somebody else goes along, as it would with the primary address of its network: a
 * /32 is the only address of its network.
 */
int netlink_address_remove(struct netlink *netlink, const struct netlink_plumb *plumb,
			   struct error *error)
{
	struct routes *routes = NULL;
	int r = save_routes(netlink, plumb, &routes, error);

	if (!r)
		r = remove_address(netlink, plumb, error);
	if (!r && routes)
		r = routes_restore(netlink, routes, error);
	routes_free(routes);
	return r;
}

/* ---- addresses of older versions */

static bool is_wider(struct rtnl_addr *candidate, const struct nl_addr *wanted, int index)
{
	return is_same(candidate, wanted, index) && rtnl_addr_get_ifindex(candidate) == index &&
	       rtnl_addr_get_scope(candidate) != RT_SCOPE_HOST;
}

/* The same address with another prefix: the kernel keeps the two apart. */
static struct rtnl_addr *build_substitute(const struct netlink_plumb *plumb)
{
	_cleanup_(rtnl_addr_put_p) struct rtnl_addr *built = plumb_build(plumb);

	if (!built)
		return NULL;
	rtnl_addr_set_prefixlen(built, 31);
	rtnl_addr_set_flags(built, IFA_F_NOPREFIXROUTE);
	return TAKE_PTR(built);
}

static int replace(struct netlink *netlink, const struct netlink_plumb *plumb)
{
	_cleanup_(rtnl_addr_put_p) struct rtnl_addr *built = plumb_build(plumb);
	_cleanup_(rtnl_addr_put_p) struct rtnl_addr *substitute = build_substitute(plumb);
	int r = built && substitute ? rtnl_addr_add(netlink->socket, substitute, NLM_F_EXCL)
				    : -NLE_NOMEM;

	if (r < 0)
		return r;
	r = rtnl_addr_delete(netlink->socket, built, 0);
	if (r >= 0)
		r = rtnl_addr_add(netlink->socket, built, NLM_F_EXCL);
	if (r >= 0)
		r = rtnl_addr_delete(netlink->socket, substitute, 0);
	return r;
}

int netlink_address_narrow(struct netlink *netlink, const struct netlink_plumb *plumb,
			   struct error *error)
{
	_cleanup_(cache_free_p) struct nl_cache *cache = NULL;
	_cleanup_(nl_addr_put_p) struct nl_addr *wanted = to_libnl(&plumb->address);
	int r = wanted ? rtnl_addr_alloc_cache(netlink->socket, &cache) : -NLE_NOMEM;
	char text[ADDRESS_TEXT_SIZE];

	if (r >= 0 && address_is_ipv4(&plumb->address) &&
	    search(cache, wanted, plumb->index, is_wider))
		r = replace(netlink, plumb);
	if (r < 0)
		return netlink_error(error, r, "cannot change the scope of address %s",
				     address_format(&plumb->address, text));
	return 0;
}
