/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pinned maps through struct datapath_ops, opened by a user without any capability, on the real
 * kernel.
 */
#include <criterion/criterion.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "datapath/datapath.h"
#include "datapath/pins.h"
#include "datapath/programs.h"
#include "netns/host.h"

TestSuite(netns_datapath, .init = world_init, .fini = world_done, .timeout = 60);

#define NOBODY	    65534
#define SENDERS_MAX 10000 /* more than one batch */

static struct programs *load_maps(void)
{
	const struct programs_options options = {
		.pin_path = world.pin_path,
		.ports = {25},
		.flows_max = 1024,
		.senders_max = SENDERS_MAX,
		.established_ns = 1,
		.transitory_ns = 2,
	};
	struct programs *programs = NULL;
	struct error error;

	cr_assert_eq(programs_open(&options, &programs, &error), 0, "%s", error.text);
	return programs;
}

/* Line of the first check that failed; 0: none failed. */
typedef int (*checks)(struct datapath *datapath);
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return __LINE__;                                                           \
	} while (0)

static int become_nobody(void)
{
	CHECK(setgroups(0, NULL) == 0);
	CHECK(setresgid(NOBODY, NOBODY, NOBODY) == 0);
	CHECK(setresuid(NOBODY, NOBODY, NOBODY) == 0);
	return 0;
}

static int run_checks(checks run)
{
	struct datapath *datapath = NULL;
	struct error error;
	int line = become_nobody();

	if (line)
		return line;
	if (datapath_open(world.pin_path, &datapath, &error)) {
		fprintf(stderr, "%s\n", error.text);
		return __LINE__;
	}
	line = run(datapath);
	datapath_free(datapath);
	return line;
}

/* Runs the checks in a process of its own, as nobody, over maps with the owner that `up` sets. */
static void as_nobody(checks run)
{
	struct programs *programs = load_maps();
	struct error error;
	int status = 0, line = 0, channel[2];

	free(host_must(MAIL, "chmod o+x /sys/fs/bpf"));
	cr_assert_eq(pins_chown(world.pin_path, NOBODY, NOBODY, &error), 0, "%s", error.text);
	cr_assert_eq(pipe(channel), 0);
	if (!fork()) {
		line = run_checks(run);
		_exit(write(channel[1], &line, sizeof(line)) != sizeof(line));
	}
	cr_assert_eq(read(channel[0], &line, sizeof(line)), sizeof(line));
	wait(&status);
	cr_assert_eq(line, 0, "the check at line %d failed", line);
	programs_free(programs);
}

/* ---- walking */

struct seen {
	unsigned char ids[SENDERS_MAX];
	unsigned count;
	/* the map from which visited entries are removed; NULL: they stay */
	struct datapath *datapath;
};

static int see(void *data, const void *key, const void *value)
{
	struct seen *seen = data;
	const struct verdict *verdict = value;
	uint32_t id;

	memcpy(&id, key, sizeof(id));
	CHECK(id < SENDERS_MAX && verdict->pool == id + 1);
	seen->ids[id]++;
	seen->count++;
	if (seen->datapath)
		CHECK(seen->datapath->ops->remove(seen->datapath, MAP_VERDICT, &id) == 0);
	return 0;
}

static int fill_verdicts(struct datapath *datapath)
{
	for (uint32_t id = 0; id < SENDERS_MAX; id++) {
		struct verdict verdict = {.action = VERDICT_STEER, .pool = id + 1};

		CHECK(datapath->ops->put(datapath, MAP_VERDICT, &id, &verdict) == 0);
	}
	return 0;
}

static int walks_a_full_map(struct datapath *datapath)
{
	static struct seen seen;

	CHECK(fill_verdicts(datapath) == 0);
	CHECK(datapath->ops->walk(datapath, MAP_VERDICT, see, &seen) == 0);
	CHECK(seen.count == SENDERS_MAX);
	for (uint32_t id = 0; id < SENDERS_MAX; id++)
		CHECK(seen.ids[id] == 1);
	return 0;
}

Test(netns_datapath, a_walk_sees_every_entry_once)
{
	as_nobody(walks_a_full_map);
}

static int empties_by_walking(struct datapath *datapath)
{
	static struct seen seen, after;

	CHECK(fill_verdicts(datapath) == 0);
	seen.datapath = datapath;
	CHECK(datapath->ops->walk(datapath, MAP_VERDICT, see, &seen) == 0);
	CHECK(seen.count == SENDERS_MAX);
	CHECK(datapath->ops->walk(datapath, MAP_VERDICT, see, &after) == 0);
	CHECK(after.count == 0);
	return 0;
}

Test(netns_datapath, a_walk_may_remove_what_it_sees)
{
	as_nobody(empties_by_walking);
}

static int stop(void *data, const void *key, const void *value)
{
	(void)key, (void)value;
	return ++*(int *)data == 3 ? -ECANCELED : 0;
}

static int stops_a_walk(struct datapath *datapath)
{
	int count = 0;

	CHECK(fill_verdicts(datapath) == 0);
	CHECK(datapath->ops->walk(datapath, MAP_VERDICT, stop, &count) == -ECANCELED);
	CHECK(count == 3);
	return 0;
}

Test(netns_datapath, a_visitor_ends_the_walk_with_its_code)
{
	as_nobody(stops_a_walk);
}

static int count_nets(void *data, const void *key, const void *value)
{
	const struct net *net = key;
	const struct sender_ref *ref = value;

	CHECK(net->prefix_length == 104 + ref->sender % 24);
	++*(unsigned *)data;
	return 0;
}

static int uses_nets(struct datapath *datapath)
{
	struct net net = {.address = {[10] = 0xff, [11] = 0xff, [12] = 10}};
	struct sender_ref ref = {0};
	unsigned count = 0;

	for (uint32_t i = 0; i < SENDERS_MAX; i++) {
		ref.sender = i;
		net.prefix_length = 104 + i % 24;
		net.address[13] = i / 24 >> 8;
		net.address[14] = i / 24;
		CHECK(datapath->ops->put(datapath, MAP_NETS, &net, &ref) == 0);
	}
	CHECK(datapath->ops->get(datapath, MAP_NETS, &net, &ref) == 0);
	CHECK(ref.sender == SENDERS_MAX - 1);
	/* Prefixes of equal bits are one entry, so the map has fewer than were put. */
	CHECK(datapath->ops->walk(datapath, MAP_NETS, count_nets, &count) == 0);
	CHECK(count > 100 && count <= SENDERS_MAX);
	return 0;
}

Test(netns_datapath, prefixes_can_be_walked_too)
{
	as_nobody(uses_nets);
}

/* ---- single entries */

static int answers_with_codes(struct datapath *datapath)
{
	const struct datapath_ops *ops = datapath->ops;
	struct verdict verdict = {.action = VERDICT_DROP}, found;
	uint32_t id = 7;

	CHECK(ops->capacity(datapath, MAP_VERDICT) == SENDERS_MAX);
	CHECK(ops->capacity(datapath, MAP_FLOWS) == 1024);
	CHECK(ops->get(datapath, MAP_VERDICT, &id, &found) == -ENOENT);
	CHECK(ops->remove(datapath, MAP_VERDICT, &id) == -ENOENT);
	CHECK(ops->put(datapath, MAP_VERDICT, &id, &verdict) == 0);
	CHECK(ops->get(datapath, MAP_VERDICT, &id, &found) == 0);
	CHECK(!memcmp(&found, &verdict, sizeof(found)));
	verdict.action = VERDICT_PASS;
	CHECK(ops->put(datapath, MAP_VERDICT, &id, &verdict) == 0);
	CHECK(ops->get(datapath, MAP_VERDICT, &id, &found) == 0);
	CHECK(!memcmp(&found, &verdict, sizeof(found)));
	CHECK(ops->remove(datapath, MAP_VERDICT, &id) == 0);
	CHECK(fill_verdicts(datapath) == 0);
	id = SENDERS_MAX;
	CHECK(ops->put(datapath, MAP_VERDICT, &id, &verdict) == -E2BIG);
	return 0;
}

Test(netns_datapath, each_failure_has_its_code)
{
	as_nobody(answers_with_codes);
}

static int writes_slots(struct datapath *datapath)
{
	static struct slot slots[POSTERN_SLOTS];
	const uint32_t first = 3 * POSTERN_SLOTS;
	struct slot found;

	for (uint32_t i = 0; i < POSTERN_SLOTS; i++)
		slots[i].address = i + 1;
	CHECK(datapath->ops->put_slots(datapath, first, slots, POSTERN_SLOTS) == 0);
	for (uint32_t i = 0; i < POSTERN_SLOTS; i++) {
		uint32_t key = first + i;

		CHECK(datapath->ops->get(datapath, MAP_SLOTS, &key, &found) == 0);
		CHECK(found.address == i + 1);
	}
	for (uint32_t key = first - 1; key <= first + POSTERN_SLOTS; key += POSTERN_SLOTS + 1) {
		CHECK(datapath->ops->get(datapath, MAP_SLOTS, &key, &found) == 0);
		CHECK(found.address == 0);
	}
	return 0;
}

Test(netns_datapath, a_table_of_slots_is_written_where_it_belongs_and_nowhere_else)
{
	as_nobody(writes_slots);
}

static int sums_stats(struct datapath *datapath)
{
	uint64_t cpus = libbpf_num_possible_cpus();
	struct stats stats;
	char file[96];

	_cleanup_(free_p) struct stats *each = calloc(cpus, sizeof(*each));
	_cleanup_(close_fd_p) int fd = -1;
	uint32_t key = 0;

	snprintf(file, sizeof(file), "%s/postern_stats", world.pin_path);
	fd = bpf_obj_get(file);
	CHECK(fd >= 0);
	for (uint64_t cpu = 0; cpu < cpus; cpu++)
		each[cpu] = (struct stats){.flows_opened = 10 + cpu, .events_lost = 1};
	CHECK(bpf_map_update_elem(fd, &key, each, BPF_ANY) == 0);
	CHECK(datapath->ops->stats(datapath, &stats) == 0);
	CHECK(stats.flows_opened == 10 * cpus + cpus * (cpus - 1) / 2);
	CHECK(stats.events_lost == cpus);
	CHECK(stats.passed == 0);
	return 0;
}

Test(netns_datapath, counters_are_summed_over_the_cpus)
{
	as_nobody(sums_stats);
}

static void ignore_event(void *data, const struct event *event)
{
	(void)data, (void)event;
}

static int opens_events(struct datapath *datapath)
{
	struct datapath_events *events = NULL;
	struct error error;

	(void)datapath;
	CHECK(datapath_events_open(world.pin_path, ignore_event, NULL, &events, &error) == 0);
	CHECK(datapath_events_fd(events) >= 0);
	CHECK(datapath_events_consume(events) == 0);
	datapath_events_free(events);
	return 0;
}

Test(netns_datapath, the_ring_buffer_can_be_read_without_capabilities)
{
	as_nobody(opens_events);
}

/* ---- opening */

static int open_code(char text[1024])
{
	struct datapath *datapath = NULL;
	struct error error = {""};
	int r = datapath_open(world.pin_path, &datapath, &error);

	datapath_free(datapath);
	snprintf(text, 1024, "%s", error.text);
	return r;
}

Test(netns_datapath, what_cannot_be_opened_says_why)
{
	struct programs *programs;
	struct error error;
	char text[1024];
	int status = 0;

	cr_expect_eq(open_code(text), -ENOENT);
	cr_expect_not_null(strstr(text, "postern up"), "%s", text);
	programs = load_maps();
	cr_expect_eq(open_code(text), 0, "%s", text);
	if (!fork())
		_exit(become_nobody() || open_code(text) != -EACCES);
	wait(&status);
	cr_expect_eq(status, 0, "nobody could open what is root's");
	free(host_must(MAIL, "rm $pin_path/postern_usage"));
	cr_expect_eq(open_code(text), -ENOENT);
	cr_expect_not_null(strstr(text, "postern_usage"), "%s", text);
	free(host_must(MAIL, "bpftool map create $pin_path/postern_usage type hash key 4 value 4 "
			     "entries 4 name postern_usage"));
	cr_expect_eq(open_code(text), -EPROTO);
	cr_expect_not_null(strstr(text, "postern_usage"), "%s", text);
	programs_free(programs);
	cr_expect_eq(pins_remove(world.pin_path, &error), 0, "%s", error.text);
	cr_expect_neq(access(world.pin_path, F_OK), 0);
}

Test(netns_datapath, rolling_back_removes_what_was_made_and_keeps_what_was_there)
{
	struct programs *first = load_maps(), *second;
	char text[1024];

	cr_assert(programs_maps_are_new(first));
	second = load_maps();
	cr_assert(!programs_maps_are_new(second));
	programs_rollback(second);
	cr_assert_eq(open_code(text), 0, "%s", text);
	programs_rollback(first);
	cr_assert_eq(open_code(text), -ENOENT);
	cr_assert_neq(access(world.pin_path, F_OK), 0);
	programs_free(first);
	programs_free(second);
}
