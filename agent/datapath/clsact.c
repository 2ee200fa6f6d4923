/* SPDX-License-Identifier: BSD-2-Clause */
/* Adds, finds and removes filters on clsact. hook.c chooses the hook. */
#include "datapath/clsact.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "datapath/hook.h"
#include "datapath/pins.h"

/* The first is the lowest that there is; the second is for hosts where another program has that. */
#define FIRST_PRIORITY	1
#define SECOND_PRIORITY 2525

static const struct {
	const char *name;
	enum bpf_tc_attach_point point;
	uint32_t handle;
} points[] = {
	[CLSACT_INGRESS] = {"ingress", BPF_TC_INGRESS, HOOK_CLSACT_HANDLE},
	[CLSACT_EGRESS] = {"egress", BPF_TC_EGRESS, HOOK_CLSACT_HANDLE},
	[CLSACT_HANDLES] = {"egress", BPF_TC_EGRESS, HOOK_CLSACT_HANDLE + 1},
};

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

#define FILTER(fd, where, at)                                                                      \
	{                                                                                          \
		.sz = sizeof(struct bpf_tc_opts), .prog_fd = (fd), .handle = points[where].handle, \
		.priority = (at)                                                                   \
	}
#define PLACE(of, where)                                                                           \
	{                                                                                          \
		.sz = sizeof(struct bpf_tc_hook), .ifindex = (of)->index,                          \
		.attach_point = points[where].point                                                \
	}

/*
 * Sets *ret_ours if an eBPF filter of Postern has that priority. -ENOENT: no filter has it;
 * -EINVAL: no qdisc, no filters, or one of another kind; -ENODEV: the interface is gone.
 */
static int find_at(const struct hook_interface *interface, enum clsact_point point,
		   unsigned priority, bool *ret_ours)
{
	struct bpf_tc_hook hook = PLACE(interface, point);
	struct bpf_tc_opts filter = FILTER(0, point, priority);
	int r = interface->index ? bpf_tc_query(&hook, &filter) : -ENODEV;

	if (!r)
		*ret_ours = program_is_ours(filter.prog_id);
	return r;
}

static int attach_at(int program, const struct hook_interface *interface, enum clsact_point point,
		     unsigned priority)
{
	struct bpf_tc_hook hook = PLACE(interface, point);
	struct bpf_tc_opts filter = FILTER(program, point, priority);
	bool ours = false;

	/* Without REPLACE the kernel refuses if a foreign filter has the handle. */
	if (!find_at(interface, point, priority, &ours) && ours)
		filter.flags = BPF_TC_F_REPLACE;
	return bpf_tc_attach(&hook, &filter);
}

static int detach_at(const struct hook_interface *interface, enum clsact_point point,
		     unsigned priority)
{
	struct bpf_tc_hook hook = PLACE(interface, point);
	struct bpf_tc_opts filter = FILTER(0, point, priority);
	bool ours = false;
	int r = find_at(interface, point, priority, &ours);

	if (!r && ours)
		r = bpf_tc_detach(&hook, &filter);
	return r == -ENOENT || r == -EINVAL || r == -ENODEV ? 0 : r;
}

int clsact_attach(int program, const struct hook_interface *interface, enum clsact_point point,
		  struct error *error)
{
	int r = attach_at(program, interface, point, FIRST_PRIORITY);

	if (!r)
		detach_at(interface, point, SECOND_PRIORITY);
	/* EINVAL: the foreign filter there is of another kind. */
	else if (r == -EEXIST || r == -EINVAL)
		r = attach_at(program, interface, point, SECOND_PRIORITY);
	if (!r)
		return 0;
	return error_set(error, r, "interface '%s': cannot attach to %s by clsact: %s",
			 interface->name, points[point].name,
			 r == -EEXIST ? "foreign filters have Postern's priorities and handle"
				      : strerror(-r));
}

int clsact_detach(const struct hook_interface *interface, enum clsact_point point,
		  struct error *error)
{
	int r = detach_at(interface, point, FIRST_PRIORITY);

	if (!r)
		r = detach_at(interface, point, SECOND_PRIORITY);
	if (r)
		return error_set(error, r, "interface '%s': cannot detach from %s: %s",
				 interface->name, points[point].name, strerror(-r));
	return 0;
}

unsigned clsact_priority(const struct hook_interface *interface, enum clsact_point point)
{
	bool ours = false;

	if (!find_at(interface, point, FIRST_PRIORITY, &ours) && ours)
		return FIRST_PRIORITY;
	return !find_at(interface, point, SECOND_PRIORITY, &ours) && ours ? SECOND_PRIORITY : 0;
}
