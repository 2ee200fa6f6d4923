/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walks the flow table and counts flows, returns, flows without a matching other half, and flows
 * whose external address belongs to no pool.
 *
 *   walk PIN_PATH
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postern/abi.h"

static int open_map(const char *pin_path, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/postern_%s", pin_path, name);
	fd = bpf_obj_get(path);
	if (fd < 0) {
		fprintf(stderr, "walk: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	return fd;
}

static bool is_paired(int returns, const struct flow_key *key, const struct flow *flow)
{
	struct return_key outside = {.port = flow->port, .remote_port = key->destination_port};
	struct return_entry entry;

	memcpy(outside.address, flow->address, sizeof(outside.address));
	memcpy(outside.remote, key->destination, sizeof(outside.remote));
	return !bpf_map_lookup_elem(returns, &outside, &entry) &&
	       entry.source_port == key->source_port &&
	       !memcmp(entry.source, key->source, sizeof(entry.source));
}

static bool is_of_a_pool(int addrs, const struct flow *flow)
{
	struct address_entry entry;

	return !bpf_map_lookup_elem(addrs, &flow->address_id, &entry) &&
	       !memcmp(entry.address, flow->address, sizeof(entry.address));
}

static unsigned count_keys(int map)
{
	struct return_key key, next;
	unsigned count = 0;

	for (int r = bpf_map_get_next_key(map, NULL, &next); !r;
	     r = bpf_map_get_next_key(map, &key, &next)) {
		key = next;
		count++;
	}
	return count;
}

int main(int argc, char **argv)
{
	unsigned count = 0, unpaired = 0, strange = 0;
	struct flow_key key, next;
	int flows, returns, addrs;
	struct flow flow;

	if (argc != 2) {
		fprintf(stderr, "walk: wrong usage, see the head of its source\n");
		return 2;
	}
	flows = open_map(argv[1], "flows");
	returns = open_map(argv[1], "returns");
	addrs = open_map(argv[1], "addrs");
	for (int r = bpf_map_get_next_key(flows, NULL, &next); !r;
	     r = bpf_map_get_next_key(flows, &key, &next)) {
		key = next;
		count++;
		if (bpf_map_lookup_elem(flows, &key, &flow)) {
			unpaired++;
			continue;
		}
		unpaired += !is_paired(returns, &key, &flow);
		strange += !is_of_a_pool(addrs, &flow);
	}
	printf("flows=%u returns=%u unpaired=%u strange=%u\n", count, count_keys(returns), unpaired,
	       strange);
	return 0;
}
