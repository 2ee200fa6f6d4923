/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads the programs on the pinned maps; a new link takes the place of the pinned one. */
#include "datapath/cgroups.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cgroups.skel.h"
#include "datapath/libbpf_log.h"
#include "datapath/pins.h"

static const char *const link_names[] = {PIN_CGROUP_PREFIX "mkdir", PIN_CGROUP_PREFIX "rmdir"};
#define LINKS (sizeof(link_names) / sizeof(*link_names))

static void skeleton_destroy_p(struct cgroups_bpf **skeleton)
{
	cgroups_bpf__destroy(*skeleton);
}

static int load_error(int code, const char *why, struct error *error)
{
	return error_set(error, code == -EPERM ? code : -EOPNOTSUPP,
			 "the kernel rejects the programs that follow cgroups (BTF and CAP_PERFMON "
			 "are needed): %s",
			 *why ? why : strerror(-code));
}

static int reuse_maps(struct cgroups_bpf *skeleton, const char *pin_path, struct error *error)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, skeleton->obj)
	{
		_cleanup_(close_fd_p) int fd = -1;
		int r = bpf_map__is_internal(map) ? 0 : pin_map_match(pin_path, map, &fd, error);

		if (r)
			return r;
		r = fd < 0 ? 0 : bpf_map__reuse_fd(map, fd);
		if (r)
			return error_set(error, r, "'%s': %s", bpf_map__name(map), strerror(-r));
	}
	return 0;
}

static int load(const char *pin_path, struct cgroups_bpf **ret_skeleton, struct error *error)
{
	_cleanup_(skeleton_destroy_p) struct cgroups_bpf *skeleton = NULL;
	uint64_t root = 0;
	const char *why;
	int r = cgroup_id("/", &root);

	if (r)
		return error_set(error, r, "the cgroup2 mount: %s", strerror(-r));
	libbpf_log_begin();
	skeleton = cgroups_bpf__open();
	r = skeleton ? 0 : -errno;
	why = libbpf_log_end();
	if (r)
		return load_error(r, why, error);
	r = reuse_maps(skeleton, pin_path, error);
	if (r)
		return r;
	skeleton->rodata->mount_root_id = root;
	libbpf_log_begin();
	r = cgroups_bpf__load(skeleton);
	why = libbpf_log_end();
	if (r)
		return load_error(r, why, error);
	*ret_skeleton = TAKE_PTR(skeleton);
	return 0;
}

/* A link of a raw tracepoint cannot be updated. Both are attached for a moment, and agree. */
static int replace_link(const struct bpf_program *program, const char *event, const char *file)
{
	_cleanup_(close_fd_p) int fd = bpf_raw_tracepoint_open(event, bpf_program__fd(program));
	char next[PATH_MAX];
	int r;

	if (fd < 0)
		return fd;
	if (snprintf(next, sizeof(next), "%s_next", file) >= (int)sizeof(next))
		return -ENAMETOOLONG;
	unlink(next);
	r = bpf_obj_pin(fd, next);
	return r ? r : rename(next, file) ? -errno : 0;
}

int cgroups_attach(const char *pin_path, struct error *error)
{
	_cleanup_(skeleton_destroy_p) struct cgroups_bpf *skeleton = NULL;
	int r = load(pin_path, &skeleton, error);

	if (r)
		return r;
	for (size_t i = 0; i < LINKS; i++) {
		char file[PATH_MAX];

		r = pin_file(pin_path, link_names[i], file, error);
		if (r)
			return r;
		r = replace_link(i ? skeleton->progs.postern_rmdir : skeleton->progs.postern_mkdir,
				 link_names[i], file);
		if (r)
			return error_set(error, r, "'%s' cannot be attached: %s", file,
					 strerror(-r));
	}
	return 0;
}

int cgroups_detach(const char *pin_path, struct error *error)
{
	for (size_t i = 0; i < LINKS; i++) {
		char file[PATH_MAX];
		int r = pin_file(pin_path, link_names[i], file, error);

		if (!r && unlink(file) && errno != ENOENT)
			r = error_set(error, -errno, "'%s': %s", file, strerror(errno));
		if (r)
			return r;
	}
	return 0;
}
