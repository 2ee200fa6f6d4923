/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Byte code that drives the datapath: each operation of 16 bytes sends one packet through one of
 * the programs, or changes their maps; then the oracle (packet_oracle.h) checks the result. Any
 * bytes are a valid program; an incomplete last operation is ignored.
 *
 * A program with an OP_EXPIRE has short timeouts from its beginning, so that flows end at any time.
 * Without one every run is equal, except for the random ports of the datapath.
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
	OP_VERDICT, /* of sender `ends`, see verdict_of() */
	OP_CUT,	    /* of sender `ends` */
	OP_EXPIRE,  /* waits until all flows have expired */
	OP_FORGET,  /* deletes the flows, as if there had been none */
	OP_KINDS
};

/*
 * Lower half of `shape`. Each IP version has its own numbers for an ICMP error; these serve both.
 */
enum packet_shape {
	SHAPE_TCP,
	SHAPE_TIMESTAMP,   /* TCP with a timestamp */
	SHAPE_TCP_OPTIONS, /* the maximum */
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

/* Upper half of `shape`, and upper three bits of `quote`: headers around the packet. */
enum packet_around {
	AROUND_NOTHING,
	AROUND_OPTION, /* an IPv4 option, or an IPv6 extension header */
	AROUND_OPTIONS,
	AROUND_FIRST_FRAGMENT,
	AROUND_LATER_FRAGMENT,
	AROUND_MOST, /* IPv4: options and first fragment; IPv6: the maximum of extensions */
	AROUND_TOO_MANY,
	AROUND_AUTHENTICATION,
	AROUNDS
};

#define EXTRA_VLAN_TAGS 0x03
#define EXTRA_GSO	0x04
#define EXTRA_MARK	0x08 /* a sender's */
#define EXTRA_NO_MARK	0x10 /* a mark of no sender */
#define EXTRA_PADDING	0x20
#define EXTRA_ROUTER	0x40 /* an ICMP error from a router in between */
#define EXTRA_LONG	0x80 /* payload times 8 */

#define ENDS_IPV6                                                                                  \
	0x08 /* else the lower three bits are the local end, the next three the remote end */

struct packet_op {
	uint8_t kind;
	uint8_t shape;
	uint8_t flags; /* of TCP */
	uint8_t flow;  /* 0: ends and ports as below; n: those of the n-th live flow, modulo */
	uint8_t ends;
	uint8_t ports; /* local port in the lower half, remote port in the upper */
	uint8_t extras;
	uint8_t payload;
	uint8_t missing;   /* bytes cut off the end */
	uint8_t sequence;  /* in thousands, and signed */
	uint8_t timestamp; /* likewise */
	uint8_t quote;	   /* missing bytes of the quote; headers around it */
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
	uint64_t changed; /* passed, translated */
	uint64_t dropped;
	uint64_t resets;
	uint64_t refused; /* by the kernel: too short */
	size_t flows_max; /* at once */
};

/* After packet_world_open(). -EBADMSG: an invariant is broken; the text names step and packet. */
int packet_machine_run(const uint8_t *program, size_t size, struct error *error);
struct packet_totals packet_machine_totals(void);
/* One line for each operation. */
void packet_machine_print(const uint8_t *program, size_t size, FILE *to);
