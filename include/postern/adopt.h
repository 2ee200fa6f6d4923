/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Programs that `up` runs once on an argument (BPF_PROG_TEST_RUN): only a program can start a timer
 * and add atomically. Not part of the pinned layout: one `up` brings both programs and arguments.
 * Each program returns 0 or a positive errno.
 */
#pragma once

#include "postern/abi.h"

/*
 * postern_adopt, on a frame: an Ethernet header of any content, then this struct. Makes a flow of a
 * local connection that is older than the datapath, from a pool's address to a steered port. The
 * flow passes untranslated, expires as every flow does, and reserves its address and port.
 *
 * EEXIST: it has a flow already; EADDRINUSE: another flow has its address and port towards that
 * remote end; E2BIG: the maps are full.
 */
struct adoption {
	struct flow_key key;
	__u32 mark; /* of the socket, as cgroup and uid; 0: none */
	__u64 cgroup;
	__u32 uid;
	__u8 fin_out; /* 0 or 1: this end has sent its FIN */
	__u8 fin_in;  /* 0 or 1: the remote end has */
	__u8 reserved[2];
};

/*
 * postern_renew, on a frame of any content: from now on the timer that ends flows runs the programs
 * of this load, and the programs and maps of an earlier load can be freed. ENOMEM: try again.
 */

#ifndef __cplusplus
_Static_assert(sizeof(struct adoption) == 56, "no hidden padding");
#endif
