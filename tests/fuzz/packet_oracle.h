/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The invariants after each packet, for any packet and any history:
 *
 *   - a packet that passes is unchanged except for one end's address and port, as its flow says,
 *     and the checksums over them; a right checksum stays right
 *   - no address of a known sender leaves by a steered port, unless its verdict or its flow passes;
 *     nor as the source of an ICMP error about a translated flow
 *   - packets other than TCP of a steered port, and ICMP errors about it, pass unchanged
 *   - lengths stay, except for a reset, which is a correct one to the packet's sender
 *   - a drop raises exactly one counter, a packet that passes none; replies are never dropped;
 *     "table full" is only counted when a table is full
 *   - flows and returns are pairs; gauges agree with them; addresses belong to the flow's pool
 *   - a flow's sender, pool, address and port never change; new flows follow the verdict
 *   - an ICMP error never changes a flow; each direction writes only its own half
 */
#pragma once

#include "fuzz/packet_world.h"

struct error;

struct packet_step {
	enum packet_program program;
	uint32_t mark;
	const struct packet_bytes *in;
	const struct packet_bytes *out;
	int action;
	const struct found *before;
	const struct found *after;
	bool flows_expire; /* timeouts are short: a flow may end at any time */
};

/* -EBADMSG: the text names the broken invariant. */
int packet_oracle_judge(const struct packet_step *step, struct error *error);
int packet_oracle_judge_maps(const struct found *found, struct error *error);

/* The sum of all counters of drops. */
uint64_t packet_oracle_drops(const struct stats *stats);
