/* SPDX-License-Identifier: BSD-2-Clause */
/* Creates or re-uses the pinned maps and loads the programs. Attaching is hook.c's. */
#include "datapath/programs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "datapath/libbpf_log.h"
#include "datapath/pins.h"
#include "datapath/retired_ports.h"
#include "datapath/resize.h"
#include "datapath/quiesce.h"
#include "datapath/adopt.h"
#include "postern.skel.h"

#define GENERATION_MAP "postern_gen"

#define RENEW_TRIES    200
#define RENEW_PAUSE_US 1000

struct loaded {
	struct postern_bpf *skeleton;
	char *pin_path;
	bool directory_is_new;
	struct bpf_map **new_maps; /* those that this call pinned */
	size_t n_new_maps;
	bool has_control;	 /* pinned: the maps are complete */
	bool moves[RESIZE_MAPS]; /* those to be put in the place of what is pinned */
	uint64_t number;	 /* of these programs, see struct generation */
};

/* ---- what the object is to look like */

static struct bpf_map *resize_map(const struct postern_bpf *skeleton, enum resize_map map)
{
	struct bpf_map *const maps[RESIZE_MAPS] = {
		[RESIZE_SENDERS] = skeleton->maps.postern_senders,
		[RESIZE_NETS] = skeleton->maps.postern_nets,
		[RESIZE_VERDICT] = skeleton->maps.postern_verdict,
		[RESIZE_USAGE] = skeleton->maps.postern_usage,
		[RESIZE_FLOWS] = skeleton->maps.postern_flows,
		[RESIZE_RETURNS] = skeleton->maps.postern_returns,
		[RESIZE_EXPIRY] = skeleton->maps.postern_expiry,
		[RESIZE_TIMER] = skeleton->maps.postern_timer,
	};

	return maps[map];
}

static uint32_t wanted_capacity(const struct load_options *options, enum resize_map map)
{
	switch (map) {
	case RESIZE_FLOWS:
	case RESIZE_RETURNS:
		return options->flows_max;
	case RESIZE_EXPIRY:
		/* Half as many again, for entries of flows that were replaced and wait for their turn. */
		return options->flows_max / 2 * 3;
	case RESIZE_TIMER:
		return 1;
	default:
		return options->senders_max;
	}
}

static int set_capacities(struct postern_bpf *skeleton, const struct load_options *options)
{
	int r = 0;

	for (enum resize_map map = 0; map < RESIZE_MAPS && !r; map++)
		r = bpf_map__set_max_entries(resize_map(skeleton, map),
					     wanted_capacity(options, map));
	return r;
}

/* The object's own maps; .rodata is libbpf's and new with every load. */
static bool is_pinned(const struct bpf_map *map)
{
	return !bpf_map__is_internal(map) &&
	       !strncmp(bpf_map__name(map), PIN_MAP_PREFIX, strlen(PIN_MAP_PREFIX));
}

/* ---- what has to move */

/* Which programs are in force. -ENOENT: nothing complete is pinned. */
static int read_number(const char *pin_path, uint64_t *ret_number, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct bpf_map_info info;
	struct generation generation;
	uint32_t zero = 0;
	int r = pin_map_open(pin_path, GENERATION_MAP, &fd, &info, error);

	if (r)
		return r;
	if (info.value_size != sizeof(generation))
		return error_set(error, -EPROTO, "'%s/%s' has another size than this version's",
				 pin_path, info.name);
	r = bpf_map_lookup_elem(fd, &zero, &generation);
	if (r)
		return error_set(error, r, "'%s/%s': %s", pin_path, info.name, strerror(-r));
	*ret_number = generation.in_force;
	return 0;
}

/* A pin that is not there moves nothing. */
static int plan_move(struct loaded *loaded, enum resize_map map, struct error *error)
{
	const struct bpf_map *wanted = resize_map(loaded->skeleton, map);
	_cleanup_(close_fd_p) int fd = -1;
	struct bpf_map_info info;
	int r = pin_map_open(loaded->pin_path, bpf_map__name(wanted), &fd, &info, error);

	if (r)
		return r == -ENOENT ? 0 : r;
	loaded->moves[map] = loaded->number == GENERATION_NONE ||
			     resize_is_needed(fd, &info, bpf_map__max_entries(wanted));
	return 0;
}

static bool moves_any(const struct loaded *loaded, enum resize_map first, enum resize_map end)
{
	for (enum resize_map map = first; map < end; map++)
		if (loaded->moves[map])
			return true;
	return false;
}

/*
 * Programs for the very maps that are pinned have the number of those in force; all others one that was
 * never used. An `up` that was killed while maps changed places moves all of them once more.
 */
static int plan_moves(struct loaded *loaded, struct error *error)
{
	int r = read_number(loaded->pin_path, &loaded->number, error);
	bool flows;

	if (r && r != -ENOENT)
		return r;
	if (r)
		loaded->number = 0;
	r = 0;
	for (enum resize_map map = 0; !r && map < RESIZE_MAPS; map++)
		r = plan_move(loaded, map, error);
	flows = moves_any(loaded, RESIZE_FLOWS, RESIZE_MAPS);
	for (enum resize_map map = RESIZE_FLOWS; map < RESIZE_MAPS; map++)
		loaded->moves[map] = flows;
	if (!loaded->number || moves_any(loaded, 0, RESIZE_MAPS))
		loaded->number = clock_monotonic_ns();
	return r;
}

static bool is_moved(const struct loaded *loaded, const struct bpf_map *map)
{
	for (enum resize_map i = 0; i < RESIZE_MAPS; i++)
		if (loaded->moves[i] && map == resize_map(loaded->skeleton, i))
			return true;
	return false;
}

/* ---- re-use */

static int reuse_map(struct loaded *loaded, struct bpf_map *map, struct error *error)
{
	const char *pin_path = loaded->pin_path;
	_cleanup_(close_fd_p) int fd = -1;
	struct bpf_map_info info;
	int r = pin_map_open(pin_path, bpf_map__name(map), &fd, &info, error);

	if (r == -ENOENT)
		return 0;
	if (r)
		return r;
	if (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
	    info.value_size != bpf_map__value_size(map))
		return error_set(
			error, -EPROTO,
			"'%s/%s' has another type or size than this version's: " PIN_REMEDY,
			pin_path, info.name);
	if (is_moved(loaded, map))
		return 0;
	r = bpf_map__reuse_fd(map, fd);
	if (r)
		return error_set(error, r, "'%s/%s' cannot be re-used: %s", pin_path, info.name,
				 strerror(-r));
	return 0;
}

/* Also whether there is one: it is pinned last. */
static int check_layout(struct loaded *loaded, struct error *error)
{
	const char *control = bpf_map__name(loaded->skeleton->maps.postern_control);
	_cleanup_(close_fd_p) int fd = -1;
	struct bpf_map_info info;
	int r = pin_map_open(loaded->pin_path, control, &fd, &info, error);

	if (r == -ENOENT)
		return 0;
	loaded->has_control = !r;
	return r ? r : pin_layout_check(loaded->pin_path, fd, &info, error);
}

static int reuse_pinned(struct loaded *loaded, struct error *error)
{
	struct bpf_map *map;
	int r = check_layout(loaded, error);

	if (!r)
		r = plan_moves(loaded, error);
	bpf_object__for_each_map(map, loaded->skeleton->obj)
	{
		if (!r && is_pinned(map))
			r = reuse_map(loaded, map, error);
	}
	return r;
}

/* ---- loading and pinning */

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
				 "this kernel does not take the BPF programs (Linux 5.19 or newer "
				 "is needed): %s",
				 *why ? why : strerror(-code));
	}
}

static int load(struct loaded *loaded, struct error *error)
{
	struct postern_bpf *skeleton = loaded->skeleton;
	const char *why;
	int r;

	skeleton->rodata->expiry_max =
		EXPIRY_MAX(bpf_map__max_entries(skeleton->maps.postern_expiry));
	skeleton->rodata->own_generation = loaded->number;
	messages_begin();
	r = postern_bpf__load(skeleton);
	why = messages_end();
	return r ? load_error(r, why, error) : 0;
}

/* What `up` decides; selector_kinds and cuts are the agent's and stay as they are. */
static int fill_control(const struct loaded *loaded, const struct load_options *options,
			struct error *error)
{
	int fd = bpf_map__fd(loaded->skeleton->maps.postern_control);
	struct control control;
	uint32_t key = 0;
	int r = bpf_map_lookup_elem(fd, &key, &control);

	if (!r) {
		control.layout = POSTERN_LAYOUT;
		control.established_ns = options->established_ns;
		control.transitory_ns = options->transitory_ns;
		r = bpf_map_update_elem(fd, &key, &control, BPF_ANY);
	}
	return r ? error_set(error, r, "postern_control cannot be written: %s", strerror(-r)) : 0;
}

/* Ends what an `up` that was killed has left still. With maps that are about to move it goes on. */
static int fill_tables(const struct loaded *loaded, struct error *error)
{
	if (loaded->has_control && moves_any(loaded, 0, RESIZE_MAPS))
		return 0;
	return still_force(bpf_map__fd(loaded->skeleton->maps.postern_gen), loaded->number, error);
}

static int pin_if_new(struct loaded *loaded, struct bpf_map *map, struct error *error)
{
	char file[PATH_MAX];
	int r = pin_file(loaded->pin_path, bpf_map__name(map), file, error);

	if (r)
		return r;
	/* Of an `up` that never came to an end, and wanted another capacity. */
	if (!loaded->has_control && is_moved(loaded, map) && unlink(file))
		return error_set(error, -errno, "'%s': %s", file, strerror(errno));
	r = bpf_obj_pin(bpf_map__fd(map), file);
	if (r == -EEXIST) /* re-used, or to be moved */
		return 0;
	if (r)
		return error_set(error, r, "cannot pin '%s': %s", file, strerror(-r));
	loaded->new_maps[loaded->n_new_maps++] = map;
	return 0;
}

static int pin_all(struct loaded *loaded, struct error *error)
{
	struct bpf_map *last = loaded->skeleton->maps.postern_control;
	struct bpf_map *map;
	size_t count = 0;
	int r = 0;

	bpf_object__for_each_map(map, loaded->skeleton->obj) count++;
	loaded->new_maps = calloc(count, sizeof(struct bpf_map *));
	if (!loaded->new_maps)
		return error_set(error, -ENOMEM, "out of memory");
	if (!mkdir(loaded->pin_path, 0700))
		loaded->directory_is_new = true;
	else if (errno != EEXIST)
		return error_set(error, -errno, "cannot create '%s': %s", loaded->pin_path,
				 strerror(errno));
	bpf_object__for_each_map(map, loaded->skeleton->obj)
	{
		if (!r && is_pinned(map) && map != last)
			r = pin_if_new(loaded, map, error);
	}
	return r ? r : pin_if_new(loaded, last, error);
}

static int open_object(struct loaded *loaded, const struct load_options *options,
		       struct error *error)
{
	const char *why;
	int r;

	loaded->pin_path = strdup(options->pin_path);
	if (!loaded->pin_path)
		return error_set(error, -ENOMEM, "out of memory");
	messages_begin();
	loaded->skeleton = postern_bpf__open();
	r = loaded->skeleton ? set_capacities(loaded->skeleton, options) : -errno;
	why = messages_end();
	if (r)
		return load_error(r, why, error);
	_Static_assert(sizeof(loaded->skeleton->rodata->steered_ports) == sizeof(options->ports),
		       "one list of ports");
	memcpy((void *)loaded->skeleton->rodata->steered_ports, options->ports,
	       sizeof(options->ports));
	return 0;
}

int loaded_open(const struct load_options *options, struct loaded **ret_loaded, struct error *error)
{
	struct loaded *loaded = calloc(1, sizeof(*loaded));
	int r;

	if (!loaded)
		return error_set(error, -ENOMEM, "out of memory");
	r = open_object(loaded, options, error);
	if (!r)
		r = reuse_pinned(loaded, error);
	if (!r && loaded->has_control)
		r = ports_find_leaving(options->pin_path, options->ports,
				       (void *)loaded->skeleton->rodata->leaving_ports, error);
	if (!r)
		r = load(loaded, error);
	if (!r)
		r = fill_tables(loaded, error);
	if (!r)
		r = fill_control(loaded, options, error);
	if (!r)
		r = pin_all(loaded, error);
	if (r) {
		loaded_rollback(loaded);
		loaded_free(loaded);
		return r;
	}
	*ret_loaded = loaded;
	return 0;
}

bool loaded_is_new(const struct loaded *loaded)
{
	/* postern_control is pinned last: without it nothing was complete. */
	return loaded->n_new_maps &&
	       loaded->new_maps[loaded->n_new_maps - 1] == loaded->skeleton->maps.postern_control;
}

int loaded_program(const struct loaded *loaded, enum program program, bool has_link_layer)
{
	const struct postern_bpf *skeleton = loaded->skeleton;
	const struct bpf_program *found;

	if (program == PROGRAM_XDP)
		found = skeleton->progs.postern_xdp;
	else if (program == PROGRAM_INGRESS)
		found = has_link_layer ? skeleton->progs.postern_ingress
				       : skeleton->progs.postern_ingress_l3;
	else
		found = has_link_layer ? skeleton->progs.postern_egress
				       : skeleton->progs.postern_egress_l3;
	return bpf_program__fd(found);
}

int loaded_task(const struct loaded *loaded, enum program_task task)
{
	const struct postern_bpf *skeleton = loaded->skeleton;

	switch (task) {
	case PROGRAM_ADOPT:
		return bpf_program__fd(skeleton->progs.postern_adopt);
	default:
		return bpf_program__fd(skeleton->progs.postern_renew);
	}
}

/* ---- another capacity */

int loaded_move(struct loaded *loaded, bool *ret_begun, struct error *error)
{
	const struct postern_bpf *skeleton = loaded->skeleton;
	struct resize resize = {
		.pin_path = loaded->pin_path,
		.control_fd = bpf_map__fd(skeleton->maps.postern_control),
		.generation_fd = bpf_map__fd(skeleton->maps.postern_gen),
		.number = loaded->number,
	};

	if (!moves_any(loaded, 0, RESIZE_MAPS))
		return 0;
	for (enum resize_map i = 0; i < RESIZE_MAPS; i++) {
		const struct bpf_map *map = resize_map(skeleton, i);

		resize.targets[i] = (struct resize_target){
			.name = bpf_map__name(map),
			.fd = loaded->moves[i] ? bpf_map__fd(map) : -1,
			.capacity = bpf_map__max_entries(map),
		};
	}
	return resize_run(&resize, ret_begun, error);
}

int loaded_settle(struct loaded *loaded, struct error *error)
{
	int r = task_renew(loaded);

	/* The kernel may be in the middle of its allocator; nothing tells when it is out of it. */
	for (int tries = 0; r == -ENOMEM && tries < RENEW_TRIES; tries++) {
		usleep(RENEW_PAUSE_US);
		r = task_renew(loaded);
	}
	/* Still none: the first flow that is opened starts it. */
	if (r && r != -ENOMEM)
		return error_set(error, r, "the timer of the flows cannot be started: %s",
				 strerror(-r));
	return 0;
}

void loaded_rollback(struct loaded *loaded)
{
	struct error ignored;
	char file[PATH_MAX];

	while (loaded->n_new_maps) {
		const struct bpf_map *map = loaded->new_maps[--loaded->n_new_maps];

		if (!pin_file(loaded->pin_path, bpf_map__name(map), file, &ignored))
			unlink(file);
	}
	if (loaded->directory_is_new)
		rmdir(loaded->pin_path);
	loaded->directory_is_new = false;
}

void loaded_free(struct loaded *loaded)
{
	if (!loaded)
		return;
	postern_bpf__destroy(loaded->skeleton);
	free(loaded->new_maps);
	free(loaded->pin_path);
	free(loaded);
}

int loaded_grant(const struct loaded *loaded, uid_t uid, gid_t gid, struct error *error)
{
	return pins_chown(loaded->pin_path, uid, gid, error);
}

int programs_unload(const char *pin_path, struct error *error)
{
	return pins_remove(pin_path, error);
}
