/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real programs on small maps without pins, and their content for the oracle. Any error of the
 * kernel here ends the process: it is a bug of the test, not a finding.
 *
 *   sender         known by                  leaves by at first
 *   UNKNOWN        nothing: STRANGER         normal
 *   TENANT         its networks              normal
 *   HANDLE         the normal pool's handle  normal
 *   RISK_HANDLE    the other one             high-risk
 *   MARKED         MARK                      high-risk
 *
 * Pools: normal (two IPv4 addresses), high-risk, EMPTY (holds), and INSTEAD, empty too, which uses
 * high-risk.
 */
#pragma once

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/packet.h"
#include "postern/abi.h"

enum packet_sender {
	PACKET_UNKNOWN,
	PACKET_TENANT,
	PACKET_HANDLE,
	PACKET_RISK_HANDLE,
	PACKET_MARKED,
	PACKET_SENDERS
};
#define PACKET_MARK 7

enum { POOL_EMPTY = POOL_FIRST_FREE, POOL_INSTEAD };
#define PACKET_POOLS 5 /* with POOL_NONE */

#define PACKET_NORMAL4	      "198.51.100.10"
#define PACKET_NORMAL4_SECOND "198.51.100.11"
#define PACKET_NORMAL6	      "2001:db8:1::10"
#define PACKET_RISK4	      "198.51.100.66"
#define PACKET_RISK6	      "2001:db8:1::66"
#define PACKET_TENANT4	      "10.1.7.5"
#define PACKET_TENANT6	      "fd17::5"
#define PACKET_HANDLE4	      "100.127.0.1"
#define PACKET_HANDLE6	      "fd70::1"
#define PACKET_RISK_HANDLE4   "100.127.0.2"
#define PACKET_RISK_HANDLE6   "fd70::2"
#define PACKET_STRANGER4      "10.9.9.9"
#define PACKET_STRANGER6      "fd99::9"

#define PACKET_ADDRESSES 5 /* ids from 1 */

/*
 * 25 and 2525 are steered. The maps are small enough to fill; returns have space for flows set
 * aside.
 */
#define PACKET_FLOWS_MAX   12
#define PACKET_RETURNS_MAX 16
#define PACKET_FOUND_MAX   32

#define PACKET_NEVER_NS 7440000000000ULL
#define PACKET_SOON_NS	3000000ULL

enum packet_program {
	PROGRAM_EGRESS,
	PROGRAM_EGRESS_L3,
	PROGRAM_INGRESS,
	PROGRAM_INGRESS_L3,
	PROGRAM_XDP,
	PROGRAMS
};

struct found_flow {
	struct flow_key key;
	struct flow flow;
};

struct found_return {
	struct return_key key;
	struct return_entry entry;
};

/* The content of the maps; flows in the order of their opening. */
struct found {
	struct found_flow flows[PACKET_FOUND_MAX];
	size_t n_flows;
	struct found_return returns[PACKET_FOUND_MAX];
	size_t n_returns;
	uint64_t sender_flows[PACKET_SENDERS]; /* gauges */
	uint64_t address_flows[PACKET_ADDRESSES + 1];
	struct stats stats;
};

/* Loads the programs; needs root. One world per process. */
void packet_world_open(void);
void packet_world_close(void);
/* Back to the start, except for counters. */
void packet_world_reset(void);

/* False: the kernel rejects a packet this short. */
bool packet_world_run(enum packet_program program, const struct packet_bytes *packet, uint32_t mark,
		      bool gso, struct packet_bytes *ret_packet, int *ret_action);
void packet_world_find(struct found *ret);

void packet_world_set_verdict(enum packet_sender sender, const struct verdict *verdict);
const struct verdict *packet_world_verdict(enum packet_sender sender);
/* Cuts the open flows of the sender. */
void packet_world_cut(enum packet_sender sender);
/* Removes the flows from the maps and the gauges, as if there had been none. */
void packet_world_forget(void);
void packet_world_set_timeouts(uint64_t ns);

/* NULL: no pool has it. */
const struct address_entry *packet_world_address(const uint8_t address[16]);
/* The sender of an outgoing packet. */
enum packet_sender packet_world_sender(uint32_t mark, const uint8_t source[16]);
