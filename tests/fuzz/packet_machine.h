/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Byte code that drives the datapath: each operation of 16 bytes sends one packet through one of the
 * programs or changes what they go by, and after each the oracle (packet_oracle.h) is asked. Any bytes
 * are a valid program; a last operation that is cut short does not count.
 *
 * A program with an OP_EXPIRE runs with short timeouts from its beginning, so that flows end at any time;
 * without one it is the same every time, but for the ports that the datapath draws.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct error;

enum packet_op_kind {
	OP_OUT,
	OP_OUT_L3,
	OP_IN,
	OP_IN_L3,
	OP_IN_XDP,
	OP_VERDICT, /* of sender `ends`: see verdict_of() */
	OP_CUT,	    /* of sender `ends` */
	OP_EXPIRE,  /* waits until all flows have */
	OP_FORGET,  /* flows are gone as if they had never been */
	OP_KINDS
};

/* Low half of `shape`. Errors of both versions have their own numbers; these are for both. */
enum packet_shape {
	SHAPE_TCP,
	SHAPE_TIMESTAMP,   /* TCP with that option */
	SHAPE_TCP_OPTIONS, /* as many as there may be */
	SHAPE_UNREACHABLE, /* ICMP errors */
	SHAPE_TOO_BIG,
	SHAPE_TIME_EXCEEDED,
	SHAPE_PARAMETER,
	SHAPE_REDIRECT, /* no error */
	SHAPE_ECHO,
	SHAPE_UDP,
	SHAPE_GRE,
	SHAPES
};

/* Upper half of `shape`, and upper three bits of `quote`: what is put around. */
enum packet_around {
	AROUND_NOTHING,
	AROUND_OPTION, /* of IPv4; or one extension header of IPv6 */
	AROUND_OPTIONS,
	AROUND_FIRST_FRAGMENT,
	AROUND_LATER_FRAGMENT,
	AROUND_MOST, /* of IPv4: options and first fragment; of IPv6: as many as are walked */
	AROUND_TOO_MANY,
	AROUND_AUTHENTICATION,
	AROUNDS
};

#define EXTRA_VLAN_TAGS 0x03
#define EXTRA_GSO	0x04
#define EXTRA_MARK	0x08 /* a sender's */
#define EXTRA_NO_MARK	0x10 /* a mark of nobody's */
#define EXTRA_PADDING	0x20
#define EXTRA_ROUTER	0x40 /* an ICMP error from a router in between */
#define EXTRA_LONG	0x80 /* payload times 8 */

#define ENDS_IPV6                                                                                  \
	0x08 /* else the low three bits are the local end, the next three the remote one */

struct packet_op {
	uint8_t kind;
	uint8_t shape;
	uint8_t flags; /* of TCP */
	uint8_t flow; /* 0: ends and ports as below; n: those of the n-th that lives, counting round */
	uint8_t ends;
	uint8_t ports; /* local ones in the low half, remote ones in the upper */
	uint8_t extras;
	uint8_t payload;
	uint8_t missing;   /* bytes cut off the end */
	uint8_t sequence;  /* in thousands, and signed */
	uint8_t timestamp; /* likewise */
	uint8_t quote;	   /* bytes missing of it; what is put around */
	struct {
		uint8_t offset;
		uint8_t flip;
	} edits[2]; /* of the packet's bytes */
};

_Static_assert(sizeof(struct packet_op) == 16, "a record of the corpus");

#define PACKET_OPS_MAX	   64
#define PACKET_EXPIRES_MAX 2 /* per program; each takes milliseconds */

struct packet_totals {
	uint64_t programs;
	uint64_t packets;
	uint64_t changed; /* let through translated */
	uint64_t dropped;
	uint64_t resets;
	uint64_t refused; /* by the kernel: too short */
	size_t flows_max; /* at once */
};

/* Call packet_world_open() first. -EBADMSG: an invariant is broken; the text names step and packet. */
int packet_machine_run(const uint8_t *program, size_t size, struct error *error);
struct packet_totals packet_machine_totals(void);
/* One line for each operation. */
void packet_machine_print(const uint8_t *program, size_t size, FILE *to);
