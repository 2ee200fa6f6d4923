/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TCP options. Steered connections are plain TCP: a second subflow of MPTCP would be another
 * sender's to the selectors, would leave by another pool, and would continue after a cut. So a SYN
 * that asks for MPTCP loses that option and the connection falls back (RFC 8684 section 3.7), and a
 * SYN that joins an MPTCP connection is dropped.
 */
#pragma once

#include <asm/errno.h>
#include <linux/tcp.h>

#include "checksum.h"
#include "maps.h"
#include "packet.h"

#define OPTIONS_BYTES_MAX 40 /* data offset: 15 words, 5 of them without options */
#define OPTIONS_SPACE	  64 /* of a buffer, see bounded() */

#define OPTION_END	 0
#define OPTION_NOP	 1
#define OPTION_TIMESTAMP 8
#define OPTION_MPTCP	 30

#define TIMESTAMP_BYTES 10
#define MPTCP_JOIN	1 /* subtype, the upper half of the third byte */

/* Fits a number, as a function that the verifier checks once returns no more. */
union options {
	__u64 word;
	struct {
		__u32 timestamp;  /* RFC 7323, host order; 0: none */
		__u8 mptcp_at;	  /* offset of the last MPTCP option within the options */
		__u8 mptcp_bytes; /* 0: none */
		__u8 joins;	  /* 1: it is MP_JOIN */
		__u8 reserved;
	};
};

/*
 * A size from 1 to 64 as it is: the verifier of Linux 6.1 does not learn from a comparison with 0
 * that a size is not 0.
 */
static __always_inline __u32 bounded(__u32 size)
{
	barrier_var(size);
	return ((size - 1) & (OPTIONS_SPACE - 1)) + 1;
}

static __always_inline __u32 read_word(const __u8 *bytes)
{
	return (__u32)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

struct reading {
	/* The head of an option is always in it. */
	__u8 bytes[OPTIONS_SPACE] __attribute__((aligned(4)));
	__u32 at;
	union options found;
};

/* For bpf_loop(), which 1 ends: an unrolled loop has too many states for the verifier. */
static long read_option(__u32 i __attribute__((unused)), void *context)
{
	struct reading *reading = context;
	__u32 at = reading->at;
	const __u8 *option;

	if (at >= OPTIONS_BYTES_MAX)
		return 1;
	option = reading->bytes + at;
	if (option[0] == OPTION_NOP) {
		reading->at = at + 1;
		return 0;
	}
	if (option[0] == OPTION_END || option[1] < 2)
		return 1;
	if (option[0] == OPTION_TIMESTAMP && option[1] == TIMESTAMP_BYTES)
		reading->found.timestamp = read_word(option + 2);
	if (option[0] == OPTION_MPTCP) {
		reading->found.mptcp_at = at;
		reading->found.mptcp_bytes = option[1];
		reading->found.joins |= option[2] >> 4 == MPTCP_JOIN;
	}
	reading->at = at + option[1];
	return 0;
}

/*
 * The options as Linux sends them in a SYN: maximum segment size, SACK permitted, timestamp, NOP,
 * window scale. False: others, or in another order.
 */
static __always_inline bool read_usual(const __u8 *bytes, __u32 size, union options *ret)
{
	const __be32 *words = __builtin_assume_aligned(bytes, 4);

	if (size != 20 || (words[0] & bpf_htonl(0xffff0000)) != bpf_htonl(0x02040000) ||
	    words[1] != bpf_htonl(0x0402080a) ||
	    (words[4] & bpf_htonl(0xffffff00)) != bpf_htonl(0x01030300))
		return false;
	ret->timestamp = bpf_ntohl(words[2]);
	return true;
}

/* Of the options in the packet; more than OPTIONS_BYTES_MAX: the header is too short. */
static __always_inline __u32 options_size(const struct packet *packet)
{
	return packet->bytes - (packet->tcp - packet->ip) - packet->payload_bytes -
	       sizeof(struct tcphdr);
}

/*
 * The options of the packet whose TCP header is at `tcp`, as union options; `size` is
 * options_size(). Only a SYN that opens
 * and the first FIN or RST need them. Not static: the verifier checks it once. Each pass reads at
 * least one byte, so no option is behind the last pass.
 */
__noinline __u64 options_read(struct __sk_buff *skb, __u32 tcp, __u32 size)
{
	struct reading reading = {};

	if (!size || size > OPTIONS_BYTES_MAX ||
	    bpf_skb_load_bytes(skb, tcp + sizeof(struct tcphdr), reading.bytes, bounded(size)))
		return 0;
	if (!read_usual(reading.bytes, size, &reading.found))
		bpf_loop(OPTIONS_BYTES_MAX, read_option, &reading, 0);
	return reading.found.word;
}

static __always_inline __u32 options_timestamp(struct __sk_buff *skb, const struct packet *packet)
{
	union options options = {.word = options_read(skb, packet->tcp, options_size(packet))};

	return options.timestamp;
}

/*
 * Replaces the MPTCP option by NOPs. The sum covers all options, as its first byte may be at an odd
 * offset. 0, or the kernel's error: the packet may be half changed, drop it. Not inline: its
 * buffers would stay on the stack of the caller, whose other calls need theirs (README.md,
 * Kernels).
 */
static __noinline long options_blank(struct __sk_buff *skb, const struct packet *packet, __u64 word)
{
	union options options = {.word = word};
	static const __u8 nops[OPTIONS_SPACE] = {[0 ... OPTIONS_SPACE - 1] = OPTION_NOP};
	__u32 size = options_size(packet), offset = packet->tcp + sizeof(struct tcphdr);
	__u32 at = options.mptcp_at, bytes = options.mptcp_bytes, delta;
	__u8 old[OPTIONS_SPACE] = {}, new[OPTIONS_SPACE] = {};

	if (!size || size > OPTIONS_BYTES_MAX || bytes < 3 || bytes > OPTIONS_BYTES_MAX ||
	    at + bytes > size)
		return -EINVAL;
	if (bpf_skb_load_bytes(skb, offset, old, bounded(size)) ||
	    bpf_skb_store_bytes(skb, offset + at, nops, bounded(bytes), 0) ||
	    bpf_skb_load_bytes(skb, offset, new, bounded(size)))
		return -EFAULT;
	delta = bpf_csum_diff((__be32 *)old, sizeof(old), (__be32 *)new, sizeof(new), 0);
	return bpf_l4_csum_replace(skb, packet->tcp + __builtin_offsetof(struct tcphdr, check), 0,
				   delta, 0);
}
