/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the loaded programs on interfaces and takes them off again. The clsact qdisc is netlink/'s. */
#include "datapath/hook.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "datapath/load.h"
#include "datapath/messages.h"
#include "datapath/pins.h"

/* Linux 6.6; libbpf 1.1 and the headers of Linux 6.1 do not name them, but pass the numbers on. */
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS  47
#define LINK_TYPE_TCX	   11
#define ATTACH_FIRST	   (1U << 3) /* BPF_F_BEFORE, relative to nothing */

#define CLSACT_HANDLE 1

struct direction {
	const char *name;
	enum program_direction program;
	int tcx;
	enum bpf_tc_attach_point clsact;
};
static const struct direction ingress = {"ingress", PROGRAM_INGRESS, ATTACH_TCX_INGRESS,
					 BPF_TC_INGRESS};
static const struct direction egress = {"egress", PROGRAM_EGRESS, ATTACH_TCX_EGRESS, BPF_TC_EGRESS};

const char *hook_kind_name(enum hook_kind kind)
{
	switch (kind) {
	case HOOK_TCX:
		return "tcx";
	case HOOK_CLSACT:
		return "clsact";
	default:
		return "none";
	}
}

int hook_kind_parse(const char *name, enum hook_kind *ret_kind)
{
	for (enum hook_kind kind = HOOK_TCX; kind <= HOOK_CLSACT; kind++)
		if (!strcmp(name, hook_kind_name(kind))) {
			*ret_kind = kind;
			return 0;
		}
	return -EINVAL;
}

static int attach_error(const struct hook_interface *interface, const struct direction *direction,
			enum hook_kind kind, int code, const char *why, struct error *error)
{
	return error_set(error, code, "interface '%s': cannot attach to %s by %s: %s",
			 interface->name, direction->name, hook_kind_name(kind),
			 *why ? why : strerror(-code));
}

/* ---- TCX */

/* A kernel without TCX knows nothing of the attach type and says EINVAL. */
static int probe_tcx(const struct hook_interface *interface)
{
	__u32 count = 0;

	return bpf_prog_query(interface->index, ATTACH_TCX_INGRESS, 0, NULL, NULL, &count);
}

static int link_file(const char *pin_path, const struct hook_interface *interface,
		     const struct direction *direction, char file[PATH_MAX], struct error *error)
{
	char name[64];

	snprintf(name, sizeof(name), PIN_LINK_PREFIX "%s_%s", interface->name, direction->name);
	for (char *c = name; *c; c++)
		if (*c == '.')
			*c = ':';
	return pin_file(pin_path, name, file, error);
}

/* Does the pinned link hold a program on this very interface? One whose interface is gone has index 0. */
static bool link_is_here(int fd, const struct hook_interface *interface)
{
	struct bpf_link_info info = {0};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) || info.type != LINK_TYPE_TCX)
		return false;
	/* The first member of what the kernel tells of a TCX link, as of an XDP one. */
	return interface->index && info.xdp.ifindex == (__u32)interface->index;
}

static int link_new(const char *file, int program, const struct hook_interface *interface,
		    const struct direction *direction)
{
	struct bpf_link_create_opts options = {.sz = sizeof(struct bpf_link_create_opts),
					       .flags = ATTACH_FIRST};
	_cleanup_(close_fd_p) int fd = -1;

	fd = bpf_link_create(program, interface->index, direction->tcx, &options);
	return fd < 0 ? fd : bpf_obj_pin(fd, file);
}

static int tcx_attach(const struct loaded *loaded, const char *pin_path,
		      const struct hook_interface *interface, const struct direction *direction,
		      bool *ret_new, struct error *error)
{
	int program = loaded_program(loaded, direction->program, interface->has_link_layer);
	_cleanup_(close_fd_p) int fd = -1;
	char file[PATH_MAX];
	int r = link_file(pin_path, interface, direction, file, error);

	if (r)
		return r;
	fd = bpf_obj_get(file);
	if (fd >= 0 && link_is_here(fd, interface)) {
		*ret_new = false;
		r = bpf_link_update(fd, program, NULL);
	} else {
		*ret_new = true;
		r = pin_link_remove(file);
		if (!r)
			r = link_new(file, program, interface, direction);
	}
	return r ? attach_error(interface, direction, HOOK_TCX, r, "", error) : 0;
}

static int tcx_detach(const char *pin_path, const struct hook_interface *interface,
		      const struct direction *direction, struct error *error)
{
	char file[PATH_MAX];
	int r = link_file(pin_path, interface, direction, file, error);

	if (r)
		return r;
	r = pin_link_remove(file);
	return r ? error_set(error, r, "cannot detach '%s': %s", file, strerror(-r)) : 0;
}

static bool tcx_is_attached(const char *pin_path, const struct hook_interface *interface,
			    const struct direction *direction)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct error ignored;
	char file[PATH_MAX];

	if (link_file(pin_path, interface, direction, file, &ignored))
		return false;
	fd = bpf_obj_get(file);
	return fd >= 0 && link_is_here(fd, interface);
}

/* ---- clsact */

static bool program_is_ours(__u32 id)
{
	_cleanup_(close_fd_p) int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	/* Without capabilities there is no telling; the priority and handle are ours then. */
	if (fd == -EPERM)
		return true;
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return false;
	return !strncmp(info.name, PIN_MAP_PREFIX, strlen(PIN_MAP_PREFIX));
}

/*
 * Which eBPF program sits at our priority and handle? *ret_ours only where one does. -ENOENT: none;
 * -EINVAL: no qdisc, no filter at all, or one of another kind; -ENODEV: the interface is gone.
 */
static int clsact_find(const struct hook_interface *interface, const struct direction *direction,
		       bool *ret_ours)
{
	struct bpf_tc_hook hook = {.sz = sizeof(struct bpf_tc_hook),
				   .ifindex = interface->index,
				   .attach_point = direction->clsact};
	struct bpf_tc_opts filter = {.sz = sizeof(struct bpf_tc_opts),
				     .handle = CLSACT_HANDLE,
				     .priority = HOOK_CLSACT_PRIORITY};
	int r = interface->index ? bpf_tc_query(&hook, &filter) : -ENODEV;

	if (!r)
		*ret_ours = program_is_ours(filter.prog_id);
	return r;
}

static int clsact_attach(const struct loaded *loaded, const struct hook_interface *interface,
			 const struct direction *direction, bool *ret_new, struct error *error)
{
	struct bpf_tc_hook hook = {.sz = sizeof(struct bpf_tc_hook),
				   .ifindex = interface->index,
				   .attach_point = direction->clsact};
	struct bpf_tc_opts filter = {
		.sz = sizeof(struct bpf_tc_opts),
		.handle = CLSACT_HANDLE,
		.priority = HOOK_CLSACT_PRIORITY,
		.prog_fd = loaded_program(loaded, direction->program, interface->has_link_layer)};
	bool ours = false;
	int r = clsact_find(interface, direction, &ours);

	/* Without REPLACE the kernel refuses where another filter has our handle. */
	if (!r && ours)
		filter.flags = BPF_TC_F_REPLACE;
	*ret_new = r;
	r = bpf_tc_attach(&hook, &filter);
	if (r == -EEXIST)
		return attach_error(interface, direction, HOOK_CLSACT, r,
				    "another filter has our priority and handle", error);
	return r ? attach_error(interface, direction, HOOK_CLSACT, r, "", error) : 0;
}

static int clsact_detach(const struct hook_interface *interface, const struct direction *direction,
			 struct error *error)
{
	struct bpf_tc_hook hook = {.sz = sizeof(struct bpf_tc_hook),
				   .ifindex = interface->index,
				   .attach_point = direction->clsact};
	struct bpf_tc_opts filter = {.sz = sizeof(struct bpf_tc_opts),
				     .handle = CLSACT_HANDLE,
				     .priority = HOOK_CLSACT_PRIORITY};
	bool ours = false;
	int r = clsact_find(interface, direction, &ours);

	if (!r && ours)
		r = bpf_tc_detach(&hook, &filter);
	if (r && r != -ENOENT && r != -EINVAL && r != -ENODEV)
		return error_set(error, r, "interface '%s': cannot detach from %s: %s",
				 interface->name, direction->name, strerror(-r));
	return 0;
}

static bool clsact_is_attached(const struct hook_interface *interface,
			       const struct direction *direction)
{
	bool ours = false;

	return !clsact_find(interface, direction, &ours) && ours;
}

/* ---- both */

int hook_choose(const struct hook_interface *interface, enum config_egress wanted,
		enum hook_kind *ret_kind, struct error *error)
{
	int r = wanted == CONFIG_EGRESS_CLSACT ? -EINVAL : probe_tcx(interface);

	if (r && r != -EINVAL)
		return error_set(error, r, "interface '%s': %s", interface->name, strerror(-r));
	if (r && wanted == CONFIG_EGRESS_TCX)
		return error_set(error, -EOPNOTSUPP,
				 "interface '%s': this kernel has no TCX (Linux 6.6); leave egress "
				 "at \"auto\"",
				 interface->name);
	*ret_kind = r ? HOOK_CLSACT : HOOK_TCX;
	return 0;
}

static int attach(const struct loaded *loaded, const char *pin_path,
		  const struct hook_interface *interface, enum hook_kind kind,
		  const struct direction *direction, bool *ret_new, struct error *error)
{
	if (kind == HOOK_TCX)
		return tcx_attach(loaded, pin_path, interface, direction, ret_new, error);
	return clsact_attach(loaded, interface, direction, ret_new, error);
}

static int detach(const char *pin_path, const struct hook_interface *interface, enum hook_kind kind,
		  const struct direction *direction, struct error *error)
{
	if (kind == HOOK_TCX)
		return tcx_detach(pin_path, interface, direction, error);
	return clsact_detach(interface, direction, error);
}

int hook_attach(const struct loaded *loaded, const char *pin_path,
		const struct hook_interface *interface, enum hook_kind kind, struct error *error)
{
	bool ingress_new = false, egress_new = false;
	struct error ignored;
	int r;

	messages_begin();
	r = attach(loaded, pin_path, interface, kind, &ingress, &ingress_new, error);
	if (!r) {
		r = attach(loaded, pin_path, interface, kind, &egress, &egress_new, error);
		if (r && ingress_new)
			detach(pin_path, interface, kind, &ingress, &ignored);
	}
	messages_end();
	return r;
}

int hook_detach(const char *pin_path, const struct hook_interface *interface, enum hook_kind kind,
		struct error *error)
{
	int r;

	messages_begin();
	r = detach(pin_path, interface, kind, &egress, error);
	if (!r)
		r = detach(pin_path, interface, kind, &ingress, error);
	messages_end();
	return r;
}

static enum hook_kind query(const char *pin_path, const struct hook_interface *interface,
			    const struct direction *direction)
{
	if (tcx_is_attached(pin_path, interface, direction))
		return HOOK_TCX;
	return clsact_is_attached(interface, direction) ? HOOK_CLSACT : HOOK_NONE;
}

int hook_query(const char *pin_path, const struct hook_interface *interface,
	       struct hook_status *ret_status)
{
	messages_begin();
	ret_status->egress = query(pin_path, interface, &egress);
	ret_status->ingress = query(pin_path, interface, &ingress);
	messages_end();
	return 0;
}
