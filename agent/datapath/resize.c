/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies maps by their ops; pins and freezing by libbpf. Why in this order is told in the header. */
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
#include "datapath/pins.h"
#include "datapath/tasks.h"

#define FREEZE_MS 1000

struct counted {
	uint32_t sender;
	struct usage usage;
};

struct resize {
	struct datapath *before;
	bool moves_usage;
	struct counted *counted; /* usage as it was copied, sorted by sender */
	size_t n_counted;
	size_t capacity;
};

/* ---- freezing */

/* The kernel says so in /proc only. */
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

/* EBUSY: frozen already, or somebody is just writing. */
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

static int freeze(const char *pin_path, enum map map, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct bpf_map_info info;
	int r = pin_map_open(pin_path, map_name(map), &fd, &info, error);

	if (r)
		return r;
	r = freeze_fd(fd);
	return r ? error_set(error, r, "'%s' cannot be frozen: %s", map_name(map), strerror(-r))
		 : 0;
}

/* ---- copying */

static int count_entry(void *data, const void *key, const void *value)
{
	uint32_t *count = data;

	(void)key, (void)value;
	++*count;
	return 0;
}

static int check(struct datapath *before, enum map map, uint32_t capacity, struct error *error)
{
	uint32_t count = 0;
	int r = before->ops->walk(before, map, count_entry, &count);

	if (r < 0)
		return error_set(error, r, "reading '%s': %s", map_name(map), strerror(-r));
	if (count > capacity)
		return error_set(error, -E2BIG,
				 "'%s' has %u entries in use, expected at most %u (senders_max): "
				 "remove senders with the old senders_max first, or keep it",
				 map_name(map), count, capacity);
	return 0;
}

static int note_usage(struct resize *resize, uint32_t sender, const struct usage *usage)
{
	if (resize->n_counted == resize->capacity) {
		size_t capacity = resize->capacity ? 2 * resize->capacity : 64;
		struct counted *counted = reallocarray(resize->counted, capacity, sizeof(*counted));

		if (!counted)
			return -ENOMEM;
		resize->counted = counted;
		resize->capacity = capacity;
	}
	resize->counted[resize->n_counted++] = (struct counted){sender, *usage};
	return 0;
}

struct copying {
	struct resize *resize;
	enum map map;
	int to;
};

static int copy_entry(void *data, const void *key, const void *value)
{
	const struct copying *copying = data;
	uint32_t sender;
	int r = bpf_map_update_elem(copying->to, key, value, BPF_ANY);

	if (r || copying->map != MAP_USAGE)
		return r;
	memcpy(&sender, key, sizeof(sender));
	return note_usage(copying->resize, sender, value);
}

static int copy(struct resize *resize, enum map map, int to, struct error *error)
{
	struct copying copying = {resize, map, to};
	int r = resize->before->ops->walk(resize->before, map, copy_entry, &copying);

	return r < 0 ? error_set(error, r, "copying '%s': %s", map_name(map), strerror(-r)) : 0;
}

/* ---- pins */

static int pin_in_place(const char *file, const char *temporary, int fd)
{
	struct stat status;

	if (stat(file, &status) || (unlink(temporary) && errno != ENOENT))
		return -errno;
	if (bpf_obj_pin(fd, temporary))
		return -errno;
	/* The agent that finds it must be able to open it. */
	if (lchown(temporary, status.st_uid, status.st_gid) || rename(temporary, file))
		return -errno;
	return 0;
}

static int replace_pin(const char *pin_path, enum map map, int fd, struct error *error)
{
	char file[PATH_MAX], temporary[PATH_MAX], name[64];
	int r = pin_file(pin_path, map_name(map), file, error);

	snprintf(name, sizeof(name), "%s_new", map_name(map));
	if (!r)
		r = pin_file(pin_path, name, temporary, error);
	if (r)
		return r;
	r = pin_in_place(file, temporary, fd);
	return r ? error_set(error, r, "cannot pin '%s': %s", file, strerror(-r)) : 0;
}

/* ---- all of it */

static int compare_counted(const void *a, const void *b)
{
	uint32_t x = ((const struct counted *)a)->sender;
	uint32_t y = ((const struct counted *)b)->sender;

	return (x > y) - (x < y);
}

static int move(struct resize *resize, const char *pin_path,
		const struct resize_target targets[RESIZE_MAPS], struct error *error)
{
	int r = 0;

	for (enum map map = 0; !r && map < RESIZE_MAPS; map++)
		if (targets[map].fd >= 0)
			r = check(resize->before, map, targets[map].capacity, error);
	for (enum map map = 0; !r && map < RESIZE_MAPS; map++)
		if (targets[map].fd >= 0 && map != MAP_USAGE)
			r = freeze(pin_path, map, error);
	for (enum map map = 0; !r && map < RESIZE_MAPS; map++)
		if (targets[map].fd >= 0)
			r = copy(resize, map, targets[map].fd, error);
	for (enum map map = 0; !r && map < RESIZE_MAPS; map++)
		if (targets[map].fd >= 0)
			r = replace_pin(pin_path, map, targets[map].fd, error);
	return r;
}

int resize_run(const char *pin_path, const struct resize_target targets[RESIZE_MAPS],
	       int control_fd, struct resize **ret_resize, struct error *error)
{
	struct resize *resize = calloc(1, sizeof(*resize));
	int r;

	if (!resize)
		return error_set(error, -ENOMEM, "out of memory");
	resize->moves_usage = targets[MAP_USAGE].fd >= 0;
	r = datapath_open(pin_path, &resize->before, error);
	if (!r)
		r = move(resize, pin_path, targets, error);
	if (!r)
		r = replace_pin(pin_path, MAP_CONTROL, control_fd, error);
	if (r) {
		resize_free(resize);
		return r;
	}
	if (resize->n_counted)
		qsort(resize->counted, resize->n_counted, sizeof(*resize->counted),
		      compare_counted);
	*ret_resize = resize;
	return 0;
}

/* ---- what was counted meanwhile */

struct settling {
	const struct resize *resize;
	const struct loaded *loaded;
};

static int settle_entry(void *data, const void *key, const void *value)
{
	const struct settling *settling = data;
	const struct usage *now = value;
	struct counted wanted = {0};
	const struct counted *then;
	struct carry carry;
	int r;

	memcpy(&wanted.sender, key, sizeof(wanted.sender));
	then = bsearch(&wanted, settling->resize->counted, settling->resize->n_counted,
		       sizeof(wanted), compare_counted);
	if (!then || !memcmp(&then->usage, now, sizeof(*now)))
		return 0;
	carry = (struct carry){.sender = wanted.sender,
			       .connections = now->connections - then->usage.connections,
			       .refused = now->refused - then->usage.refused,
			       .flows = now->flows - then->usage.flows,
			       .over_limit = now->over_limit - then->usage.over_limit};
	r = task_carry(settling->loaded, &carry);
	return r == -ENOENT ? 0 : r;
}

int resize_settle(const struct resize *resize, const struct loaded *loaded, struct error *error)
{
	struct settling settling = {resize, loaded};
	struct datapath *before = resize->before;
	int r = resize->moves_usage ? before->ops->walk(before, MAP_USAGE, settle_entry, &settling)
				    : 0;

	return r < 0 ? error_set(error, r, "carrying over usage: %s", strerror(-r)) : 0;
}

void resize_free(struct resize *resize)
{
	if (!resize)
		return;
	datapath_free(resize->before);
	free(resize->counted);
	free(resize);
}
