/* SPDX-License-Identifier: BSD-2-Clause */
/* Creates, finds and removes pinned links. hook.c chooses the hook. */
#include "datapath/link.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "datapath/hook.h"
#include "datapath/pins.h"

/* Linux 6.6; the headers of Linux 6.1 do not name these, and libbpf 1.1 passes numbers on. */
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS  47
#define LINK_TYPE_TCX	   11
#define TCX_PROGRAMS	   64	     /* the kernel's limit for one hook */
#define ATTACH_FIRST	   (1U << 3) /* BPF_F_BEFORE, relative to nothing */

static const struct point {
	const char *name; /* of the pin */
	const char *text;
	uint32_t link_type;
	int attach_type;
	uint32_t flags;
} points[] = {
	[LINK_TCX_INGRESS] = {"ingress", "ingress by tcx", LINK_TYPE_TCX, ATTACH_TCX_INGRESS,
			      ATTACH_FIRST},
	[LINK_TCX_EGRESS] = {"egress", "egress by tcx", LINK_TYPE_TCX, ATTACH_TCX_EGRESS,
			     ATTACH_FIRST},
	[LINK_TCX_HANDLES] = {"handles", "egress by tcx", LINK_TYPE_TCX, ATTACH_TCX_EGRESS,
			      ATTACH_FIRST},
	[LINK_XDP] = {"xdp", "ingress by xdp", BPF_LINK_TYPE_XDP, BPF_XDP, XDP_FLAGS_DRV_MODE},
};

int link_probe_tcx(const struct hook_interface *interface)
{
	__u32 count = 0;

	return bpf_prog_query(interface->index, ATTACH_TCX_INGRESS, 0, NULL, NULL, &count);
}

static int link_file(const char *pin_path, const struct hook_interface *interface,
		     const struct point *point, char file[PATH_MAX], struct error *error)
{
	char name[64];

	snprintf(name, sizeof(name), PIN_LINK_PREFIX "%s_%s", interface->name, point->name);
	for (char *c = name; *c; c++)
		if (*c == '.')
			*c = ':';
	return pin_file(pin_path, name, file, error);
}

/* Is the link on this interface? A link whose interface is gone has index 0. */
static bool link_is_here(int fd, const struct hook_interface *interface, const struct point *point)
{
	struct bpf_link_info info = {0};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) || info.type != point->link_type)
		return false;
	/* TCX links have the index at the same place as XDP links. */
	return interface->index && info.xdp.ifindex == (__u32)interface->index;
}

/*
 * The agent must open the link to see that it is attached. `up` gives the pins to its user; the
 * guard cannot, so it opens the file to all users that may enter the directory: that user alone.
 */
static int share(const char *file)
{
	_cleanup_(free_p) char *directory = strndup(file, strrchr(file, '/') - file);
	struct stat status;

	if (!directory)
		return -ENOMEM;
	if (stat(directory, &status))
		return -errno;
	return !(status.st_mode & 077) && chmod(file, 0666) ? -errno : 0;
}

static int link_create(int program, const struct hook_interface *interface,
		       const struct point *point)
{
	struct bpf_link_create_opts options = {.sz = sizeof(struct bpf_link_create_opts),
					       .flags = point->flags};

	return bpf_link_create(program, interface->index, point->attach_type, &options);
}

static int link_pin(int fd, const char *file)
{
	int r = bpf_obj_pin(fd, file);

	return r ? r : share(file);
}

static int link_new(const char *file, int program, const struct hook_interface *interface,
		    const struct point *point)
{
	_cleanup_(close_fd_p) int fd = link_create(program, interface, point);

	return fd < 0 ? fd : link_pin(fd, file);
}

/* EEXIST: a foreign program is there in generic mode. */
static int attach_error(const struct hook_interface *interface, enum link_point point, int code,
			struct error *error)
{
	const char *why = strerror(-code);

	if (point == LINK_XDP && code == -EOPNOTSUPP) {
		why = "its driver has no native XDP";
	} else if (point == LINK_XDP && (code == -EBUSY || code == -EEXIST)) {
		code = -EBUSY;
		why = "another program is on its XDP hook";
	}
	return error_set(error, code, "interface '%s': cannot attach to %s: %s", interface->name,
			 points[point].text, why);
}

int link_attach(int program, const char *pin_path, const struct hook_interface *interface,
		enum link_point point, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	char file[PATH_MAX];
	int r = link_file(pin_path, interface, &points[point], file, error);

	if (r)
		return r;
	fd = bpf_obj_get(file);
	if (fd >= 0 && link_is_here(fd, interface, &points[point])) {
		r = bpf_link_update(fd, program, NULL);
	} else {
		r = pin_link_remove(file);
		if (!r)
			r = link_new(file, program, interface, &points[point]);
	}
	return r ? attach_error(interface, point, r, error) : 0;
}

/* A program that drops each packet. */
static int load_stand_in(void)
{
	static const struct bpf_insn drop[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = TC_ACT_SHOT},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "postern_stand_in", "Dual BSD/GPL", drop,
			     sizeof(drop) / sizeof(drop[0]), NULL);
}

/*
 * Only a new link becomes the first, and a TCX point takes a program once (kernel/bpf/mprog.c). So
 * the new link begins with the stand-in, and takes the program over when the old link has gone. A
 * link without a pin ends with this process. If it is killed, a stand-in stays only between the
 * last two steps, until the next `up`.
 */
static int link_renew(const char *file, int program, const struct hook_interface *interface,
		      const struct point *point)
{
	_cleanup_(close_fd_p) int stand_in = load_stand_in();
	_cleanup_(close_fd_p) int fd = -1;
	int r;

	if (stand_in < 0)
		return stand_in;
	fd = link_create(stand_in, interface, point);
	if (fd < 0)
		return fd;
	r = pin_link_remove(file);
	if (!r)
		r = link_pin(fd, file);
	if (!r)
		r = bpf_link_update(fd, program, NULL);
	if (r)
		pin_link_remove(file);
	return r;
}

int link_put_first(int program, const char *pin_path, const struct hook_interface *interface,
		   enum link_point point, struct error *error)
{
	char file[PATH_MAX];
	int r = link_file(pin_path, interface, &points[point], file, error);

	if (r)
		return r;
	r = link_renew(file, program, interface, &points[point]);
	return r ? attach_error(interface, point, r, error) : 0;
}

int link_detach(const char *pin_path, const struct hook_interface *interface, enum link_point point,
		struct error *error)
{
	char file[PATH_MAX];
	int r = link_file(pin_path, interface, &points[point], file, error);

	if (r)
		return r;
	r = pin_link_remove(file);
	return r ? error_set(error, r, "cannot detach '%s': %s", file, strerror(-r)) : 0;
}

bool link_is_attached(const char *pin_path, const struct hook_interface *interface,
		      enum link_point point)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct error ignored;
	char file[PATH_MAX];

	if (link_file(pin_path, interface, &points[point], file, &ignored))
		return false;
	fd = bpf_obj_get(file);
	return fd >= 0 && link_is_here(fd, interface, &points[point]);
}

/* 0: no link is pinned there. */
static __u32 pinned_program(const char *pin_path, const struct hook_interface *interface,
			    const struct point *point)
{
	struct bpf_link_info info = {0};
	__u32 size = sizeof(info);
	_cleanup_(close_fd_p) int fd = -1;
	struct error ignored;
	char file[PATH_MAX];

	if (link_file(pin_path, interface, point, file, &ignored))
		return 0;
	fd = bpf_obj_get(file);
	if (fd < 0 || !link_is_here(fd, interface, point) ||
	    bpf_obj_get_info_by_fd(fd, &info, &size))
		return 0;
	return info.prog_id;
}

static void program_name(__u32 id, char ret_name[HOOK_PROGRAM_NAME])
{
	_cleanup_(close_fd_p) int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		snprintf(ret_name, HOOK_PROGRAM_NAME, "%u", id);
	else
		snprintf(ret_name, HOOK_PROGRAM_NAME, "%s", info.name);
}

bool link_is_behind(const char *pin_path, const struct hook_interface *interface,
		    enum link_point point, char ret_name[HOOK_PROGRAM_NAME])
{
	__u32 ids[TCX_PROGRAMS] = {0}, count = TCX_PROGRAMS;

	if (bpf_prog_query(interface->index, points[point].attach_type, 0, NULL, ids, &count) ||
	    !count || ids[0] == pinned_program(pin_path, interface, &points[point]))
		return false;
	program_name(ids[0], ret_name);
	return true;
}
