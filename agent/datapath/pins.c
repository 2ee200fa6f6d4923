/* SPDX-License-Identifier: BSD-2-Clause */
/* The files below pin_path. Of their contents it knows only the layout number. */
#include "datapath/pins.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "postern/abi.h"

int pin_file(const char *pin_path, const char *name, char buffer[PATH_MAX], struct error *error)
{
	if (snprintf(buffer, PATH_MAX, "%s/%s", pin_path, name) >= PATH_MAX)
		return error_set(error, -ENAMETOOLONG, "pin path '%s' is too long", pin_path);
	return 0;
}

static int open_error(int code, const char *file, struct error *error)
{
	switch (code) {
	case -ENOENT:
	case -ENOTDIR:
		return error_set(error, -ENOENT, "'%s' does not exist", file);
	case -EACCES:
	case -EPERM:
		return error_set(error, -EACCES,
				 "'%s': not permitted; root and the configured user may open it",
				 file);
	default:
		return error_set(error, code, "'%s': %s", file, strerror(-code));
	}
}

int pin_map_open(const char *pin_path, const char *name, int *ret_fd, struct bpf_map_info *ret_info,
		 struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	char file[PATH_MAX];
	__u32 size = sizeof(*ret_info);
	int r = pin_file(pin_path, name, file, error);

	if (r)
		return r;
	fd = bpf_obj_get(file);
	if (fd < 0)
		return open_error(fd, file, error);
	memset(ret_info, 0, sizeof(*ret_info));
	/* The kernel fills in a map, a program or a link; only a map can have this name here. */
	r = bpf_obj_get_info_by_fd(fd, ret_info, &size);
	if (r)
		return open_error(r, file, error);
	if (strcmp(ret_info->name, name))
		return error_set(error, -EPROTO, "'%s' is not the map of that name", file);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int pin_map_match(const char *pin_path, const struct bpf_map *map, int *ret_fd, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct bpf_map_info info;
	int r = pin_map_open(pin_path, bpf_map__name(map), &fd, &info, error);

	if (r)
		return r;
	if (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
	    info.value_size != bpf_map__value_size(map))
		return error_set(
			error, -EPROTO,
			"'%s/%s' has another type or size than this version's: " PIN_REMEDY,
			pin_path, info.name);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int pin_directory_make(const char *pin_path, bool *ret_is_new, struct error *error)
{
	*ret_is_new = !mkdir(pin_path, 0700);
	if (!*ret_is_new && errno != EEXIST)
		return error_set(error, -errno, "cannot create '%s': %s", pin_path,
				 strerror(errno));
	return 0;
}

int pin_link_remove(const char *file)
{
	_cleanup_(close_fd_p) int fd = bpf_obj_get(file);
	int r;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	/*
	 * ENOLINK: the interface is gone, and the attachment with it. EOPNOTSUPP: a tracepoint's
	 * link, which ends with its last holder.
	 */
	r = bpf_link_detach(fd);
	if (r && r != -ENOLINK && r != -EOPNOTSUPP)
		return r;
	return unlink(file) && errno != ENOENT ? -errno : 0;
}

int pin_layout_check(const char *pin_path, int control_fd, const struct bpf_map_info *info,
		     struct error *error)
{
	_cleanup_(free_p) uint32_t *value = NULL;
	uint32_t key = 0;
	int r;

	if (info->key_size != sizeof(key) || info->value_size < sizeof(*value))
		return error_set(error, -EPROTO, "'%s/%s' is no map of Postern", pin_path,
				 info->name);
	value = calloc(1, info->value_size);
	if (!value)
		return error_set(error, -ENOMEM, "out of memory");
	r = bpf_map_lookup_elem(control_fd, &key, value);
	if (r)
		return error_set(error, r, "'%s/%s': %s", pin_path, info->name, strerror(-r));
	if (*value != POSTERN_LAYOUT)
		return error_set(
			error, -EPROTO,
			"'%s' has pinned maps of layout %u, expected layout %u: " PIN_REMEDY,
			pin_path, *value, POSTERN_LAYOUT);
	return 0;
}

/* ---- the directory */

typedef int (*pin_visitor)(const char *file, const char *name, void *data);

static void closedir_p(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

/* Visits every file in the directory; 0 where there is none. A visitor's error ends the walk. */
static int for_each_pin(const char *pin_path, pin_visitor visitor, void *data, struct error *error)
{
	_cleanup_(closedir_p) DIR *directory = opendir(pin_path);
	char file[PATH_MAX];
	struct dirent *entry;
	int r = 0;

	if (!directory && errno == ENOENT)
		return 0;
	if (!directory)
		return error_set(error, -errno, "'%s': %s", pin_path, strerror(errno));
	while (!r && (entry = readdir(directory))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		r = pin_file(pin_path, entry->d_name, file, error);
		if (r)
			return r;
		r = visitor(file, entry->d_name, data);
		if (r)
			error_set(error, r, "'%s': %s", file, strerror(-r));
	}
	return r;
}

struct owner {
	uid_t uid;
	gid_t gid;
};

static bool has_prefix(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

/* A directory may hold pins of others, too. */
static bool has_our_name(const char *name)
{
	static const char *const prefixes[] = {PIN_MAP_PREFIX, PIN_LINK_PREFIX, PIN_HOLD_PREFIX,
					       PIN_CGROUP_PREFIX};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (has_prefix(name, prefixes[i]))
			return true;
	return false;
}

static int chown_one(const char *file, const char *name, void *data)
{
	const struct owner *owner = data;

	if (!has_our_name(name))
		return 0;
	return lchown(file, owner->uid, owner->gid) ? -errno : 0;
}

int pins_chown(const char *pin_path, uid_t uid, gid_t gid, struct error *error)
{
	struct owner owner = {uid, gid};
	int r = for_each_pin(pin_path, chown_one, &owner, error);

	if (!r && lchown(pin_path, uid, gid))
		r = error_set(error, -errno, "'%s': %s", pin_path, strerror(errno));
	return r;
}

/* The agent's user can make directories here. One that is not empty stays, as foreign. */
static bool is_directory(const char *file)
{
	struct stat status;

	if (lstat(file, &status) || !S_ISDIR(status.st_mode))
		return false;
	rmdir(file);
	return true;
}

static int remove_pinned_link(const char *file)
{
	return is_directory(file) ? 0 : pin_link_remove(file);
}

static int remove_egress_link(const char *file, const char *name, void *data)
{
	(void)data;
	if (!has_prefix(name, PIN_LINK_PREFIX) || !strstr(name, "_egress"))
		return 0;
	return remove_pinned_link(file);
}

static int remove_link(const char *file, const char *name, void *data)
{
	(void)data;
	return has_prefix(name, PIN_LINK_PREFIX) ? remove_pinned_link(file) : 0;
}

static int remove_hold(const char *file, const char *name, void *data)
{
	(void)data;
	return has_prefix(name, PIN_HOLD_PREFIX) || has_prefix(name, PIN_CGROUP_PREFIX)
		       ? remove_pinned_link(file)
		       : 0;
}

/* Ours is named in the kernel as its pin is, in every version. */
static bool is_our_map(const char *file, const char *name)
{
	_cleanup_(close_fd_p) int fd = bpf_obj_get(file);
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);

	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) && !strcmp(info.name, name);
}

static int remove_map(const char *file, const char *name, void *data)
{
	(void)data;
	if (!has_prefix(name, PIN_MAP_PREFIX) || is_directory(file) || !is_our_map(file, name))
		return 0;
	return unlink(file) && errno != ENOENT ? -errno : 0;
}

/* Files elsewhere, whatever their names, are no pins. */
static int check_directory(const char *pin_path, struct error *error)
{
	struct statfs status;

	if (statfs(pin_path, &status) || status.f_type == BPF_FS_MAGIC)
		return 0;
	return error_set(error, -EINVAL,
			 "'%s' is not on a BPF file system: nothing there was removed", pin_path);
}

int pins_remove(const char *pin_path, struct error *error)
{
	int r = check_directory(pin_path, error);

	if (!r)
		r = for_each_pin(pin_path, remove_egress_link, NULL, error);
	if (!r)
		r = for_each_pin(pin_path, remove_link, NULL, error);
	if (!r)
		r = for_each_pin(pin_path, remove_hold, NULL, error);
	if (!r)
		r = for_each_pin(pin_path, remove_map, NULL, error);
	if (!r && rmdir(pin_path) && errno != ENOENT)
		r = error_set(error, -errno, "'%s' cannot be removed: %s", pin_path,
			      strerror(errno));
	return r;
}

/* ---- replaced maps */

int pins_inode(const char *pin_path, ino_t *ret_inode)
{
	char file[PATH_MAX];
	struct error ignored;
	struct stat status;
	int r = pin_file(pin_path, PIN_CONTROL, file, &ignored);

	if (r)
		return r;
	if (stat(file, &status) < 0)
		return -errno;
	*ret_inode = status.st_ino;
	return 0;
}

bool pins_are_replaced(const char *pin_path, ino_t inode)
{
	ino_t now;

	return !pins_inode(pin_path, &now) && now != inode;
}
