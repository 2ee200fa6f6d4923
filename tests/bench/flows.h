/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Crafted TCP connections of the bench, from behind the mail host to port 25 of hosts that do not
 * exist, by the way of one arm. The number of a connection is the first sequence number of its own
 * end; its SYN shows the source that it arrived from, translated or not.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/wire.h"

/*
 * No two flows of an arm share destination and source port, so a translator need not change ports.
 */
#define FLOWS_SOURCES	   64
#define FLOWS_DESTINATIONS 256
#define FLOWS_PORT_FIRST   2048
#define FLOWS_MAX	   (FLOWS_SOURCES * FLOWS_DESTINATIONS * 512)

struct outside {
	in_addr_t address;
	uint16_t port; /* host order; 0: not open */
};

struct flows {
	const struct wire *inside; /* local ends send there */
	struct wire *outside;	   /* remote ends send there */
	in_addr_t first_source, first_destination;
	uint32_t count;	 /* established */
	uint32_t opened; /* flows with only a SYN included */
	struct outside *seen;
};

void flows_init(struct flows *flows, const struct wire *inside, struct wire *outside,
		const char *first_source, const char *first_destination);

/* Establishes flows up to `count` by SYN, SYN-ACK and ACK. Ends the program if one fails. */
void flows_establish(struct flows *flows, uint32_t count);

enum flows_way { FLOWS_OUT, FLOWS_IN };

/*
 * CPU time of one segment of data in ns, from `packets` segments over the first `count` flows: the
 * first quartile of many parts.
 */
double flows_cost(struct flows *flows, enum flows_way way, uint32_t count, uint32_t packets);

/* CPU time of one SYN, each of a new connection. */
double flows_syn_cost(struct flows *flows, uint32_t packets);

/*
 * Sends SYNs to one destination, by its number, each from a port of its own: from all ports of a
 * translator (1024 to 65535) in a scattered order, `count` from the `first` on. Returns how many
 * arrived. The second source uses ports that the first has too.
 */
enum flows_source { FLOWS_SOURCE_FIRST = 100, FLOWS_SOURCE_SECOND };
#define FLOWS_PORTS (65536 - 1024)
uint32_t flows_take_ports(struct flows *flows, enum flows_source source, uint32_t destination,
			  uint32_t first, uint32_t count);

/*
 * Sends some segments each way: do they arrive with the addresses of the SYN and sound checksums?
 */
bool flows_are_sound(struct flows *flows, struct wire *inside, uint32_t count);
