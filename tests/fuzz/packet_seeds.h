/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs for the machine of packets that between them send every kind of packet, each in the state where
 * it matters: before and after its flow was opened, by every entry point, of both families.
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
