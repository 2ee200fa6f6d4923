/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `up` says of the handles to the programs that keep them on the host (bpf/handle.h). */
#pragma once

#include <linux/types.h>

/*
 * The first bits that all handles of a family have in common, in network order: of an IPv4 address,
 * of the first 8 bytes of an IPv6 address. A source that differs is no handle. Without handles of
 * the family no source matches: the mask is 0, the value is not.
 */
struct handle_filter {
	__u32 ipv4_mask;
	__u32 ipv4;
	__u32 ipv6_mask[2];
	__u32 ipv6[2];
};
