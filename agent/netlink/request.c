/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks and reads until the last answer. */
#include "netlink/request.h"

#include <errno.h>

int request_run(struct mnl_socket *socket, char *buffer, size_t size, mnl_cb_t callback, void *data)
{
	const struct nlmsghdr *header = (const struct nlmsghdr *)buffer;
	unsigned int sequence = header->nlmsg_seq;
	unsigned int port = mnl_socket_get_portid(socket);
	int r = 1;

	if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
		return -errno;
	while (r > 0) {
		ssize_t got = mnl_socket_recvfrom(socket, buffer, size);

		if (got < 0 && errno == EINTR)
			continue;
		r = got < 0 ? -1 : mnl_cb_run(buffer, (size_t)got, sequence, port, callback, data);
	}
	return r < 0 ? -errno : 0;
}
