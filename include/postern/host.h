/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The map postern_host (HASH: host_key -> host_entry): what the datapath needs of the host. Part of
 * postern/abi.h, which includes it.
 *
 * `up` and `guard` write it; steering, the agent, `status` and the metrics read it, no program
 * does. An entry exists for each interface that steered mail can leave by, each pool address and
 * each handle, and goes when the configuration and the routes no longer need it. Addresses and
 * handles have one only with `plumb`. Of HOST_ALL, `state` is PRESENT where all others are, `held`
 * is 1 where one is, and `put_back` is their sum.
 */
#pragma once

#include <linux/types.h>

#define POSTERN_HOST_NAME 48 /* holds an interface's name and the text of an address */
#define POSTERN_CAUSE	  64

enum host_kind {
	HOST_INTERFACE = 1, /* and its hooks */
	HOST_ADDRESS = 2,   /* of a pool */
	HOST_HANDLE = 3,
	HOST_ALL = 4, /* one entry, "all": sums up the others, and changes after each of them */
	HOST_KINDS,
};

struct host_key {
	enum host_kind kind;
	char name[POSTERN_HOST_NAME]; /* of the interface, or the address */
};

enum host_state {
	HOST_PRESENT = 1,  /* on the host, its hooks attached and the first ones */
	HOST_MISSING = 2,  /* lost, not put back yet */
	HOST_GIVEN_UP = 3, /* lost too often: left alone until again_ns, or until `up` */
	HOST_REFUSED = 4,  /* an interface that must not have hooks; an address routed past them */
	HOST_LEAVING = 5,  /* an address that is no longer configured, until its last flow ends */
	HOST_STATES,
};

struct host_entry {
	enum host_state state;
	__u32 held;		   /* 1: steered packets are held there, or it takes no new flows */
	char interface[16];	   /* that has the address */
	char cause[POSTERN_CAUSE]; /* of the last loss; empty: none yet */
	__u64 put_back;		   /* times; survives `up` */
	__u64 last_ns;		   /* the last change of `state` or `put_back` */
	__u64 again_ns;		   /* the next try; 0 unless GIVEN_UP */
};

#ifndef __cplusplus
_Static_assert(sizeof(struct host_key) == 52, "layout");
_Static_assert(sizeof(struct host_entry) == 112, "layout");
#endif
