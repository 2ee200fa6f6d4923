/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes postern_gen, and waits for programs that have not seen it. When to is resize.c's. */
#include "datapath/quiesce.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "postern/abi.h"

static int write_tables(int fd, uint64_t in_force, uint64_t until_ns, struct error *error)
{
	const struct generation generation = {.in_force = in_force, .paused_until_ns = until_ns};
	uint32_t zero = 0;
	int r = bpf_map_update_elem(fd, &zero, &generation, BPF_ANY);

	return r ? error_set(error, r, "postern_gen cannot be written: %s", strerror(-r)) : 0;
}

/* The kernel grants that an update of a map of maps returns when all programs see it. */
static int wait_for_programs(int generation_fd, struct error *error)
{
	struct bpf_map_create_opts options = {.sz = sizeof(struct bpf_map_create_opts),
					      .inner_map_fd = (uint32_t)generation_fd};
	_cleanup_(close_fd_p) int outer =
		bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "postern_wait", sizeof(uint32_t),
			       sizeof(uint32_t), 1, &options);
	uint32_t zero = 0;
	int r = outer;

	if (r >= 0)
		r = bpf_map_update_elem(outer, &zero, &generation_fd, BPF_ANY);
	return r < 0 ? error_set(error, r, "cannot wait for the running programs: %s", strerror(-r))
		     : 0;
}

/* Looked at after the new time is there: then the programs have seen either the old or the new one. */
static int lengthen(struct still *still, uint64_t in_force, struct error *error)
{
	uint64_t before_ns = still->until_ns;
	uint64_t until_ns = clock_monotonic_ns() + STILL_SEC * NS_PER_SEC;
	int r = write_tables(still->fd, in_force, until_ns, error);

	if (r)
		return r;
	still->until_ns = until_ns;
	if (clock_monotonic_ns() < before_ns)
		return 0;
	return error_set(error, -ETIMEDOUT,
			 "held up for more than %d seconds while it copied the maps; nothing has "
			 "changed: try again",
			 STILL_SEC);
}

int still_begin(int generation_fd, struct still *ret_still, struct error *error)
{
	struct generation generation;
	uint32_t zero = 0;
	int r = bpf_map_lookup_elem(generation_fd, &zero, &generation);

	if (r)
		return error_set(error, r, "postern_gen cannot be read: %s", strerror(-r));
	*ret_still = (struct still){
		.fd = generation_fd, .in_force = generation.in_force, .until_ns = UINT64_MAX};
	r = lengthen(ret_still, generation.in_force, error);
	if (!r)
		r = wait_for_programs(generation_fd, error);
	if (r)
		still_cancel(ret_still);
	return r;
}

int still_extend(struct still *still, struct error *error)
{
	return lengthen(still, still->in_force, error);
}

int still_stop(struct still *still, struct error *error)
{
	return lengthen(still, GENERATION_NONE, error);
}

void still_cancel(struct still *still)
{
	struct error ignored;

	write_tables(still->fd, still->in_force, 0, &ignored);
}

int still_force(int generation_fd, uint64_t number, struct error *error)
{
	return write_tables(generation_fd, number, 0, error);
}
