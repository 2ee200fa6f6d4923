/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by programs.c and programs.bpf.c. */
#pragma once

#include <linux/types.h>

#define PLAN_HEADER_BYTES 40 /* IPv4 and TCP, without options */

#define PLAN_PORT_FIRST 1024 /* of new flows */
#define PLAN_PORTS	60000

struct plan {
	__u8 headers[PLAN_HEADER_BYTES];
	__u32 is_new_each_time;	 /* 0 or 1 */
	__u32 first_destination; /* host order; this and `next` are for new flows */
	__u32 next;
	__u32 reserved;
};
