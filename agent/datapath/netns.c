/* SPDX-License-Identifier: BSD-2-Clause */
#include "datapath/netns.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/cleanup.h"

int netns_cookie(uint64_t *ret_cookie)
{
	_cleanup_(close_fd_p) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(*ret_cookie);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret_cookie, &size))
		return -errno;
	return 0;
}
