/* SPDX-License-Identifier: BSD-2-Clause */
/* Creates or re-uses the pinned maps and loads the programs. Attaching is hook.c's. */
#include "datapath/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "datapath/messages.h"
#include "datapath/pins.h"
#include "datapath/resize.h"
#include "datapath/tasks.h"
#include "postern.skel.h"

#define RENEW_TRIES    200
#define RENEW_PAUSE_US 1000

struct loaded {
	struct postern_bpf *skeleton;
	char *pin_path;
	bool directory_is_new;
	struct bpf_map **new_maps; /* those that this call pinned */
	size_t n_new_maps;
	struct bpf_map *resized[RESIZE_MAPS]; /* in place of those pinned; NULL: these stay */
	struct resize *resize;		      /* NULL until loaded_move() */
};

/* ---- what the object is to look like */

/* Those whose capacity is senders_max. */
static struct bpf_map *sender_map(const struct postern_bpf *skeleton, enum map map)
{
	struct bpf_map *const by_senders[RESIZE_MAPS] = {
		[MAP_SENDERS] = skeleton->maps.postern_senders,
		[MAP_NETS] = skeleton->maps.postern_nets,
		[MAP_VERDICT] = skeleton->maps.postern_verdict,
		[MAP_USAGE] = skeleton->maps.postern_usage,
	};

	return by_senders[map];
}

static int set_capacities(struct postern_bpf *skeleton, const struct load_options *options)
{
	struct bpf_map *by_flows[] = {skeleton->maps.postern_flows, skeleton->maps.postern_returns};
	int r = 0;

	for (size_t i = 0; i < sizeof(by_flows) / sizeof(*by_flows) && !r; i++)
		r = bpf_map__set_max_entries(by_flows[i], options->flows_max);
	/* Half as many again, for entries of flows that were replaced and wait for their turn. */
	if (!r)
		r = bpf_map__set_max_entries(skeleton->maps.postern_watch,
					     options->flows_max / 2 * 3);
	for (enum map map = 0; map < RESIZE_MAPS && !r; map++)
		r = bpf_map__set_max_entries(sender_map(skeleton, map), options->senders_max);
	return r;
}

/* The object's own maps; .rodata is libbpf's and new with every load. */
static bool is_pinned(const struct bpf_map *map)
{
	return !bpf_map__is_internal(map) &&
	       !strncmp(bpf_map__name(map), PIN_MAP_PREFIX, strlen(PIN_MAP_PREFIX));
}

/* ---- re-use */

static int note_capacity(char **note, uint32_t pinned, uint32_t wanted)
{
	if (pinned == wanted)
		return 0;
	return asprintf(note,
			"flows_max stays %u until 'postern down', as flows cannot move while they "
			"live (configured: %u)",
			pinned, wanted) < 0
		       ? -ENOMEM
		       : 0;
}

/* Where it has to be replaced, the map is made anew with the programs and takes its place later. */
static bool is_resized(struct loaded *loaded, struct bpf_map *map, int fd,
		       const struct bpf_map_info *info)
{
	for (enum map i = 0; i < RESIZE_MAPS; i++)
		if (map == sender_map(loaded->skeleton, i) &&
		    resize_is_needed(fd, info, bpf_map__max_entries(map))) {
			loaded->resized[i] = map;
			return true;
		}
	return false;
}

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
		return error_set(error, -EPROTO,
				 "'%s/%s' has another type or size than this version's: run "
				 "'postern down' with the version that made it, or remove '%s' by "
				 "hand (flows will be cut)",
				 pin_path, info.name, pin_path);
	if (is_resized(loaded, map, fd, &info))
		return 0;
	r = bpf_map__reuse_fd(map, fd);
	if (r)
		return error_set(error, r, "'%s/%s' cannot be re-used: %s", pin_path, info.name,
				 strerror(-r));
	return 0;
}

static int check_layout(const char *pin_path, const char *control, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct bpf_map_info info;
	int r = pin_map_open(pin_path, control, &fd, &info, error);

	if (r == -ENOENT)
		return 0;
	return r ? r : pin_layout_check(pin_path, fd, &info, error);
}

static int reuse_pinned(struct loaded *loaded, const struct load_options *options, char **note,
			struct error *error)
{
	struct postern_bpf *skeleton = loaded->skeleton;
	struct bpf_map *map;
	int r = check_layout(options->pin_path, bpf_map__name(skeleton->maps.postern_control),
			     error);

	bpf_object__for_each_map(map, skeleton->obj)
	{
		if (!r && is_pinned(map))
			r = reuse_map(loaded, map, error);
	}
	if (r)
		return r;
	r = note_capacity(note, bpf_map__max_entries(skeleton->maps.postern_flows),
			  options->flows_max);
	return r ? error_set(error, r, "out of memory") : 0;
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

static int load(struct postern_bpf *skeleton, struct error *error)
{
	const char *why;
	int r;

	skeleton->rodata->watch_max = WATCH_MAX(bpf_map__max_entries(skeleton->maps.postern_watch));
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

static int pin_if_new(struct loaded *loaded, struct bpf_map *map, struct error *error)
{
	char file[PATH_MAX];
	int r = pin_file(loaded->pin_path, bpf_map__name(map), file, error);

	if (r)
		return r;
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

int loaded_open(const struct load_options *options, struct loaded **ret_loaded, char **ret_note,
		struct error *error)
{
	struct loaded *loaded = calloc(1, sizeof(*loaded));
	_cleanup_(free_p) char *note = NULL;
	int r;

	if (!loaded)
		return error_set(error, -ENOMEM, "out of memory");
	r = open_object(loaded, options, error);
	if (!r)
		r = reuse_pinned(loaded, options, &note, error);
	if (!r)
		r = load(loaded->skeleton, error);
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
	*ret_note = TAKE_PTR(note);
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
	case PROGRAM_RENEW:
		return bpf_program__fd(skeleton->progs.postern_renew);
	default:
		return bpf_program__fd(skeleton->progs.postern_carry);
	}
}

/* ---- another capacity */

int loaded_move(struct loaded *loaded, bool *ret_moved, struct error *error)
{
	struct resize_target targets[RESIZE_MAPS];
	bool moves = false;
	int r = 0;

	for (enum map map = 0; map < RESIZE_MAPS; map++) {
		const struct bpf_map *resized = loaded->resized[map];

		moves |= resized != NULL;
		targets[map] = (struct resize_target){.fd = -1};
		if (resized)
			targets[map] = (struct resize_target){bpf_map__fd(resized),
							      bpf_map__max_entries(resized)};
	}
	if (moves)
		r = resize_run(loaded->pin_path, targets,
			       bpf_map__fd(loaded->skeleton->maps.postern_control), &loaded->resize,
			       error);
	if (!r)
		*ret_moved = moves;
	return r;
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
	return loaded->resize ? resize_settle(loaded->resize, loaded, error) : 0;
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
	resize_free(loaded->resize);
	free(loaded->new_maps);
	free(loaded->pin_path);
	free(loaded);
}

int loaded_grant(const struct loaded *loaded, uid_t uid, gid_t gid, struct error *error)
{
	return pins_chown(loaded->pin_path, uid, gid, error);
}

int unload(const char *pin_path, struct error *error)
{
	return pins_remove(pin_path, error);
}
