/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compares the object's maps with the pinned ones, and pins. Copying from map to map is resize.c's.
 */
#include "datapath/object_maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "datapath/datapath.h"
#include "datapath/pins.h"
#include "datapath/programs.h"
#include "postern.skel.h"

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

/* ---- capacities */

static uint32_t wanted_capacity(const struct programs_options *options, enum resize_map map)
{
	switch (map) {
	case RESIZE_FLOWS:
	case RESIZE_RETURNS:
		return options->flows_max;
	case RESIZE_EXPIRY:
		/* Half as many again: entries of replaced flows stay until their next check. */
		return options->flows_max / 2 * 3;
	case RESIZE_TIMER:
		return 1;
	default:
		return options->senders_max;
	}
}

static int set_capacities(struct postern_bpf *skeleton, const struct programs_options *options,
			  struct error *error)
{
	int r = 0;

	for (enum resize_map map = 0; map < RESIZE_MAPS && !r; map++)
		r = bpf_map__set_max_entries(resize_map(skeleton, map),
					     wanted_capacity(options, map));
	return r ? error_set(error, r, "capacities of the maps: %s", strerror(-r)) : 0;
}

/* ---- moves */

/* The generation in force. -ENOENT: no complete set of maps is pinned. */
static int read_generation(const char *pin_path, uint64_t *ret_generation, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct bpf_map_info info;
	struct generation generation;
	uint32_t zero = 0;
	int r = pin_map_open(pin_path, map_name(MAP_GEN), &fd, &info, error);

	if (r)
		return r;
	if (info.value_size != sizeof(generation))
		return error_set(error, -EPROTO, "'%s/%s' has another size than this version's",
				 pin_path, info.name);
	r = bpf_map_lookup_elem(fd, &zero, &generation);
	if (r)
		return error_set(error, r, "'%s/%s': %s", pin_path, info.name, strerror(-r));
	*ret_generation = generation.in_force;
	return 0;
}

/* A map that is not pinned does not move. */
static int plan_move(struct object_maps *maps, enum resize_map map, struct error *error)
{
	const struct bpf_map *wanted = resize_map(maps->skeleton, map);
	_cleanup_(close_fd_p) int fd = -1;
	struct bpf_map_info info;
	int r = pin_map_open(maps->pin_path, bpf_map__name(wanted), &fd, &info, error);

	if (r)
		return r == -ENOENT ? 0 : r;
	maps->moves[map] = maps->generation == GENERATION_NONE ||
			   resize_is_needed(fd, &info, bpf_map__max_entries(wanted));
	return 0;
}

static bool moves_any(const struct object_maps *maps, enum resize_map first)
{
	for (enum resize_map map = first; map < RESIZE_MAPS; map++)
		if (maps->moves[map])
			return true;
	return false;
}

bool object_maps_must_move(const struct object_maps *maps)
{
	return moves_any(maps, 0);
}

/*
 * Programs that use exactly the pinned maps have the generation in force; all others get a number
 * that no generation ever had. After an `up` that was killed between two pins all maps move again.
 */
static int plan_moves(struct object_maps *maps, struct error *error)
{
	int r = read_generation(maps->pin_path, &maps->generation, error);
	bool flows;

	if (r && r != -ENOENT)
		return r;
	if (r)
		maps->generation = 0;
	r = 0;
	for (enum resize_map map = 0; !r && map < RESIZE_MAPS; map++)
		r = plan_move(maps, map, error);
	flows = moves_any(maps, RESIZE_FLOWS);
	for (enum resize_map map = RESIZE_FLOWS; map < RESIZE_MAPS; map++)
		maps->moves[map] = flows;
	if (!maps->generation || object_maps_must_move(maps))
		maps->generation = clock_monotonic_ns();
	return r;
}

static bool is_moved(const struct object_maps *maps, const struct bpf_map *map)
{
	for (enum resize_map i = 0; i < RESIZE_MAPS; i++)
		if (maps->moves[i] && map == resize_map(maps->skeleton, i))
			return true;
	return false;
}

/* ---- re-use */

/* Maps of the object that get a pin; libbpf creates .rodata anew with every load. */
static bool is_pinned(const struct bpf_map *map)
{
	return !bpf_map__is_internal(map) &&
	       !strncmp(bpf_map__name(map), PIN_MAP_PREFIX, strlen(PIN_MAP_PREFIX));
}

static int reuse_map(struct object_maps *maps, struct bpf_map *map, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	int r = pin_map_match(maps->pin_path, map, &fd, error);

	if (r)
		return r == -ENOENT ? 0 : r;
	if (is_moved(maps, map))
		return 0;
	r = bpf_map__reuse_fd(map, fd);
	if (r)
		return error_set(error, r, "'%s/%s' cannot be re-used: %s", maps->pin_path,
				 bpf_map__name(map), strerror(-r));
	return 0;
}

/* Before all other maps: their sizes mean nothing in another layout. */
static int check_layout(struct object_maps *maps, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct bpf_map_info info;
	int r = pin_map_open(maps->pin_path, map_name(MAP_CONTROL), &fd, &info, error);

	if (r)
		return r == -ENOENT ? 0 : r;
	maps->is_complete = true;
	return pin_layout_check(maps->pin_path, fd, &info, error);
}

int object_maps_prepare(struct object_maps *maps, const struct programs_options *options,
			struct error *error)
{
	struct bpf_map *map;
	int r = set_capacities(maps->skeleton, options, error);

	if (!r)
		r = check_layout(maps, error);
	if (!r)
		r = plan_moves(maps, error);
	bpf_object__for_each_map(map, maps->skeleton->obj)
	{
		if (!r && is_pinned(map))
			r = reuse_map(maps, map, error);
	}
	if (!r && maps->is_complete)
		r = datapath_open(maps->pin_path, &maps->pinned, error);
	return r;
}

/* ---- pinning */

static int pin_if_new(struct object_maps *maps, struct bpf_map *map, struct error *error)
{
	char file[PATH_MAX];
	int r = pin_file(maps->pin_path, bpf_map__name(map), file, error);

	if (r)
		return r;
	/* Pinned by an `up` that was killed before postern_control, with another capacity. */
	if (!maps->is_complete && is_moved(maps, map) && unlink(file))
		return error_set(error, -errno, "'%s': %s", file, strerror(errno));
	r = bpf_obj_pin(bpf_map__fd(map), file);
	if (r == -EEXIST) /* re-used, or replaced by object_maps_move() */
		return 0;
	if (r)
		return error_set(error, r, "cannot pin '%s': %s", file, strerror(-r));
	maps->created[maps->n_created++] = map;
	return 0;
}

int object_maps_pin(struct object_maps *maps, struct error *error)
{
	struct bpf_map *last = maps->skeleton->maps.postern_control;
	struct bpf_map *map;
	size_t count = 0;
	int r;

	bpf_object__for_each_map(map, maps->skeleton->obj) count++;
	maps->created = calloc(count, sizeof(struct bpf_map *));
	if (!maps->created)
		return error_set(error, -ENOMEM, "out of memory");
	r = pin_directory_make(maps->pin_path, &maps->directory_is_new, error);
	bpf_object__for_each_map(map, maps->skeleton->obj)
	{
		if (!r && is_pinned(map) && map != last)
			r = pin_if_new(maps, map, error);
	}
	return r ? r : pin_if_new(maps, last, error);
}

void object_maps_unpin(struct object_maps *maps)
{
	struct error ignored;
	char file[PATH_MAX];

	while (maps->n_created) {
		const struct bpf_map *map = maps->created[--maps->n_created];

		if (!pin_file(maps->pin_path, bpf_map__name(map), file, &ignored))
			unlink(file);
	}
	if (maps->directory_is_new)
		rmdir(maps->pin_path);
	maps->directory_is_new = false;
}

void object_maps_done(struct object_maps *maps)
{
	free(maps->created);
	maps->created = NULL;
	datapath_free(TAKE_PTR(maps->pinned));
}

/* ---- another capacity */

int object_maps_move(const struct object_maps *maps, bool *ret_begun, struct error *error)
{
	const struct postern_bpf *skeleton = maps->skeleton;
	struct resize resize = {
		.pin_path = maps->pin_path,
		.pinned = maps->pinned,
		.control_fd = bpf_map__fd(skeleton->maps.postern_control),
		.generation_fd = bpf_map__fd(skeleton->maps.postern_gen),
		.generation = maps->generation,
	};

	if (!object_maps_must_move(maps))
		return 0;
	for (enum resize_map i = 0; i < RESIZE_MAPS; i++) {
		const struct bpf_map *map = resize_map(skeleton, i);

		resize.targets[i] = (struct resize_target){
			.name = bpf_map__name(map),
			.fd = maps->moves[i] ? bpf_map__fd(map) : -1,
			.capacity = bpf_map__max_entries(map),
		};
	}
	return resize_run(&resize, ret_begun, error);
}
