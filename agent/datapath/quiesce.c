/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes postern_gen and waits until every running program has read it. resize.c decides when. */
#include "datapath/quiesce.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "datapath/datapath.h"
#include "datapath/pins.h"
#include "postern/abi.h"

static int write_generation(int fd, uint64_t in_force, uint64_t until_ns, struct error *error)
{
	struct generation generation;
	uint32_t zero = 0;
	int r = bpf_map_lookup_elem(fd, &zero, &generation);

	if (!r) {
		generation.in_force = in_force;
		generation.paused_until_ns = until_ns;
		r = bpf_map_update_elem(fd, &zero, &generation, BPF_ANY);
	}
	return r ? error_set(error, r, "postern_gen cannot be written: %s", strerror(-r)) : 0;
}

/* An update of a map of maps returns when no program uses the old inner map: the kernel waits. */
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

/*
 * Reads the clock after the write: before the old end, programs saw the old pause or the new one.
 */
static int lengthen(struct quiesce *quiesce, uint64_t in_force, struct error *error)
{
	uint64_t before_ns = quiesce->until_ns;
	uint64_t until_ns = clock_monotonic_ns() + QUIESCE_SEC * NS_PER_SEC;
	int r = write_generation(quiesce->fd, in_force, until_ns, error);

	if (r)
		return r;
	quiesce->until_ns = until_ns;
	if (clock_monotonic_ns() < before_ns)
		return 0;
	return error_set(error, -ETIMEDOUT,
			 "the copy of the maps stalled for more than %d seconds; nothing has "
			 "changed: run 'postern up' again",
			 QUIESCE_SEC);
}

int quiesce_begin(int generation_fd, struct quiesce *ret_quiesce, struct error *error)
{
	struct generation generation;
	uint32_t zero = 0;
	int r = bpf_map_lookup_elem(generation_fd, &zero, &generation);

	if (r)
		return error_set(error, r, "postern_gen cannot be read: %s", strerror(-r));
	*ret_quiesce = (struct quiesce){
		.fd = generation_fd, .in_force = generation.in_force, .until_ns = UINT64_MAX};
	r = lengthen(ret_quiesce, generation.in_force, error);
	if (!r)
		r = wait_for_programs(generation_fd, error);
	if (r)
		quiesce_cancel(ret_quiesce);
	return r;
}

int quiesce_extend(struct quiesce *quiesce, struct error *error)
{
	return lengthen(quiesce, quiesce->in_force, error);
}

int quiesce_stop(struct quiesce *quiesce, struct error *error)
{
	return lengthen(quiesce, GENERATION_NONE, error);
}

void quiesce_cancel(struct quiesce *quiesce)
{
	struct error ignored;

	write_generation(quiesce->fd, quiesce->in_force, 0, &ignored);
}

int quiesce_for_good(const char *pin_path, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct bpf_map_info info;
	int r = pin_map_open(pin_path, map_name(MAP_GEN), &fd, &info, error);

	if (!r)
		r = write_generation(fd, GENERATION_NONE, 0, error);
	return r ? r : wait_for_programs(fd, error);
}

int quiesce_force(int generation_fd, uint64_t generation, struct error *error)
{
	return write_generation(generation_fd, generation, 0, error);
}
