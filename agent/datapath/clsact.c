/* SPDX-License-Identifier: BSD-2-Clause */
/* Adds, finds and removes filters on clsact. hook.c chooses the hook. */
#include "datapath/clsact.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "datapath/hook.h"
#include "datapath/pins.h"

#define CLSACT_HANDLE 1

static const char *point_name(enum bpf_tc_attach_point point)
{
	return point == BPF_TC_INGRESS ? "ingress" : "egress";
}

static bool program_is_ours(__u32 id)
{
	_cleanup_(close_fd_p) int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	/* Without capabilities the program cannot be read: priority and handle decide. */
	if (fd == -EPERM)
		return true;
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return false;
	return !strncmp(info.name, PIN_MAP_PREFIX, strlen(PIN_MAP_PREFIX));
}

/*
 * Sets *ret_ours if an eBPF filter has Postern's priority and handle. -ENOENT: no filter has them;
 * -EINVAL: no qdisc, no filters, or one of another kind; -ENODEV: the interface is gone.
 */
static int clsact_find(const struct hook_interface *interface, enum bpf_tc_attach_point point,
		       bool *ret_ours)
{
	struct bpf_tc_hook hook = {.sz = sizeof(struct bpf_tc_hook),
				   .ifindex = interface->index,
				   .attach_point = point};
	struct bpf_tc_opts filter = {.sz = sizeof(struct bpf_tc_opts),
				     .handle = CLSACT_HANDLE,
				     .priority = HOOK_CLSACT_PRIORITY};
	int r = interface->index ? bpf_tc_query(&hook, &filter) : -ENODEV;

	if (!r)
		*ret_ours = program_is_ours(filter.prog_id);
	return r;
}

int clsact_attach(int program, const struct hook_interface *interface,
		  enum bpf_tc_attach_point point, struct error *error)
{
	struct bpf_tc_hook hook = {.sz = sizeof(struct bpf_tc_hook),
				   .ifindex = interface->index,
				   .attach_point = point};
	struct bpf_tc_opts filter = {.sz = sizeof(struct bpf_tc_opts),
				     .handle = CLSACT_HANDLE,
				     .priority = HOOK_CLSACT_PRIORITY,
				     .prog_fd = program};
	bool ours = false;
	int r = clsact_find(interface, point, &ours);

	/* Without REPLACE the kernel refuses if a foreign filter has the handle. */
	if (!r && ours)
		filter.flags = BPF_TC_F_REPLACE;
	r = bpf_tc_attach(&hook, &filter);
	if (!r)
		return 0;
	return error_set(error, r, "interface '%s': cannot attach to %s by clsact: %s",
			 interface->name, point_name(point),
			 r == -EEXIST ? "a foreign filter has Postern's priority and handle"
				      : strerror(-r));
}

int clsact_detach(const struct hook_interface *interface, enum bpf_tc_attach_point point,
		  struct error *error)
{
	struct bpf_tc_hook hook = {.sz = sizeof(struct bpf_tc_hook),
				   .ifindex = interface->index,
				   .attach_point = point};
	struct bpf_tc_opts filter = {.sz = sizeof(struct bpf_tc_opts),
				     .handle = CLSACT_HANDLE,
				     .priority = HOOK_CLSACT_PRIORITY};
	bool ours = false;
	int r = clsact_find(interface, point, &ours);

	if (!r && ours)
		r = bpf_tc_detach(&hook, &filter);
	if (r && r != -ENOENT && r != -EINVAL && r != -ENODEV)
		return error_set(error, r, "interface '%s': cannot detach from %s: %s",
				 interface->name, point_name(point), strerror(-r));
	return 0;
}

bool clsact_is_attached(const struct hook_interface *interface, enum bpf_tc_attach_point point)
{
	bool ours = false;

	return !clsact_find(interface, point, &ours) && ours;
}
