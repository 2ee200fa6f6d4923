/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds interfaces, by name and by route. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "netlink/link.h"
#include "netlink/netlink.h"
#include "netlink/request.h"
#include "netlink/snapshot.h"
#include "netlink/socket.h"

static int take(const struct nlmsghdr *header, void *data)
{
	link_read(header, data);
	return MNL_CB_STOP;
}

static int ask(struct netlink *netlink, const char *name, struct netlink_interface *ret_interface)
{
	char buffer[REQUEST_BUFFER];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);

	header->nlmsg_type = RTM_GETLINK;
	header->nlmsg_flags = NLM_F_REQUEST;
	mnl_nlmsg_put_extra_header(header, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(header, IFLA_IFNAME, name);
	return request_run(netlink->dumps, buffer, sizeof(buffer), take, ret_interface);
}

int netlink_interface_get(struct netlink *netlink, const char *name,
			  struct netlink_interface *ret_interface, struct error *error)
{
	struct netlink_interface found;
	int r;

	/* The kernel answers a name that is too long by another error. */
	if (!*name || strlen(name) >= IFNAMSIZ)
		return error_set(error, -ENODEV, "no interface '%s'", name);
	r = ask(netlink, name, &found);
	if (r == -ENODEV)
		return error_set(error, -ENODEV, "no interface '%s'", name);
	if (r)
		return error_set(error, r, "interface '%s': %s", name, strerror(-r));
	*ret_interface = found;
	return 0;
}

static int collect(const struct snapshot *snapshot, struct netlink_interface **ret_interfaces,
		   size_t *ret_count, struct error *error)
{
	struct netlink_interface *found = calloc(snapshot->n_links + 1, sizeof(*found));
	size_t count = 0;

	if (!found)
		return error_set(error, -ENOMEM, "out of memory");
	for (size_t i = 0; i < snapshot->n_links; i++)
		if (snapshot_leads_outside(snapshot, snapshot->links[i].index))
			found[count++] = snapshot->links[i];
	if (!count) {
		free(found);
		return error_set(error, -ENOENT,
				 "no default route names an interface: set interfaces = { \"…\" }");
	}
	*ret_interfaces = found;
	*ret_count = count;
	return 0;
}

int netlink_default_interfaces(struct netlink *netlink, struct netlink_interface **ret_interfaces,
			       size_t *ret_count, struct error *error)
{
	struct snapshot snapshot = {0};
	int r = netlink_snapshot(netlink, &snapshot, error);

	if (!r)
		r = collect(&snapshot, ret_interfaces, ret_count, error);
	snapshot_done(&snapshot);
	return r;
}
