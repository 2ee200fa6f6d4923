/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the cgroup2 mount, then the inode of a directory below it. */
#include "base/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/* proc(5): … (5) mount point (6) options … " - " type source options. */
static int parse_mount(const char *line, char mount[PATH_MAX])
{
	const char *type = strstr(line, " - ");

	if (!type || strncmp(type + 3, "cgroup2 ", 8) != 0)
		return -ENOENT;
	return sscanf(line, "%*d %*d %*s %*s %4095s", mount) == 1 ? 0 : -ENOENT;
}

static int find_mount(char mount[PATH_MAX])
{
	_cleanup_(fclose_p) FILE *file = fopen("/proc/self/mountinfo", "re");
	_cleanup_(free_p) char *line = NULL;
	size_t size = 0;

	if (!file)
		return -errno;
	while (getline(&line, &size, file) > 0)
		if (parse_mount(line, mount) == 0)
			return 0;
	return -ENODEV;
}

int cgroup_open_root(int *ret_fd)
{
	char mount[PATH_MAX];
	int r = find_mount(mount);
	int fd;

	if (r < 0)
		return r;
	fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int cgroup_id(const char *path, uint64_t *ret_id)
{
	char mount[PATH_MAX];
	char full[2 * PATH_MAX];
	struct stat status;
	int r = find_mount(mount);

	if (r < 0)
		return r;
	snprintf(full, sizeof(full), "%s%s", mount, path);
	if (stat(full, &status) < 0)
		return -errno;
	*ret_id = status.st_ino;
	return 0;
}
