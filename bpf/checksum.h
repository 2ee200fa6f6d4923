/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Internet checksums (RFC 1071) and their incremental update (RFC 1624). */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Sums in ones' complement of 32 bits, in memory order; adding ~sum subtracts it. */
static __always_inline __u32 sum_add(__u32 a, __u32 b)
{
	return a + b + (a + b < a);
}

static __always_inline __u32 sum_of(const void *bytes, __u32 size)
{
	return bpf_csum_diff(NULL, 0, (__be32 *)bytes, size, 0);
}

static __always_inline __u16 sum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* The change of a sum when another address replaces one. */
static __always_inline __u32 sum_delta_address(const void *from, const void *to)
{
	return bpf_csum_diff((__be32 *)from, 16, (__be32 *)to, 16, 0);
}

static __always_inline __u32 sum_delta_port(__be16 from, __be16 to)
{
	return (__u32)to + (__u16)~from;
}

static __always_inline __sum16 check_add(__sum16 check, __u32 delta)
{
	return ~sum_fold(sum_add((__u16)~check, delta));
}
