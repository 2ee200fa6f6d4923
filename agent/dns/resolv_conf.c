/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares as glibc does: the time of the last change, and the inode. */
#include "dns/resolv_conf.h"

#include <sys/stat.h>

#include "base/clock.h"

bool resolv_conf_changed(struct resolv_conf *file, uint64_t now_ns)
{
	const struct resolv_conf before = *file;
	struct stat status = {.st_ino = 0}; /* no file */

	if (before.looked_ns && now_ns - before.looked_ns < NS_PER_SEC)
		return false;
	(void)stat("/etc/resolv.conf", &status);
	file->looked_ns = now_ns;
	file->changed = status.st_mtim;
	file->inode = status.st_ino;
	return before.looked_ns &&
	       (file->inode != before.inode || file->changed.tv_sec != before.changed.tv_sec ||
		file->changed.tv_nsec != before.changed.tv_nsec);
}
