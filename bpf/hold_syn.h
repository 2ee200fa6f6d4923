/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finds a SYN in a packet that leaves by an interface, with or without a link layer: offsets count
 * from the network header. Where the flags are in a later fragment, the packet counts as a SYN.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define HOLD_EXTENSIONS	 8
#define IPV4_OFFSET_MASK 0x1fff
#define IPV6_OFFSET_MASK 0xfff8
#define TCP_FLAGS_BYTE	 13
#define TCP_FLAGS_SYN	 0x02
#define TCP_FLAGS_ACK	 0x10

static __always_inline long load(struct __sk_buff *skb, __u32 offset, void *to, __u32 bytes)
{
	return bpf_skb_load_bytes_relative(skb, offset, to, bytes, BPF_HDR_START_NET);
}

/* The offset of the TCP header; 0: there is none in this packet. */
static __always_inline __u32 tcp_in_ipv4(struct __sk_buff *skb)
{
	struct iphdr ip;

	if (load(skb, 0, &ip, sizeof(ip)) || ip.protocol != IPPROTO_TCP ||
	    ip.frag_off & bpf_htons(IPV4_OFFSET_MASK))
		return 0;
	return ip.ihl * 4;
}

/* One extension header. Its length into *ret_bytes; 0: it has another layout, or is no such. */
static __always_inline __u32 extension_bytes(__u8 type, const __u8 *header)
{
	switch (type) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		return (header[1] + 1) * 8;
	case IPPROTO_AH:
		return (header[1] + 2) * 4;
	case IPPROTO_FRAGMENT:
		return (header[2] << 8 | header[3]) & IPV6_OFFSET_MASK ? 0 : 8;
	default:
		return 0;
	}
}

static __always_inline __u32 tcp_in_ipv6(struct __sk_buff *skb)
{
	__u32 offset = sizeof(struct ipv6hdr);
	struct ipv6hdr ip;
	__u8 type;

	if (load(skb, 0, &ip, sizeof(ip)))
		return 0;
	type = ip.nexthdr;
	for (int i = 0; i < HOLD_EXTENSIONS && type != IPPROTO_TCP; i++) {
		__u8 header[4];
		__u32 bytes;

		if (load(skb, offset, header, sizeof(header)))
			return 0;
		bytes = extension_bytes(type, header);
		if (!bytes)
			return 0;
		type = header[0];
		offset += bytes;
	}
	return type == IPPROTO_TCP ? offset : 0;
}

/* The destination port of a SYN, host order; 0: no SYN. */
static __always_inline __u16 hold_syn_port(struct __sk_buff *skb)
{
	__u32 offset = skb->protocol == bpf_htons(ETH_P_IP)	? tcp_in_ipv4(skb)
		       : skb->protocol == bpf_htons(ETH_P_IPV6) ? tcp_in_ipv6(skb)
								: 0;
	__u8 flags;
	__be16 ports[2];

	if (!offset || load(skb, offset, ports, sizeof(ports)))
		return 0;
	if (load(skb, offset + TCP_FLAGS_BYTE, &flags, sizeof(flags)))
		flags = TCP_FLAGS_SYN;
	return (flags & (TCP_FLAGS_SYN | TCP_FLAGS_ACK)) == TCP_FLAGS_SYN ? bpf_ntohs(ports[1]) : 0;
}
