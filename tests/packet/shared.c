/* SPDX-License-Identifier: BSD-2-Clause */
/* Pins, the lock, and the maps' way back to their first state. */
#include "packet/shared.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "packet/rig.h"
#include "postern/abi.h"

#define DIRECTORY "POSTERN_TEST_PROGRAMS" /* environment: of this run, in bpffs */
#define PATH_SIZE 160

/* ---- the run's directory */

/* Waits for the end of the runner, however it ends, then removes what its tests have pinned. */
static _Noreturn void watch(int pipe_end)
{
	char byte;

	setsid();
	dup2(pipe_end, 3);
	close_range(4, ~0U, 0);
	for (int i = 0; i < 3; i++)
		close(i);
	while (read(3, &byte, 1) < 0 && errno == EINTR)
		;
	execl("/bin/sh", "sh", "-c", "[ ! -d $" DIRECTORY " ] || rm -rf $" DIRECTORY, NULL);
	_exit(127);
}

ReportHook(PRE_ALL)(struct criterion_test_set *tests)
{
	int pipe_ends[2];
	char path[64];

	(void)tests;
	snprintf(path, sizeof(path), "/sys/fs/bpf/postern-packet-%d", getpid());
	setenv(DIRECTORY, path, 1);
	if (pipe2(pipe_ends, O_CLOEXEC))
		return;
	if (!fork())
		watch(pipe_ends[0]);
	close(pipe_ends[0]);
}

/* The kernel refuses a dot in a name of bpffs. */
static void path_of(const char *variant, const char *name, char path[static PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s/%s/%s", getenv(DIRECTORY), variant, name);
	for (char *dot = path; (dot = strchr(dot, '.'));)
		*dot = '_';
}

/* Until the test ends. */
static void lock(const char *directory)
{
	static int fd = -1;

	if (fd >= 0)
		return;
	cr_assert_not_null(directory, "%s is not set", DIRECTORY);
	cr_assert(!mkdir(directory, 0700) || errno == EEXIST, "%s: %s", directory, strerror(errno));
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(fd, 0, "%s: %s", directory, strerror(errno));
	cr_assert_eq(flock(fd, LOCK_EX), 0);
}

/* ---- maps as after a load */

static void empty_table(int fd, size_t key_bytes)
{
	_cleanup_(free_p) void *key = malloc(key_bytes);

	while (!bpf_map_get_next_key(fd, NULL, key))
		cr_assert_eq(bpf_map_delete_elem(fd, key), 0);
}

static void empty_queue(int fd, size_t value_bytes)
{
	_cleanup_(free_p) void *value = malloc(value_bytes);

	while (!bpf_map_lookup_and_delete_elem(fd, NULL, value))
		;
}

/* An entry that is overwritten loses its timer, too. */
static void zero_array(int fd, uint32_t entries, size_t value_bytes)
{
	_cleanup_(free_p) void *zeros = calloc(entries, value_bytes);
	_cleanup_(free_p) uint32_t *keys = calloc(entries, sizeof(*keys));

	for (uint32_t i = 0; i < entries; i++)
		keys[i] = i;
	for (uint32_t i = 0; entries == 1 && i < 1; i++)
		cr_assert_eq(bpf_map_update_elem(fd, &i, zeros, BPF_ANY), 0);
	if (entries > 1)
		cr_assert_eq(bpf_map_update_batch(fd, keys, zeros, &entries, NULL), 0);
}

static int ignore(void *context, void *data, size_t size)
{
	(void)context, (void)data, (void)size;
	return 0;
}

static void empty_ring(int fd)
{
	struct ring_buffer *ring = ring_buffer__new(fd, ignore, NULL, NULL);

	cr_assert_not_null(ring);
	cr_assert_geq(ring_buffer__consume(ring), 0);
	ring_buffer__free(ring);
}

static void empty_map(const struct bpf_map *map)
{
	int fd = bpf_map__fd(map);
	uint32_t entries = bpf_map__max_entries(map), value_bytes = bpf_map__value_size(map);

	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_ARRAY:
		if (entries > RIG_SLOTS)
			entries = RIG_SLOTS;
		zero_array(fd, entries, value_bytes);
		break;
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		cr_assert_eq(entries, 1);
		zero_array(fd, 1, (value_bytes + 7) / 8 * 8 * (size_t)libbpf_num_possible_cpus());
		break;
	case BPF_MAP_TYPE_QUEUE:
		empty_queue(fd, value_bytes);
		break;
	case BPF_MAP_TYPE_RINGBUF:
		empty_ring(fd);
		break;
	default:
		empty_table(fd, bpf_map__key_size(map));
	}
}

/* The timer first: it may be at work. */
static void empty_maps(struct bpf_object *object)
{
	struct bpf_map *map;

	empty_map(bpf_object__find_map_by_name(object, "postern_timer"));
	bpf_object__for_each_map(map, object)
	{
		if (!bpf_map__is_internal(map))
			empty_map(map);
	}
}

/* ---- */

static void reuse_maps(const char *variant, struct bpf_object *object)
{
	struct bpf_map *map;
	char path[PATH_SIZE];

	bpf_object__for_each_map(map, object)
	{
		_cleanup_(close_fd_p) int fd = -1;

		path_of(variant, bpf_map__name(map), path);
		fd = bpf_obj_get(path);
		cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
		cr_assert_eq(bpf_map__reuse_fd(map, fd), 0);
	}
}

bool shared_find(const char *variant, struct bpf_object *object)
{
	struct bpf_program *program;
	char path[PATH_SIZE];

	lock(getenv(DIRECTORY));
	path_of(variant, "", path);
	if (access(path, F_OK))
		return false;
	reuse_maps(variant, object);
	empty_maps(object);
	bpf_object__for_each_program(program, object) bpf_program__set_autoload(program, false);
	return true;
}

static void pin(int fd, const char *variant, const char *name)
{
	char path[PATH_SIZE];

	path_of(variant, name, path);
	cr_assert_eq(bpf_obj_pin(fd, path), 0, "%s: %s", path, strerror(errno));
}

/* All of it or nothing: a test may end at any time. */
void shared_keep(const char *variant, const struct bpf_object *object)
{
	char name[32], begun[PATH_SIZE], complete[PATH_SIZE];
	struct bpf_program *program;
	struct bpf_map *map;

	snprintf(name, sizeof(name), "begun-%d", getpid());
	path_of(name, "", begun);
	path_of(variant, "", complete);
	cr_assert(!mkdir(begun, 0700), "%s: %s", begun, strerror(errno));
	bpf_object__for_each_map(map, object) pin(bpf_map__fd(map), name, bpf_map__name(map));
	bpf_object__for_each_program(program, object)
	{
		if (bpf_program__autoload(program))
			pin(bpf_program__fd(program), name, bpf_program__name(program));
	}
	cr_assert_eq(rename(begun, complete), 0, "%s: %s", complete, strerror(errno));
}

int shared_program(const char *variant, const struct bpf_program *program)
{
	char path[PATH_SIZE];
	int fd;

	path_of(variant, bpf_program__name(program), path);
	fd = bpf_obj_get(path);
	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	return fd;
}
