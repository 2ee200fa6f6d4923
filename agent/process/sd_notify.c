/* SPDX-License-Identifier: BSD-2-Clause */
/* One datagram: libsystemd would be a dependency for these few lines. */
#include "process/sd_notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"

static void send_message(const char *message, int flags)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_(close_fd_p) int fd = -1;
	size_t length = path ? strlen(path) : 0;

	if (length < 2 || length >= sizeof(address.sun_path) || !strchr("/@", path[0]))
		return;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@') /* the abstract name space */
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)!sendto(fd, message, strlen(message), MSG_NOSIGNAL | flags,
			      (const struct sockaddr *)&address,
			      offsetof(struct sockaddr_un, sun_path) + length);
}

void sd_notify_send(const char *message)
{
	send_message(message, 0);
}

void sd_notify_alive(void)
{
	send_message("WATCHDOG=1", MSG_DONTWAIT);
}
