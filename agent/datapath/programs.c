/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads the programs. Their maps are object_maps.c's, attaching is hook.c's, running adopt.c's. */
#include "datapath/programs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "datapath/libbpf_log.h"
#include "datapath/netns.h"
#include "datapath/object_maps.h"
#include "datapath/quiesce.h"
#include "datapath/retired_ports.h"
#include "datapath/writer.h"
#include "postern/expiry.h"
#include "postern.skel.h"

struct programs {
	struct postern_bpf *skeleton;
	char *pin_path;
	struct object_maps maps;
};

/* ---- loading */

static int load_error(int code, const char *why, struct error *error)
{
	switch (code) {
	case -EPERM:
		return error_set(error, code, "not permitted to load BPF programs%s%s",
				 *why ? ": " : "", why);
	case -ENOMEM:
		return error_set(error, code,
				 "out of memory: flows_max or senders_max is too large for this "
				 "host%s%s",
				 *why ? ": " : "", why);
	default:
		return error_set(error, -EOPNOTSUPP,
				 "this kernel rejects the BPF programs (Linux 5.19 or newer "
				 "is needed): %s",
				 *why ? why : strerror(-code));
	}
}

static int load(struct programs *programs, struct error *error)
{
	struct postern_bpf *skeleton = programs->skeleton;
	uint64_t cookie;
	const char *why;
	int r = netns_cookie(&cookie);

	if (r)
		return error_set(error, r, "the network namespace has no cookie: %s", strerror(-r));
	skeleton->rodata->own_netns = cookie;

	skeleton->rodata->expiry_max =
		EXPIRY_MAX(bpf_map__max_entries(skeleton->maps.postern_expiry));
	skeleton->rodata->own_generation = programs->maps.generation;
	libbpf_log_begin();
	r = postern_bpf__load(skeleton);
	why = libbpf_log_end();
	return r ? load_error(r, why, error) : 0;
}

/* Writes the fields that `up` owns; all others are the agent's. */
static int write_control(const struct programs *programs, const struct programs_options *options,
			 struct error *error)
{
	int fd = bpf_map__fd(programs->skeleton->maps.postern_control);
	struct control control;
	uint32_t key = 0;
	int r = bpf_map_lookup_elem(fd, &key, &control);

	if (!r) {
		control.layout = POSTERN_LAYOUT;
		control.established_ns = options->established_ns;
		control.transitory_ns = options->transitory_ns;
		if (!control.first_up_ns)
			control.first_up_ns = options->now_ns;
		r = bpf_map_update_elem(fd, &key, &control, BPF_ANY);
	}
	return r ? error_set(error, r, "postern_control cannot be written: %s", strerror(-r)) : 0;
}

/* The value is written as a whole: between the reading and the writing nobody else may write. */
static int fill_control(const struct programs *programs, const struct programs_options *options,
			struct error *error)
{
	_cleanup_(close_fd_p) int lock = -1;
	int r = writer_open(options->pin_path, &lock, error);

	if (!r && lock >= 0 && writer_lock(lock, PROGRAMS_LOCK_MS))
		r = error_set(error, -EBUSY,
			      "the agent holds the maps of '%s' and does not answer: restart it",
			      options->pin_path);
	return r ? r : write_control(programs, options, error);
}

/*
 * Ends the pause of an `up` that was killed. Maps that must move pause again, until they have
 * moved.
 */
static int fill_generation(const struct programs *programs, struct error *error)
{
	if (programs->maps.is_complete && object_maps_must_move(&programs->maps))
		return 0;
	return quiesce_force(bpf_map__fd(programs->skeleton->maps.postern_gen),
			     programs->maps.generation, error);
}

static int open_object(struct programs *programs, const struct programs_options *options,
		       struct error *error)
{
	const char *why;
	int r;

	programs->pin_path = strdup(options->pin_path);
	if (!programs->pin_path)
		return error_set(error, -ENOMEM, "out of memory");
	libbpf_log_begin();
	programs->skeleton = postern_bpf__open();
	r = programs->skeleton ? 0 : -errno;
	why = libbpf_log_end();
	if (r)
		return load_error(r, why, error);
	programs->maps.skeleton = programs->skeleton;
	programs->maps.pin_path = programs->pin_path;
	_Static_assert(sizeof(programs->skeleton->rodata->steered_ports) == sizeof(options->ports),
		       "one list of ports");
	memcpy((void *)programs->skeleton->rodata->steered_ports, options->ports,
	       sizeof(options->ports));
	memcpy((void *)&programs->skeleton->rodata->handles, &options->handles,
	       sizeof(options->handles));
	return 0;
}

int programs_open(const struct programs_options *options, struct programs **ret_programs,
		  struct error *error)
{
	struct programs *programs = calloc(1, sizeof(*programs));
	int r;

	if (!programs)
		return error_set(error, -ENOMEM, "out of memory");
	r = open_object(programs, options, error);
	if (!r)
		r = object_maps_prepare(&programs->maps, options, error);
	if (!r && programs->maps.is_complete)
		r = retired_ports_find(programs->maps.pinned, options->ports,
				       (void *)programs->skeleton->rodata->retired_ports, error);
	if (!r)
		r = load(programs, error);
	if (!r)
		r = fill_generation(programs, error);
	if (!r)
		r = fill_control(programs, options, error);
	if (!r)
		r = object_maps_pin(&programs->maps, error);
	if (r) {
		programs_rollback(programs);
		programs_free(programs);
		return r;
	}
	*ret_programs = programs;
	return 0;
}

bool programs_maps_are_new(const struct programs *programs)
{
	return !programs->maps.is_complete;
}

int programs_fd(const struct programs *programs, enum program program, bool has_link_layer)
{
	const struct postern_bpf *skeleton = programs->skeleton;
	const struct bpf_program *found;

	switch (program) {
	case PROGRAM_XDP:
		found = skeleton->progs.postern_xdp;
		break;
	case PROGRAM_INGRESS:
		found = has_link_layer ? skeleton->progs.postern_ingress
				       : skeleton->progs.postern_ingress_l3;
		break;
	case PROGRAM_EGRESS:
		found = has_link_layer ? skeleton->progs.postern_egress
				       : skeleton->progs.postern_egress_l3;
		break;
	case PROGRAM_HANDLES:
		found = has_link_layer ? skeleton->progs.postern_handles
				       : skeleton->progs.postern_handles_l3;
		break;
	default:
		found = skeleton->progs.postern_handles_any;
	}
	return bpf_program__fd(found);
}

int programs_task_fd(const struct programs *programs, enum program_task task)
{
	const struct postern_bpf *skeleton = programs->skeleton;

	switch (task) {
	case PROGRAM_ADOPT:
		return bpf_program__fd(skeleton->progs.postern_adopt);
	default:
		return bpf_program__fd(skeleton->progs.postern_renew);
	}
}

int programs_move(struct programs *programs, bool *ret_begun, struct error *error)
{
	return object_maps_move(&programs->maps, ret_begun, error);
}

void programs_rollback(struct programs *programs)
{
	object_maps_unpin(&programs->maps);
}

void programs_free(struct programs *programs)
{
	if (!programs)
		return;
	postern_bpf__destroy(programs->skeleton);
	object_maps_done(&programs->maps);
	free(programs->pin_path);
	free(programs);
}
