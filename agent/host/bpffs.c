/* SPDX-License-Identifier: BSD-2-Clause */
/* The mount, the directories that lead to the pins, and who may pass through them. */
#include "host/bpffs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "host/journal.h"

#define USUAL_MOUNT_POINT "/sys/fs/bpf"

static bool is_bpffs(const char *path)
{
	struct statfs status;

	return !statfs(path, &status) && status.f_type == BPF_FS_MAGIC;
}

/* Replaces the path by its parent; "/" stays. */
static void to_parent(char path[PATH_MAX])
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	snprintf(path, PATH_MAX, "%s", dirname(copy));
}

static int parent_of(const char *path, char parent[PATH_MAX], struct error *error)
{
	if (snprintf(parent, PATH_MAX, "%s", path) >= PATH_MAX)
		return error_set(error, -ENAMETOOLONG, "path '%s' is too long", path);
	to_parent(parent);
	return 0;
}

/* On a bpffs only the kernel makes names with a dot: progs.debug, maps.debug. */
static bool is_of_kernel(int directory_fd, const char *name)
{
	(void)directory_fd;
	return strchr(name, '.');
}

static bool is_dot(int directory_fd, const char *name)
{
	(void)directory_fd;
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static bool is_of_root(int directory_fd, const char *name)
{
	struct stat status;

	return fstatat(directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) || !status.st_uid;
}

typedef bool (*entry_test)(int directory_fd, const char *name);

static bool holds_only(const char *directory, entry_test is_ignored)
{
	DIR *stream = opendir(directory);
	struct dirent *entry;
	bool only = true;

	if (!stream)
		return false;
	while (only && (entry = readdir(stream)))
		only = is_ignored(dirfd(stream), entry->d_name);
	closedir(stream);
	return only;
}

/* Makes the missing directories of the path, outermost first. */
static int make_directories(const char *path, struct journal *journal, struct error *error)
{
	char part[PATH_MAX];

	for (size_t length = 1; length <= strlen(path); length++) {
		int r;

		if (path[length] && path[length] != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)length, path);
		if (!access(part, F_OK))
			continue;
		r = journal_add(journal, JOURNAL_DIRECTORY, part, NULL, error);
		if (r)
			return r;
		if (mkdir(part, 0755) && errno != EEXIST)
			return error_set(error, -errno, "cannot create '%s': %s", part,
					 strerror(errno));
	}
	return 0;
}

static int mount_at(const char *mount_point, struct journal *journal, struct error *error)
{
	int r = make_directories(mount_point, journal, error);

	if (r)
		return r;
	if (!holds_only(mount_point, is_dot))
		return error_set(
			error, -ENOTEMPTY,
			"'%s' is not empty and not on a BPF file system; a mount would hide "
			"its contents: choose a pin_path below " USUAL_MOUNT_POINT,
			mount_point);
	r = journal_add(journal, JOURNAL_MOUNT, mount_point, NULL, error);
	if (r)
		return r;
	if (mount("bpf", mount_point, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		return error_set(error, -errno, "cannot mount a BPF file system on '%s': %s",
				 mount_point, strerror(errno));
	return 0;
}

int bpffs_prepare(const char *pin_path, struct journal *journal, struct error *error)
{
	char parent[PATH_MAX], existing[PATH_MAX];
	int r = parent_of(pin_path, parent, error);

	if (r)
		return r;
	memcpy(existing, parent, sizeof(existing));
	while (access(existing, F_OK) && strcmp(existing, "/"))
		to_parent(existing);
	if (!is_bpffs(existing)) {
		bool usual =
			!strncmp(pin_path, USUAL_MOUNT_POINT "/", strlen(USUAL_MOUNT_POINT "/"));

		r = mount_at(usual ? USUAL_MOUNT_POINT : parent, journal, error);
		if (r)
			return r;
	}
	return make_directories(parent, journal, error);
}

static int open_directory(const char *directory, uid_t uid, struct journal *journal,
			  struct error *error)
{
	struct stat status;
	char mode[8];
	int r;

	if (stat(directory, &status))
		return error_set(error, -errno, "'%s': %s", directory, strerror(errno));
	if (status.st_uid == uid || status.st_mode & S_IXOTH)
		return 0;
	snprintf(mode, sizeof(mode), "%04o", status.st_mode & 07777);
	r = journal_add(journal, JOURNAL_MODE, directory, mode, error);
	if (r)
		return r;
	if (chmod(directory, (status.st_mode & 07777) | S_IXOTH))
		return error_set(error, -errno, "'%s': %s", directory, strerror(errno));
	return 0;
}

int bpffs_open_way(const char *pin_path, uid_t uid, struct journal *journal, struct error *error)
{
	char directory[PATH_MAX];
	int r = parent_of(pin_path, directory, error);

	for (; !r && is_bpffs(directory); to_parent(directory))
		r = open_directory(directory, uid, journal, error);
	return r;
}

bool bpffs_is_shared(const char *directory)
{
	return !access(directory, F_OK) && !holds_only(directory, is_of_root);
}

int bpffs_unmount(const char *mount_point, struct error *error)
{
	if (!is_bpffs(mount_point) || !holds_only(mount_point, is_of_kernel))
		return 0;
	if (umount2(mount_point, UMOUNT_NOFOLLOW) && errno != EBUSY && errno != EINVAL)
		return error_set(error, -errno, "cannot unmount '%s': %s", mount_point,
				 strerror(errno));
	return 0;
}
