/* SPDX-License-Identifier: BSD-2-Clause */
/* The descriptor is read-only, so that every user can lock a file that root made. */
#include "process/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

/* lock_look() holds the lock too, for microseconds. */
#define TRIES	     20
#define TRY_EVERY_US 2000

static int take(int fd)
{
	int r = -EWOULDBLOCK;

	for (int i = 0; r == -EWOULDBLOCK && i < TRIES; i++) {
		if (i)
			usleep(TRY_EVERY_US);
		r = flock(fd, LOCK_EX | LOCK_NB) ? -errno : 0;
	}
	return r;
}

int lock_take(const char *runtime_dir, const char *name, int *ret_fd, struct error *error)
{
	_cleanup_(free_p) char *file = NULL;
	_cleanup_(close_fd_p) int fd = -1;
	int r;

	if (asprintf(&file, "%s/%s.lock", runtime_dir, name) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	/* O_NONBLOCK: a pipe in its place must not stop `postern run`, which is root here. */
	fd = open(file, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd < 0 && errno == EACCES)
		return error_set(
			error, -EACCES,
			"lock '%s': %s, expected a directory of this user: 'postern up' makes it",
			file, strerror(EACCES));
	if (fd < 0)
		return error_set(error, -errno, "lock '%s': %s", file, strerror(errno));
	r = take(fd);
	if (r == -EWOULDBLOCK)
		return error_set(error, -EBUSY, "%s already running: it holds '%s'", name, file);
	if (r < 0)
		return error_set(error, r, "lock '%s': %s", file, strerror(-r));
	/* Others look at it, whatever the umask of a unit; the directory says who may. */
	if (fchmod(fd, 0644) < 0 && errno != EPERM)
		return error_set(error, -errno, "lock '%s': %s", file, strerror(errno));
	/* lock_look() reads this time. Only its owner can set it: otherwise it stays older. */
	if (futimens(fd, NULL) < 0 && errno != EPERM && errno != EACCES)
		return error_set(error, -errno, "lock '%s': %s", file, strerror(errno));
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int lock_look(const char *runtime_dir, const char *name, int64_t *ret_since_sec)
{
	_cleanup_(free_p) char *file = NULL;
	_cleanup_(close_fd_p) int fd = -1;
	struct stat status;

	if (asprintf(&file, "%s/%s.lock", runtime_dir, name) < 0)
		return -ENOMEM;
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (flock(fd, LOCK_SH | LOCK_NB) == 0)
		return -ESRCH;
	if (errno != EWOULDBLOCK)
		return -errno;
	*ret_since_sec = status.st_mtime;
	return 0;
}
