/* SPDX-License-Identifier: BSD-2-Clause */
/* Waits by trying again: flock() itself has no end in time, and a stopped process holds it. */
#include "datapath/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"

#define TRY_EVERY_US 1000

int writer_open(const char *pin_path, int *ret_fd, struct error *error)
{
	int fd = open(pin_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT)
		return error_set(error, -errno, "'%s': %s", pin_path, strerror(errno));
	*ret_fd = fd;
	return 0;
}

int writer_lock(int fd, unsigned wait_ms)
{
	for (unsigned ms = 0;; ms++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (ms >= wait_ms)
			return -EBUSY;
		usleep(TRY_EVERY_US);
	}
}

void writer_unlock(int fd)
{
	flock(fd, LOCK_UN);
}
