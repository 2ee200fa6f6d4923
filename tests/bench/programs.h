/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by programs.c, syn.c and programs.bpf.c. */
#pragma once

#include <linux/types.h>

/* After Ethernet: IPv4 or IPv6, and TCP, each with or without options; the frame is as long. */
#define PLAN_HEADER_BYTES 80

#define PLAN_PORT_FIRST 1024 /* of new flows */
#define PLAN_PORTS	60000

struct plan {
	__u8 headers[PLAN_HEADER_BYTES];
	__u32 is_ipv6;		 /* 0 or 1 */
	__u32 is_new_each_time;	 /* 0 or 1; if 1, the next two count */
	__u32 first_destination; /* its last four bytes, host order */
	__u32 next;
};
