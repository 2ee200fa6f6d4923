/* SPDX-License-Identifier: BSD-2-Clause */
/* Unix sockets replace the stale file of a killed process; TCP sockets the port of one. */
#include "process/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "base/error.h"

_Static_assert(sizeof(((struct sockaddr_un *)NULL)->sun_path) == LISTEN_PATH_SIZE, "unix(7)");

static int make_socket(int family, int *ret_fd, struct error *error)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return error_set(error, -errno, "socket: %s", strerror(errno));
	*ret_fd = fd;
	return 0;
}

static bool is_served(const struct sockaddr_un *address)
{
	_cleanup_(close_fd_p) int fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* EAGAIN: its queue of connections is full. */
	return fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
			   errno == EAGAIN);
}

/* A killed process leaves its socket file behind. */
static int remove_stale(const struct sockaddr_un *address, struct error *error)
{
	const char *path = address->sun_path;
	struct stat status;

	if (lstat(path, &status) < 0)
		return errno == ENOENT
			       ? 0
			       : error_set(error, -errno, "socket '%s': %s", path, strerror(errno));
	if (!S_ISSOCK(status.st_mode))
		return error_set(error, -EEXIST, "socket '%s': the file is not a socket; remove it",
				 path);
	if (is_served(address))
		return error_set(error, -EADDRINUSE, "socket '%s': another process serves it",
				 path);
	if (unlink(path) < 0 && errno != ENOENT)
		return error_set(error, -errno, "stale socket '%s': %s", path, strerror(errno));
	return 0;
}

/* connect() fails until listen(), so the mode holds for the first connection, too. */
static int listen_at(const char *path, mode_t mode, int *ret_fd, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(error, -ENAMETOOLONG, "socket '%s': path too long", path);
	strcpy(address.sun_path, path);
	r = make_socket(AF_UNIX, &fd, error);
	if (r == 0)
		r = remove_stale(&address, error);
	if (r < 0)
		return r;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, mode) < 0 || listen(fd, SOMAXCONN) < 0)
		return error_set(error, -errno, "socket '%s': %s", path, strerror(errno));
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int listen_unix(const char *path, int *ret_fd, struct error *error)
{
	return listen_at(path, 0660, ret_fd, error);
}

int listen_private(const char *path, int *ret_fd, struct error *error)
{
	return listen_at(path, 0600, ret_fd, error);
}

void listen_note(const char *path, struct listen_file *ret_file)
{
	struct stat status = {0};

	/* A file that is gone already has inode 0, and so is lost. */
	lstat(path, &status);
	snprintf(ret_file->path, sizeof(ret_file->path), "%s", path);
	ret_file->device = status.st_dev;
	ret_file->inode = status.st_ino;
}

bool listen_is_lost(const struct listen_file *file)
{
	struct stat status;

	if (!*file->path)
		return false;
	if (lstat(file->path, &status) < 0)
		return errno == ENOENT;
	return status.st_dev != file->device || status.st_ino != file->inode;
}

void listen_remove(struct listen_file *file)
{
	if (*file->path && !listen_is_lost(file))
		unlink(file->path);
	file->path[0] = '\0';
}

static socklen_t fill(const struct address *from, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)ret;

	*ret = (struct sockaddr_storage){0};
	if (address_is_ipv4(from)) {
		ipv4->sin_family = AF_INET;
		ipv4->sin_port = htons(port);
		memcpy(&ipv4->sin_addr, from->bytes + 12, sizeof(ipv4->sin_addr));
		return sizeof(*ipv4);
	}
	ipv6->sin6_family = AF_INET6;
	ipv6->sin6_port = htons(port);
	memcpy(&ipv6->sin6_addr, from->bytes, sizeof(ipv6->sin6_addr));
	return sizeof(*ipv6);
}

int listen_tcp(const struct address *address, uint16_t port, int *ret_fd, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct sockaddr_storage name;
	socklen_t size = fill(address, port, &name);
	char text[ENDPOINT_TEXT_SIZE];
	int on = 1;
	int r = make_socket(name.ss_family, &fd, error);

	if (r < 0)
		return r;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&name, size) < 0 || listen(fd, SOMAXCONN) < 0)
		return error_set(error, -errno, "'%s': %s", endpoint_format(address, port, text),
				 strerror(errno));
	*ret_fd = TAKE_FD(fd);
	return 0;
}
