/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `up` has the kernel do once, by running a program on an argument (BPF_PROG_TEST_RUN): work on the
 * maps that user space cannot do, as timers and atomic additions are the kernel's. No part of the
 * pinned layout: `up` brings programs and arguments along together. Each program returns 0 or an errno.
 */
#pragma once

#include "postern/abi.h"

/*
 * postern_adopt, on a frame: an Ethernet header that means nothing, then this. Makes a flow of a local
 * connection that was established unseen, from an address of a pool to a steered port: it passes as it is,
 * expires as all flows do, and its address and port are nobody else's meanwhile.
 *
 * EEXIST: it has a flow already; EADDRINUSE: its address and port are another flow's towards that remote
 * end; E2BIG: no room.
 */
struct adoption {
	struct flow_key key;
	__u32 mark; /* these three as of the socket; 0: none */
	__u64 cgroup;
	__u32 uid;
	__u8 fin_out; /* 0 or 1: this end has sent its FIN */
	__u8 fin_in;  /* 0 or 1: the remote end has */
	__u8 reserved[2];
};

/*
 * postern_renew, on a frame of any content: the timer that ends flows runs this very program from now on,
 * so that those of an earlier load, with the maps that were theirs, are no longer needed. ENOMEM: try
 * again.
 */

#ifndef __cplusplus
_Static_assert(sizeof(struct adoption) == 56, "no hidden padding");
#endif
