/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must hold after every packet, whatever it was and whatever came before it:
 *
 *   - what is let out is the packet itself, but for one end's address and port and the checksums over
 *     them; which end and which address its flow says. A checksum that was right is right afterwards
 *   - no address of a known sender leaves by a steered port, unless its verdict or its flow passes; nor as
 *     the source of an ICMP error about a translated flow
 *   - what is not TCP of a steered port, nor an ICMP error about such, is let through as it is
 *   - lengths stay, but for a reset, which is a right one to the packet's own sender
 *   - what is dropped has one counter raised, what is not has none; replies are never dropped; a table is full
 *     only when it is
 *   - flows and returns are pairs; gauges agree with them; addresses are of the flow's own pool
 *   - a flow's sender, pool, address and port never change; new ones go where the verdict says
 *   - an ICMP error leaves no trace in a flow; each direction writes its own half only
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
	bool flows_expire; /* timeouts are short, so that a flow may be gone at any time */
};

/* -EBADMSG: something does not hold, said in the text. */
int packet_oracle_judge(const struct packet_step *step, struct error *error);
int packet_oracle_judge_maps(const struct found *found, struct error *error);

/* Packets dropped so far, under whatever name. */
uint64_t packet_oracle_drops(const struct stats *stats);
