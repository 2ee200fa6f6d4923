/* SPDX-License-Identifier: BSD-2-Clause */
/* The packet that an operation of the machine sends. */
#pragma once

#include "fuzz/packet_machine.h"
#include "fuzz/packet_world.h"

void packet_forge(const struct packet_op *op, const struct found *found, struct packet_bytes *ret);
uint32_t packet_forge_mark(const struct packet_op *op);
