/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the results in the maps: counters, flows, events; and the clock of the programs. */
#include "packet/rig.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/address.h"
#include "postern.skel.h"

#define MAP(name) bpf_map__fd(rig_maps()->maps.postern_##name)

static struct stats stats_get(void)
{
	int cpus = libbpf_num_possible_cpus();
	struct stats *each = calloc(cpus, sizeof(*each));
	struct stats total = {0};

	cr_assert(each);
	cr_assert_eq(bpf_map_lookup_elem(MAP(stats), &(uint32_t){0}, each), 0);
	for (int i = 0; i < cpus; i++)
		for (int c = 0; c < COUNTERS; c++)
			((__u64 *)&total)[c] += ((__u64 *)&each[i])[c];
	free(each);
	return total;
}

void rig_expect_stats(const struct stats *expected)
{
	struct stats actual = stats_get();

#define EXPECT_COUNTER(name, help)                                                                 \
	cr_assert_eq(actual.name, expected->name, "counter " #name " is %llu instead of %llu",     \
		     actual.name, expected->name);
	POSTERN_COUNTERS(EXPECT_COUNTER)
#undef EXPECT_COUNTER
}

uint64_t rig_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

struct usage rig_usage(uint32_t sender)
{
	struct usage usage;

	cr_assert_eq(bpf_map_lookup_elem(MAP(usage), &sender, &usage), 0);
	return usage;
}

struct address_usage rig_address_usage(uint32_t address_id)
{
	struct address_usage usage;

	cr_assert_eq(bpf_map_lookup_elem(MAP(addruse), &address_id, &usage), 0);
	return usage;
}

static size_t entries(int map)
{
	struct flow_key key;
	void *previous = NULL;
	size_t count = 0;

	while (!bpf_map_get_next_key(map, previous, &key)) {
		previous = &key;
		count++;
	}
	return count;
}

void rig_expect_flows(size_t count)
{
	cr_assert_eq(entries(MAP(flows)), count, "%zu flows instead of %zu", entries(MAP(flows)),
		     count);
	cr_assert_eq(entries(MAP(returns)), count, "%zu returns instead of %zu",
		     entries(MAP(returns)), count);
}

static struct flow_key key_of(const struct packet_spec *spec)
{
	struct flow_key key = {.source_port = spec->source_port,
			       .destination_port = spec->destination_port};
	struct address source, destination;

	cr_assert_eq(address_parse(spec->source, &source), 0, "'%s' is no address", spec->source);
	cr_assert_eq(address_parse(spec->destination, &destination), 0, "'%s' is no address",
		     spec->destination);
	memcpy(key.source, source.bytes, sizeof(key.source));
	memcpy(key.destination, destination.bytes, sizeof(key.destination));
	return key;
}

bool rig_has_flow(const struct packet_spec *inside)
{
	struct flow_key key = key_of(inside);
	struct flow flow;

	return !bpf_map_lookup_elem(MAP(flows), &key, &flow);
}

struct flow rig_flow(const struct packet_spec *inside)
{
	struct flow_key key = key_of(inside);
	struct flow flow;

	cr_assert_eq(bpf_map_lookup_elem(MAP(flows), &key, &flow), 0, "there is no such flow");
	return flow;
}

struct return_entry rig_return(const struct packet_spec *outside)
{
	struct flow_key key = key_of(outside);
	struct return_entry entry;

	cr_assert_eq(bpf_map_lookup_elem(MAP(returns), &key, &entry), 0,
		     "there is no such return entry");
	return entry;
}

void rig_expect_pair(const struct packet_spec *inside, const struct packet_spec *outside,
		     uint32_t sender, uint32_t pool)
{
	struct flow_key from = key_of(inside), to = key_of(outside);
	struct return_entry entry = rig_return(outside);
	struct flow flow = rig_flow(inside);

	cr_assert_arr_eq(flow.address, to.source, 16);
	cr_assert_eq(flow.port, outside->source_port);
	cr_assert_eq(flow.sender, sender);
	cr_assert_eq(flow.pool, pool);
	cr_assert_arr_eq(entry.source, from.source, 16);
	cr_assert_eq(entry.source_port, inside->source_port);
}

void rig_take_port(const struct packet_spec *outside)
{
	struct flow_key key = key_of(outside);
	const struct return_entry entry = {.source_port = 1};

	cr_assert_eq(bpf_map_update_elem(MAP(returns), &key, &entry, BPF_ANY), 0);
}

static uint64_t queued(void)
{
	struct expiry_timer timer = {.queued = 0};

	bpf_map_lookup_elem(MAP(timer), &(uint32_t){0}, &timer);
	return timer.queued;
}

/* An expired flow is deleted, then counted, then leaves the queue. */
void rig_await_flows(size_t count)
{
	uint64_t end = rig_now_ns() + RIG_WAIT_NS;

	while ((entries(MAP(flows)) != count || queued() > count) && rig_now_ns() < end)
		usleep(1000);
	rig_expect_flows(count);
}

static int keep_event(void *context, void *data, size_t size)
{
	cr_assert_eq(size, sizeof(struct event));
	memcpy(context, data, size);
	return 0;
}

int rig_events(struct event *ret_last)
{
	struct ring_buffer *ring = ring_buffer__new(MAP(events), keep_event, ret_last, NULL);
	int consumed;

	cr_assert(ring);
	consumed = ring_buffer__consume(ring);
	ring_buffer__free(ring);
	return consumed;
}

/* ---- what the host has lost */

void rig_hold_address(uint32_t address_id)
{
	struct address_entry entry;

	cr_assert_eq(bpf_map_lookup_elem(MAP(addrs), &address_id, &entry), 0);
	entry.held = 1;
	cr_assert_eq(bpf_map_update_elem(MAP(addrs), &address_id, &entry, BPF_ANY), 0);
}
