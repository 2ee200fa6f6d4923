/* SPDX-License-Identifier: BSD-2-Clause */
/* The hold for readers without capabilities: its pinned maps. */
#include "datapath/hold.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "datapath/pins.h"

static int open_map(const char *pin_path, const char *name, __u32 value_size, int *ret_fd,
		    struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct bpf_map_info info;
	int r = pin_map_open(pin_path, name, &fd, &info, error);

	if (r)
		return r;
	if (info.value_size != value_size)
		return error_set(error, -EPROTO, "'%s/%s' has another size than this version's",
				 pin_path, name);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int hold_read(const char *pin_path, struct hold_settings *ret_settings, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct hold_settings settings;
	const __u32 zero = 0;
	int r = open_map(pin_path, "postern_hold", sizeof(settings), &fd, error);

	if (r)
		return r;
	r = bpf_map_lookup_elem(fd, &zero, &settings);
	if (r)
		return error_set(error, r, "postern_hold: %s", strerror(-r));
	*ret_settings = settings;
	return 0;
}

struct walk {
	int interfaces;
	int held;
	held_visitor visitor;
	void *data;
};

/* What is known of one index. */
static int visit(const struct walk *walk, __u32 index)
{
	struct hold_interface interface;
	struct held held = {0};
	bool is_listed = !bpf_map_lookup_elem(walk->interfaces, &index, &interface);

	/* Nothing was held there: zeros. */
	(void)bpf_map_lookup_elem(walk->held, &index, &held);
	return walk->visitor(walk->data, index, is_listed ? &interface : NULL, &held);
}

static bool has_key(int fd, __u32 index)
{
	struct hold_interface ignored;

	return !bpf_map_lookup_elem(fd, &index, &ignored);
}

/* Indexes of `map`; of postern_held, these that postern_holdifs lacks. */
static int walk_map(const struct walk *walk, int map)
{
	__u32 index;
	int r = 0;

	for (int next = bpf_map_get_next_key(map, NULL, &index); !next && !r;
	     next = bpf_map_get_next_key(map, &index, &index))
		if (map == walk->interfaces || !has_key(walk->interfaces, index))
			r = visit(walk, index);
	return r;
}

int hold_walk(const char *pin_path, held_visitor visitor, void *data, struct error *error)
{
	_cleanup_(close_fd_p) int interfaces = -1;
	_cleanup_(close_fd_p) int held = -1;
	int r = open_map(pin_path, "postern_holdifs", sizeof(struct hold_interface), &interfaces,
			 error);

	if (!r)
		r = open_map(pin_path, "postern_held", sizeof(struct held), &held, error);
	if (!r) {
		const struct walk walk = {interfaces, held, visitor, data};

		r = walk_map(&walk, interfaces);
		if (!r)
			r = walk_map(&walk, held);
	}
	return r;
}
