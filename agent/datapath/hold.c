/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads and pins the hold, and writes what it holds. hold_read.c reads it. */
#include "datapath/hold.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "datapath/clsact.h"
#include "datapath/libbpf_log.h"
#include "datapath/link.h"
#include "datapath/netns.h"
#include "datapath/pins.h"
#include "hold.skel.h"

struct hold {
	struct hold_bpf *skeleton;
	bool is_new;
	bool directory_is_new;
};

static const char *const link_names[] = {PIN_HOLD_PREFIX "connect4", PIN_HOLD_PREFIX "connect6",
					 PIN_HOLD_PREFIX "egress"};
static const char *const map_names[] = {"postern_hold", "postern_holdifs", "postern_holdown",
					"postern_held"};

/* ---- loading */

static int load_error(int code, const char *why, struct error *error)
{
	if (code == -EPERM)
		return error_set(error, code, "not permitted to load the programs of the hold%s%s",
				 *why ? ": " : "", why);
	return error_set(error, -EOPNOTSUPP,
			 "this kernel rejects the programs of the hold (Linux 5.19 or newer with "
			 "BTF is needed): %s",
			 *why ? why : strerror(-code));
}

static int reuse_maps(struct hold *hold, const char *pin_path, struct error *error)
{
	struct bpf_map *map;

	hold->is_new = true;
	bpf_object__for_each_map(map, hold->skeleton->obj)
	{
		_cleanup_(close_fd_p) int fd = -1;
		int r = bpf_map__is_internal(map) ? -ENOENT
						  : pin_map_match(pin_path, map, &fd, error);

		if (!r)
			r = bpf_map__reuse_fd(map, fd);
		if (r && r != -ENOENT)
			return error_set(error, r, "'%s': %s", bpf_map__name(map), strerror(-r));
		if (!r)
			hold->is_new = false;
	}
	return 0;
}

static int try_load(struct hold *hold, const char *pin_path, bool has_set_retval,
		    struct error *error)
{
	const char *why;
	int r;

	libbpf_log_begin();
	hold->skeleton = hold_bpf__open();
	r = hold->skeleton ? 0 : -errno;
	why = libbpf_log_end();
	if (r)
		return load_error(r, why, error);
	r = reuse_maps(hold, pin_path, error);
	if (r)
		return r;
	hold->skeleton->rodata->has_set_retval = has_set_retval;
	libbpf_log_begin();
	r = hold_bpf__load(hold->skeleton);
	why = libbpf_log_end();
	return r ? load_error(r, why, error) : 0;
}

/* Before Linux 6.1 programs on connect() cannot choose the error. */
static int load(struct hold *hold, const char *pin_path, struct error *error)
{
	struct error ignored;
	int r = try_load(hold, pin_path, true, error);

	if (r != -EOPNOTSUPP)
		return r;
	hold_bpf__destroy(TAKE_PTR(hold->skeleton));
	return try_load(hold, pin_path, false, &ignored) ? r : 0;
}

/* ---- pins */

static int pin_maps(const struct hold *hold, const char *pin_path, struct error *error)
{
	struct bpf_map *map;
	char file[PATH_MAX];
	int r = 0;

	bpf_object__for_each_map(map, hold->skeleton->obj)
	{
		if (bpf_map__is_internal(map))
			continue;
		r = pin_file(pin_path, bpf_map__name(map), file, error);
		if (r)
			return r;
		r = bpf_obj_pin(bpf_map__fd(map), file);
		if (r && r != -EEXIST)
			return error_set(error, r, "cannot pin '%s': %s", file, strerror(-r));
	}
	return 0;
}

/* Replaces the program of the pinned link, or makes the link. */
static int attach_link(const struct bpf_program *program, int cgroup, const char *file)
{
	_cleanup_(close_fd_p) int fd = bpf_obj_get(file);

	if (fd >= 0)
		return bpf_link_update(fd, bpf_program__fd(program), NULL);
	if (fd != -ENOENT)
		return fd;
	fd = bpf_link_create(bpf_program__fd(program), cgroup,
			     bpf_program__expected_attach_type(program), NULL);
	return fd < 0 ? fd : bpf_obj_pin(fd, file);
}

static int attach_links(const struct hold *hold, const char *pin_path, struct error *error)
{
	const struct bpf_program *const programs[] = {hold->skeleton->progs.postern_connect4,
						      hold->skeleton->progs.postern_connect6,
						      hold->skeleton->progs.postern_held_out};
	_cleanup_(close_fd_p) int cgroup = -1;
	char file[PATH_MAX];
	int r = cgroup_open_root(&cgroup);

	if (r)
		return error_set(error, r, "the root of the cgroup2 mount: %s", strerror(-r));
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		r = pin_file(pin_path, link_names[i], file, error);
		if (r)
			return r;
		r = attach_link(programs[i], cgroup, file);
		if (r)
			return error_set(error, r, "'%s' cannot be attached: %s", file,
					 strerror(-r));
	}
	return 0;
}

/* ---- settings */

static int settings_get(const struct hold *hold, struct hold_settings *ret_settings,
			struct error *error)
{
	const uint32_t zero = 0;
	int r = bpf_map_lookup_elem(bpf_map__fd(hold->skeleton->maps.postern_hold), &zero,
				    ret_settings);

	return r ? error_set(error, r, "postern_hold: %s", strerror(-r)) : 0;
}

static int settings_put(const struct hold *hold, const struct hold_settings *settings,
			struct error *error)
{
	const uint32_t zero = 0;
	int r = bpf_map_update_elem(bpf_map__fd(hold->skeleton->maps.postern_hold), &zero, settings,
				    BPF_ANY);

	return r ? error_set(error, r, "postern_hold: %s", strerror(-r)) : 0;
}

static int settings_fill(const struct hold *hold, const struct hold_options *options,
			 struct error *error)
{
	struct hold_settings settings;
	uint64_t cookie = 0;
	int r = settings_get(hold, &settings, error);

	if (r)
		return r;
	r = netns_cookie(&cookie);
	if (r)
		return error_set(error, r, "the network namespace's cookie: %s", strerror(-r));
	settings.netns_cookie = cookie;
	memcpy(settings.ports, options->ports, sizeof(settings.ports));
	return settings_put(hold, &settings, error);
}

/* ---- making and removing */

int hold_open(const struct hold_options *options, struct hold **ret_hold, struct error *error)
{
	const char *pin_path = options->pin_path;
	struct hold *hold = calloc(1, sizeof(*hold));
	struct error ignored;
	int r;

	if (!hold)
		return error_set(error, -ENOMEM, "out of memory");
	r = load(hold, pin_path, error);
	if (!r)
		r = settings_fill(hold, options, error);
	if (!r)
		r = pin_directory_make(pin_path, &hold->directory_is_new, error);
	if (!r)
		r = pin_maps(hold, pin_path, error);
	if (!r)
		r = attach_links(hold, pin_path, error);
	if (!r) {
		*ret_hold = hold;
		return 0;
	}
	if (hold->is_new)
		hold_release(pin_path, &ignored);
	hold_free(hold);
	return r;
}

void hold_free(struct hold *hold)
{
	if (!hold)
		return;
	hold_bpf__destroy(hold->skeleton);
	free(hold);
}

static int release(const char *pin_path, struct error *error)
{
	char file[PATH_MAX];
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(link_names) / sizeof(*link_names); i++) {
		r = pin_file(pin_path, link_names[i], file, error);
		if (!r)
			r = pin_link_remove(file);
	}
	for (size_t i = 0; !r && i < sizeof(map_names) / sizeof(*map_names); i++) {
		r = pin_file(pin_path, map_names[i], file, error);
		if (!r && unlink(file) && errno != ENOENT)
			r = -errno;
	}
	return r;
}

int hold_release(const char *pin_path, struct error *error)
{
	int r = release(pin_path, error);

	if (r)
		return error_set(error, r, "the hold in '%s' cannot be removed: %s", pin_path,
				 strerror(-r));
	/* Not empty: a datapath is there. */
	rmdir(pin_path);
	return 0;
}

/* ---- what is held */

int hold_get_scope(const struct hold *hold, uint32_t *ret_scope, struct error *error)
{
	struct hold_settings settings;
	int r = settings_get(hold, &settings, error);

	if (!r)
		*ret_scope = settings.scope;
	return r;
}

int hold_set_scope(struct hold *hold, uint32_t scope, struct error *error)
{
	struct hold_settings settings;
	int r = settings_get(hold, &settings, error);

	if (r)
		return r;
	settings.scope = scope;
	return settings_put(hold, &settings, error);
}

int hold_set_interface(struct hold *hold, int index, const char *name,
		       enum hold_interface_state state, struct error *error)
{
	struct hold_interface interface = {.state = state};
	uint32_t key = index;
	int r;

	snprintf(interface.label, sizeof(interface.label), "%s", name);
	r = bpf_map_update_elem(bpf_map__fd(hold->skeleton->maps.postern_holdifs), &key, &interface,
				BPF_ANY);
	return r ? error_set(error, r, "postern_holdifs: interface '%s': %s", name, strerror(-r))
		 : 0;
}

int hold_forget_interface(struct hold *hold, int index, struct error *error)
{
	uint32_t key = index;
	int r = bpf_map_delete_elem(bpf_map__fd(hold->skeleton->maps.postern_holdifs), &key);

	bpf_map_delete_elem(bpf_map__fd(hold->skeleton->maps.postern_held), &key);
	return r && r != -ENOENT ? error_set(error, r, "postern_holdifs: %s", strerror(-r)) : 0;
}

/* Finds the first entry of another set than `set`. -ENOENT: there is none. */
static int find_other(int fd, uint64_t set, struct net *ret_net, struct hold_own *ret_own)
{
	struct hold_own own;
	struct net net;
	int r = bpf_map_get_next_key(fd, NULL, &net);

	while (!r) {
		if (!bpf_map_lookup_elem(fd, &net, &own) && own.set != set) {
			*ret_net = net;
			*ret_own = own;
			return 0;
		}
		r = bpf_map_get_next_key(fd, &net, &net);
	}
	return r;
}

/* An interrupted call leaves entries of two sets. */
static uint64_t last_set(int fd)
{
	struct hold_own own = {0};
	struct hold_own other;
	struct net ignored;

	if (!find_other(fd, 0, &ignored, &own) && !find_other(fd, own.set, &ignored, &other) &&
	    other.set > own.set)
		return other.set;
	return own.set;
}

int hold_set_own(struct hold *hold, const struct net *own, size_t count, struct error *error)
{
	const int fd = bpf_map__fd(hold->skeleton->maps.postern_holdown);
	const struct hold_own value = {.set = last_set(fd) + 1};
	struct hold_own ignored;
	struct net other;
	int r = 0;

	for (size_t i = 0; !r && i < count; i++)
		r = bpf_map_update_elem(fd, &own[i], &value, BPF_ANY);
	if (r == -ENOSPC)
		r = -E2BIG;
	while (!r) {
		r = find_other(fd, value.set, &other, &ignored);
		if (!r)
			r = bpf_map_delete_elem(fd, &other);
	}
	return r == -ENOENT ? 0 : error_set(error, r, "postern_holdown: %s", strerror(-r));
}

/* ---- forwarded mail */

int hold_hook_attach(const struct hold *hold, const char *pin_path,
		     const struct hook_interface *interface, struct hook egress,
		     struct error *error)
{
	const int program = bpf_program__fd(hold->skeleton->progs.postern_held_on);
	int r;

	libbpf_log_begin();
	r = egress.kind == HOOK_CLSACT
		    ? clsact_attach(program, interface, CLSACT_EGRESS, error)
		    : link_attach(program, pin_path, interface, LINK_TCX_EGRESS, error);
	libbpf_log_end();
	return r;
}
