/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs for the machine of packets that together send every kind of packet, before and after its
 * flow opens, through every entry point, in both families.
 */
#pragma once

#include "fuzz/packet_machine.h"

struct packet_seed {
	char name[64];
	struct packet_op ops[PACKET_OPS_MAX];
	size_t n_ops;
};

size_t packet_seeds_count(void);
void packet_seeds_get(size_t index, struct packet_seed *ret);
