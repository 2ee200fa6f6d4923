/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses as in the maps: 16 bytes, IPv4 as IPv4-mapped (RFC 4291 section 2.5.5.2). */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* Addresses in keys and entries are byte arrays, aligned to 4. */
static __always_inline void address_copy(void *to, const void *from)
{
	__builtin_memcpy(__builtin_assume_aligned(to, 4), __builtin_assume_aligned(from, 4), 16);
}

static __always_inline bool address_equal(const void *a, const void *b)
{
	const __u32 *x = __builtin_assume_aligned(a, 4);
	const __u32 *y = __builtin_assume_aligned(b, 4);

	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2] && x[3] == y[3];
}

static __always_inline void address_set_ipv4(void *to, __be32 address)
{
	__u32 *words = __builtin_assume_aligned(to, 4);

	words[0] = 0;
	words[1] = 0;
	words[2] = bpf_htonl(0xffff);
	words[3] = address;
}

static __always_inline __be32 address_ipv4(const void *address)
{
	return ((const __u32 *)__builtin_assume_aligned(address, 4))[3];
}

static __always_inline bool address_is_ipv4(const void *address)
{
	const __u32 *words = __builtin_assume_aligned(address, 4);

	return !words[0] && !words[1] && words[2] == bpf_htonl(0xffff);
}
