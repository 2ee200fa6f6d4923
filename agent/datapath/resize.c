/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies maps by their ops, pins and freezes by libbpf. The header gives the order and its reasons.
 */
#include "datapath/resize.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "datapath/datapath.h"
#include "datapath/pins.h"
#include "datapath/quiesce.h"
#include "postern/expiry.h"

#define FREEZE_MS  1000
#define COPY_BATCH 4096

/* These are copied entry by entry; the queue and its timer are rebuilt from the flows. */
#define COPIED_MAPS RESIZE_EXPIRY

static const struct copied {
	enum map map;
	bool is_kernels; /* programs write it: copied while they are paused */
	const char *option;
	const char *remedy;
} copied_maps[COPIED_MAPS] = {
	[RESIZE_SENDERS] = {MAP_SENDERS, false, "senders_max", "remove senders"},
	[RESIZE_NETS] = {MAP_NETS, false, "senders_max", "remove senders"},
	[RESIZE_VERDICT] = {MAP_VERDICT, false, "senders_max", "remove senders"},
	[RESIZE_USAGE] = {MAP_USAGE, true, "senders_max", "remove senders"},
	[RESIZE_FLOWS] = {MAP_FLOWS, true, "flows_max", "wait until flows have ended"},
	[RESIZE_RETURNS] = {MAP_RETURNS, true, "flows_max", "wait until flows have ended"},
};

/* ---- freezing */

/* The kernel reports it in /proc only. */
static bool is_frozen(int fd)
{
	_cleanup_(fclose_p) FILE *file = NULL;
	char line[64];
	int frozen = 0;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", fd);
	file = fopen(line, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "frozen: %d", &frozen) == 1)
			break;
	return frozen;
}

bool resize_is_needed(int fd, const struct bpf_map_info *info, uint32_t wanted)
{
	return info->max_entries != wanted || is_frozen(fd);
}

/* EBUSY: the map is frozen already, or a write is under way. */
static int freeze_fd(int fd)
{
	int r = -EBUSY;

	for (int ms = 0; r == -EBUSY && ms < FREEZE_MS; ms++) {
		if (is_frozen(fd))
			return 0;
		r = bpf_map_freeze(fd);
		if (r == -EBUSY)
			poll(NULL, 0, 1);
	}
	return r;
}

static int freeze(const char *pin_path, const char *name, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct bpf_map_info info;
	int r = pin_map_open(pin_path, name, &fd, &info, error);

	if (r)
		return r;
	r = freeze_fd(fd);
	return r ? error_set(error, r, "'%s' cannot be frozen: %s", name, strerror(-r)) : 0;
}

/* ---- copying */

static int too_many(const struct copied *copied, uint32_t count, uint32_t capacity,
		    struct error *error)
{
	return error_set(error, -E2BIG,
			 "'%s' has %u entries in use, expected at most %u (%s): %s with the old %s "
			 "first, or keep it",
			 map_name(copied->map), count, capacity, copied->option, copied->remedy,
			 copied->option);
}

static int count_entry(void *data, const void *key, const void *value)
{
	uint32_t *count = data;

	(void)key, (void)value;
	++*count;
	return 0;
}

static int check(struct datapath *before, const struct copied *copied, uint32_t capacity,
		 struct error *error)
{
	uint32_t count = 0;
	int r = before->ops->walk(before, copied->map, count_entry, &count);

	if (r < 0)
		return error_set(error, r, "reading '%s': %s", map_name(copied->map), strerror(-r));
	return count > capacity ? too_many(copied, count, capacity, error) : 0;
}

struct copying {
	int to;
	int queue;		 /* each flow enters it; -1: these are no flows */
	struct quiesce *quiesce; /* NULL: the programs are not paused */
	struct bpf_map_info info;
	char *keys;
	char *values;
	uint32_t count;	 /* entries in `keys` and `values` */
	uint32_t copied; /* entries before them */
	struct error *error;
};

static int write_singly(const struct copying *copying)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < copying->count; i++)
		r = bpf_map_update_elem(
			copying->to, copying->keys + (size_t)i * copying->info.key_size,
			copying->values + (size_t)i * copying->info.value_size, BPF_ANY);
	return r;
}

/*
 * One by one where the kernel has no batches, and after a failed batch, for the error. Renews the
 * pause.
 */
static int flush(struct copying *copying)
{
	uint32_t count = copying->count;
	int r = 0;

	if (count) {
		r = bpf_map_update_batch(copying->to, copying->keys, copying->values, &count, NULL);
		if (r)
			r = write_singly(copying);
	}
	copying->copied += copying->count;
	copying->count = 0;
	if (!r && copying->quiesce)
		r = quiesce_extend(copying->quiesce, copying->error);
	return r;
}

static int queue_flow(int queue, const struct flow_key *key, const struct flow *flow)
{
	const struct expiry_entry entry = {.key = *key, .opened_ns = flow->opened_ns};

	return bpf_map_update_elem(queue, NULL, &entry, BPF_ANY);
}

static int copy_entry(void *data, const void *key, const void *value)
{
	struct copying *copying = data;
	int r = 0;

	memcpy(copying->keys + (size_t)copying->count * copying->info.key_size, key,
	       copying->info.key_size);
	memcpy(copying->values + (size_t)copying->count * copying->info.value_size, value,
	       copying->info.value_size);
	copying->count++;
	if (copying->queue >= 0)
		r = queue_flow(copying->queue, key, value);
	if (!r && copying->count == COPY_BATCH)
		r = flush(copying);
	return r;
}

static int walk_and_copy(struct datapath *before, enum map map, struct copying *copying)
{
	__u32 size = sizeof(copying->info);
	int r = bpf_obj_get_info_by_fd(copying->to, &copying->info, &size);

	if (r)
		return r;
	copying->keys = reallocarray(NULL, COPY_BATCH, copying->info.key_size);
	copying->values = reallocarray(NULL, COPY_BATCH, copying->info.value_size);
	if (!copying->keys || !copying->values)
		return -ENOMEM;
	r = before->ops->walk(before, map, copy_entry, copying);
	return r ? r : flush(copying);
}

/* Maps that programs write may have grown since check(). */
static int copy(struct datapath *before, const struct copied *copied, struct copying *copying,
		struct error *error)
{
	int r;

	copying->error = error;
	r = walk_and_copy(before, copied->map, copying);
	free(copying->keys);
	free(copying->values);
	if (r == -ETIMEDOUT)
		return r;
	if (r == -E2BIG || r == -ENOSPC)
		return too_many(copied, copying->copied + 1, copying->info.max_entries, error);
	return r ? error_set(error, r, "copying '%s': %s", map_name(copied->map), strerror(-r)) : 0;
}

static int set_queued(int timer_fd, uint64_t queued, struct error *error)
{
	const struct expiry_timer timer = {.queued = queued};
	uint32_t zero = 0;
	int r = bpf_map_update_elem(timer_fd, &zero, &timer, BPF_ANY);

	return r ? error_set(error, r, "postern_timer cannot be written: %s", strerror(-r)) : 0;
}

/* ---- pins */

static int pin_in_place(const char *file, const char *temporary, int fd)
{
	struct stat status;

	if (stat(file, &status) || (unlink(temporary) && errno != ENOENT))
		return -errno;
	if (bpf_obj_pin(fd, temporary))
		return -errno;
	/* The agent, which does not run as root, opens it. */
	if (lchown(temporary, status.st_uid, status.st_gid) || rename(temporary, file))
		return -errno;
	return 0;
}

static int replace_pin(const char *pin_path, const char *name, int fd, struct error *error)
{
	char file[PATH_MAX], temporary[PATH_MAX], beside[64];
	int r = pin_file(pin_path, name, file, error);

	snprintf(beside, sizeof(beside), "%s_new", name);
	if (!r)
		r = pin_file(pin_path, beside, temporary, error);
	if (r)
		return r;
	r = pin_in_place(file, temporary, fd);
	return r ? error_set(error, r, "cannot pin '%s': %s", file, strerror(-r)) : 0;
}

/* ---- all of it */

static int check_all(const struct resize *resize, struct datapath *before, struct error *error)
{
	int r = 0;

	for (enum resize_map i = 0; !r && i < COPIED_MAPS; i++)
		if (resize->targets[i].fd >= 0)
			r = check(before, &copied_maps[i], resize->targets[i].capacity, error);
	return r;
}

static int copy_agents(const struct resize *resize, struct datapath *before, struct error *error)
{
	int r = 0;

	for (enum resize_map i = 0; !r && i < COPIED_MAPS; i++) {
		struct copying copying = {.to = resize->targets[i].fd, .queue = -1};

		if (copying.to < 0 || copied_maps[i].is_kernels)
			continue;
		r = freeze(resize->pin_path, resize->targets[i].name, error);
		if (!r)
			r = copy(before, &copied_maps[i], &copying, error);
	}
	return r;
}

static int copy_kernels(const struct resize *resize, struct datapath *before,
			struct quiesce *quiesce, struct error *error)
{
	int r = 0;

	for (enum resize_map i = 0; !r && i < COPIED_MAPS; i++) {
		struct copying copying = {
			.to = resize->targets[i].fd,
			.queue = i == RESIZE_FLOWS ? resize->targets[RESIZE_EXPIRY].fd : -1,
			.quiesce = quiesce};

		if (copying.to < 0 || !copied_maps[i].is_kernels)
			continue;
		r = copy(before, &copied_maps[i], &copying, error);
		if (!r && i == RESIZE_FLOWS)
			r = set_queued(resize->targets[RESIZE_TIMER].fd, copying.copied, error);
	}
	return r;
}

/* postern_control is the last: its new pin is the agent's signal to open all maps again. */
static int exchange_pins(const struct resize *resize, struct error *error)
{
	int r = 0;

	for (enum resize_map i = 0; !r && i < RESIZE_MAPS; i++)
		if (resize->targets[i].fd >= 0)
			r = replace_pin(resize->pin_path, resize->targets[i].name,
					resize->targets[i].fd, error);
	return r ? r
		 : replace_pin(resize->pin_path, map_name(MAP_CONTROL), resize->control_fd, error);
}

int resize_run(const struct resize *resize, bool *ret_begun, struct error *error)
{
	struct datapath *before = resize->pinned;
	struct quiesce quiesce;
	int r = check_all(resize, before, error);

	if (!r)
		r = copy_agents(resize, before, error);
	if (!r)
		r = quiesce_begin(resize->generation_fd, &quiesce, error);
	if (r)
		return r;
	r = copy_kernels(resize, before, &quiesce, error);
	if (!r)
		r = quiesce_stop(&quiesce, error);
	if (r) {
		quiesce_cancel(&quiesce);
		return r;
	}
	*ret_begun = true;
	r = exchange_pins(resize, error);
	if (!r)
		r = quiesce_force(resize->generation_fd, resize->generation, error);
	return r ? error_prefix(error, r, "steered traffic is held until 'postern up' succeeds")
		 : 0;
}
