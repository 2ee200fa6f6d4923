/* SPDX-License-Identifier: BSD-2-Clause */
/* The clsact qdisc, for kernels without TCX. datapath/ attaches the filters. */
#include <errno.h>
#include <linux/pkt_sched.h>
#include <stdint.h>
#include <string.h>

#include <netlink/netlink.h>
#include <netlink/route/classifier.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/tc.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "netlink/netlink.h"
#include "netlink/socket.h"

static void cache_free_p(struct nl_cache **cache)
{
	nl_cache_free(*cache);
}

static void qdisc_put_p(struct rtnl_qdisc **qdisc)
{
	rtnl_qdisc_put(*qdisc);
}

int netlink_clsact_find(struct netlink *netlink, int index, bool *ret_there, struct error *error)
{
	_cleanup_(cache_free_p) struct nl_cache *cache = NULL;
	_cleanup_(qdisc_put_p) struct rtnl_qdisc *qdisc = NULL;
	const char *kind;
	int r = rtnl_qdisc_alloc_cache(netlink->socket, &cache);

	if (r < 0)
		return netlink_error(error, r, "qdiscs of the interfaces");
	/* An ingress qdisc has the same parent and excludes clsact. */
	qdisc = rtnl_qdisc_get_by_parent(cache, index, TC_H_CLSACT);
	kind = qdisc ? rtnl_tc_get_kind(TC_CAST(qdisc)) : NULL;
	if (qdisc && (!kind || strcmp(kind, "clsact")))
		return error_set(error, -EEXIST,
				 "found a qdisc of kind '%s' in the place of clsact: replace it by "
				 "clsact, which can do the same",
				 kind ? kind : "?");
	*ret_there = qdisc;
	return 0;
}

/* NULL: out of memory. */
static struct rtnl_qdisc *clsact_build(int index)
{
	_cleanup_(qdisc_put_p) struct rtnl_qdisc *qdisc = rtnl_qdisc_alloc();

	if (!qdisc || rtnl_tc_set_kind(TC_CAST(qdisc), "clsact") < 0)
		return NULL;
	rtnl_tc_set_ifindex(TC_CAST(qdisc), index);
	rtnl_tc_set_parent(TC_CAST(qdisc), TC_H_CLSACT);
	rtnl_tc_set_handle(TC_CAST(qdisc), TC_H_MAKE(TC_H_CLSACT, 0));
	return TAKE_PTR(qdisc);
}

int netlink_clsact_add(struct netlink *netlink, int index, struct error *error)
{
	_cleanup_(qdisc_put_p) struct rtnl_qdisc *qdisc = clsact_build(index);
	int r = qdisc ? rtnl_qdisc_add(netlink->socket, qdisc, NLM_F_CREATE | NLM_F_EXCL)
		      : -NLE_NOMEM;

	return r < 0 ? netlink_error(error, r, "cannot add a clsact qdisc") : 0;
}

/* The number of filters of one direction, foreign ones included; or a negative code of libnl. */
static int count_filters(struct netlink *netlink, int index, uint32_t direction)
{
	_cleanup_(cache_free_p) struct nl_cache *cache = NULL;
	int r = rtnl_cls_alloc_cache(netlink->socket, index, TC_H_MAKE(TC_H_CLSACT, direction),
				     &cache);

	return r < 0 ? r : nl_cache_nitems(cache);
}

int netlink_clsact_remove(struct netlink *netlink, int index, struct error *error)
{
	_cleanup_(qdisc_put_p) struct rtnl_qdisc *qdisc = NULL;
	bool there = false;
	int ingress, egress, r;

	r = netlink_clsact_find(netlink, index, &there, error);
	if (r == -EEXIST || (!r && !there))
		return 0;
	if (r)
		return r;
	ingress = count_filters(netlink, index, TC_H_MIN_INGRESS);
	egress = count_filters(netlink, index, TC_H_MIN_EGRESS);
	if (ingress < 0 || egress < 0)
		return netlink_error(error, ingress < 0 ? ingress : egress, "filters of clsact");
	if (ingress || egress)
		return 0;

	qdisc = clsact_build(index);
	r = qdisc ? rtnl_qdisc_delete(netlink->socket, qdisc) : -NLE_NOMEM;
	if (r < 0 && r != -NLE_NODEV && r != -NLE_OBJ_NOTFOUND)
		return netlink_error(error, r, "cannot remove the clsact qdisc");
	return 0;
}
