/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends raw packets from a host behind the mail host to the internet and back, by several arms in
 * turn. Reads commands, one a line, and answers each by one line.
 *
 *   packets CPU SOURCE_HOST SOURCE_INTERFACE PEER DESTINATION_HOST ARM,PEER,FIRST_DESTINATION…
 *
 * A HOST is the path of a namespace, PEER the Ethernet address of the mail host at that interface;
 * an arm is an interface of the destination. Commands:
 *
 *   establish ARM FLOWS       opens flows that are not open yet: "done"
 *   check ARM FLOWS           "sound", or "broken": a segment arrived wrong
 *   out ARM FLOWS PACKETS     segments of data on open flows: "NS", CPU time of each in ns
 *   in ARM FLOWS PACKETS      the same for replies
 *   syns ARM PACKETS          SYNs of new connections: "NS THROUGH", the number that arrived
 *   take ARM DESTINATION FIRST COUNT
 *                             SYNs, each from another port, from port number FIRST on: the number
 *                             that arrived
 *   want ARM DESTINATION FIRST COUNT
 *                             the same from a second source, which must get other ports
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/flows.h"

#define ARMS_MAX     8
#define FIRST_SOURCE "10.1.8.1"

struct arm {
	struct wire wire;
	struct flows flows;
};

static struct wire inside;
static struct arm arms[ARMS_MAX];
static int n_arms;

static struct arm *find_arm(const char *name)
{
	for (int i = 0; i < n_arms; i++)
		if (!strcmp(arms[i].wire.name, name))
			return &arms[i];
	die("no arm '%s'", name);
}

static void add_arm(const char *host, char *description)
{
	const char *name = strtok(description, ",");
	const char *peer = strtok(NULL, ",");
	const char *first_destination = strtok(NULL, ",");
	struct arm *arm = &arms[n_arms];

	if (!first_destination || n_arms == ARMS_MAX)
		die("no arm: '%s'", description);
	n_arms++;
	wire_open(host, name, peer, &arm->wire);
	flows_init(&arm->flows, &inside, &arm->wire, FIRST_SOURCE, first_destination);
}

static void syns(struct arm *arm, uint32_t packets)
{
	uint64_t before = wire_received(&arm->wire);
	double ns = flows_syn_cost(&arm->flows, packets);

	printf("%.1f %llu\n", ns, (unsigned long long)(wire_received(&arm->wire) - before));
}

static void obey(const char *verb, struct arm *arm, const uint32_t numbers[3])
{
	struct flows *flows = &arm->flows;

	if (!strcmp(verb, "establish")) {
		flows_establish(flows, numbers[0]);
		puts("done");
	} else if (!strcmp(verb, "check")) {
		puts(flows_are_sound(flows, &inside, numbers[0]) ? "sound" : "broken");
	} else if (!strcmp(verb, "out") || !strcmp(verb, "in")) {
		printf("%.1f\n", flows_cost(flows, !strcmp(verb, "out") ? FLOWS_OUT : FLOWS_IN,
					    numbers[0], numbers[1]));
	} else if (!strcmp(verb, "syns")) {
		syns(arm, numbers[0]);
	} else if (!strcmp(verb, "take") || !strcmp(verb, "want")) {
		printf("%u\n", flows_take_ports(flows,
						!strcmp(verb, "take") ? FLOWS_SOURCE_FIRST
								      : FLOWS_SOURCE_SECOND,
						numbers[0], numbers[1], numbers[2]));
	} else {
		die("no command '%s'", verb);
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char line[128], verb[16], name[16];

	if (argc < 7) {
		fprintf(stderr, "packets: wrong usage, see the head of its source\n");
		return 2;
	}
	pin_to_cpu((unsigned)atoi(argv[1]));
	wire_open(argv[2], argv[3], argv[4], &inside);
	for (int i = 6; i < argc; i++)
		add_arm(argv[5], argv[i]);
	while (fgets(line, sizeof(line), stdin)) {
		uint32_t numbers[3] = {0};

		if (sscanf(line, "%15s %15s %u %u %u", verb, name, &numbers[0], &numbers[1],
			   &numbers[2]) < 3)
			die("no command: '%s'", line);
		obey(verb, find_arm(name), numbers);
	}
	return 0;
}
