/* SPDX-License-Identifier: BSD-2-Clause */
/* A lock is taken on a descriptor that can only read, so that a file of root's serves every user. */
#include "process/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "base/cleanup.h"
#include "base/error.h"

int lock_take(const char *runtime_dir, int *ret_fd, struct error *error)
{
	_cleanup_(free_p) char *file = NULL;
	_cleanup_(close_fd_p) int fd = -1;

	if (asprintf(&file, "%s/agent.lock", runtime_dir) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	fd = open(file, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return error_set(error, -errno, "lock '%s': %s", file, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return error_set(error, -EBUSY, "agent already running: it holds '%s'",
					 file);
		return error_set(error, -errno, "lock '%s': %s", file, strerror(errno));
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}
