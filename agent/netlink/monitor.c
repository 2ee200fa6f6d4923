/* SPDX-License-Identifier: BSD-2-Clause */
/* One libmnl socket for all groups. Of a message only its type counts. */
#include "netlink/monitor.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "netlink/request.h"

/* A burst of routes fits: each message takes about 1 KiB of the kernel's memory. */
#define RECEIVE_BYTES (4 << 20)

struct monitor {
	struct mnl_socket *socket;
};

static const int groups[] = {
	RTNLGRP_LINK,	    RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
	RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,	 RTNLGRP_IPV6_RULE,   RTNLGRP_TC,
};

static int subscribe(struct mnl_socket *socket)
{
	int bytes = RECEIVE_BYTES;
	int fd = mnl_socket_get_fd(socket);

	/* Without CAP_NET_ADMIN the limit of the host holds. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		int group = groups[i];

		/* A kernel without IPv6 has its groups all the same. */
		if (mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) <
		    0)
			return -errno;
	}
	return 0;
}

int monitor_open(struct monitor **ret_monitor, struct error *error)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));
	int r;

	if (!monitor)
		return error_set(error, -ENOMEM, "out of memory");
	monitor->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	r = monitor->socket ? subscribe(monitor->socket) : -errno;
	if (r) {
		monitor_close(monitor);
		return error_set(error, r, "cannot listen to the kernel's changes: %s",
				 strerror(-r));
	}
	*ret_monitor = monitor;
	return 0;
}

void monitor_close(struct monitor *monitor)
{
	if (!monitor)
		return;
	if (monitor->socket)
		mnl_socket_close(monitor->socket);
	free(monitor);
}

int monitor_fd(const struct monitor *monitor)
{
	return mnl_socket_get_fd(monitor->socket);
}

enum monitor_change monitor_parse(const void *messages, int size)
{
	const struct nlmsghdr *header = messages;
	enum monitor_change change = MONITOR_NOTHING;

	for (; mnl_nlmsg_ok(header, size); header = mnl_nlmsg_next(header, &size)) {
		if (header->nlmsg_type == RTM_NEWLINK || header->nlmsg_type == RTM_DELLINK)
			return MONITOR_LINK;
		if (header->nlmsg_type >= RTM_BASE)
			change = MONITOR_CHANGE;
	}
	return change;
}

enum monitor_change monitor_read(struct monitor *monitor)
{
	enum monitor_change change = MONITOR_NOTHING;
	char buffer[REQUEST_BUFFER];

	for (;;) {
		ssize_t got = mnl_socket_recvfrom(monitor->socket, buffer, sizeof(buffer));
		enum monitor_change next;

		if (got < 0 && errno == EINTR)
			continue;
		/* ENOBUFS: messages were lost; the older ones still follow. */
		if (got < 0 && errno != ENOBUFS)
			return change;
		next = got < 0 ? MONITOR_LINK : monitor_parse(buffer, (int)got);
		change = next > change ? next : change;
	}
}
