/* SPDX-License-Identifier: BSD-2-Clause */
/* The rtnetlink sockets; libnl's error codes as errno. */
#include "netlink/socket.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "base/error.h"
#include "netlink/netlink.h"

static int closest_errno(int nl_code)
{
	switch (nl_code < 0 ? -nl_code : nl_code) {
	case NLE_SUCCESS:
		return 0;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_EXIST:
		return -EEXIST;
	case NLE_NODEV:
		return -ENODEV;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_NOADDR:
		return -EADDRNOTAVAIL;
	case NLE_INVAL:
		return -EINVAL;
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

int netlink_error(struct error *error, int nl_code, const char *format, ...)
{
	char doing[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(doing, sizeof(doing), format, arguments);
	va_end(arguments);
	return error_set(error, closest_errno(nl_code), "%s: %s", doing, nl_geterror(nl_code));
}

int netlink_open(struct netlink **ret_netlink, struct error *error)
{
	struct netlink *netlink = calloc(1, sizeof(*netlink));
	int r;

	if (!netlink)
		return error_set(error, -ENOMEM, "netlink: out of memory");
	netlink->socket = nl_socket_alloc();
	r = netlink->socket ? nl_connect(netlink->socket, NETLINK_ROUTE) : -NLE_NOMEM;
	if (r < 0) {
		netlink_free(netlink);
		return netlink_error(error, r, "netlink: cannot open a socket");
	}
	netlink->dumps = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!netlink->dumps || mnl_socket_bind(netlink->dumps, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		netlink_free(netlink);
		return error_set(error, r, "netlink: cannot open a socket: %s", strerror(-r));
	}
	*ret_netlink = netlink;
	return 0;
}

void netlink_free(struct netlink *netlink)
{
	if (!netlink)
		return;
	nl_socket_free(netlink->socket);
	if (netlink->dumps)
		mnl_socket_close(netlink->dumps);
	free(netlink);
}
