/* SPDX-License-Identifier: BSD-2-Clause */
/* Filters on clsact, as far as their order goes. datapath/ attaches ours. */
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

#include <netlink/netlink.h>
#include <netlink/route/classifier.h>
#include <netlink/route/tc.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "netlink/netlink.h"
#include "netlink/socket.h"

static void cache_free_p(struct nl_cache **cache)
{
	nl_cache_free(*cache);
}

int netlink_filter_first(struct netlink *netlink, int index, bool egress,
			 struct netlink_filter *ret_filter, struct error *error)
{
	_cleanup_(cache_free_p) struct nl_cache *cache = NULL;
	uint32_t parent = TC_H_MAKE(TC_H_CLSACT, egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
	struct nl_object *object;
	int r = rtnl_cls_alloc_cache(netlink->socket, index, parent, &cache);

	if (r < 0)
		return netlink_error(error, r, "filters of clsact");
	*ret_filter = (struct netlink_filter){0};
	for (object = nl_cache_get_first(cache); object; object = nl_cache_get_next(object)) {
		struct rtnl_cls *filter = (struct rtnl_cls *)object;
		const char *kind = rtnl_tc_get_kind(TC_CAST(filter));

		/* The kernel lists each priority itself first, without a handle. */
		if (!rtnl_tc_get_handle(TC_CAST(filter)))
			continue;
		ret_filter->priority = rtnl_cls_get_prio(filter);
		ret_filter->handle = rtnl_tc_get_handle(TC_CAST(filter));
		snprintf(ret_filter->kind, sizeof(ret_filter->kind), "%s", kind ? kind : "?");
		return 0;
	}
	return 0;
}
