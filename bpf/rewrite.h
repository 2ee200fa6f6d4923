/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Puts another address and port at the local end of a packet: its source on egress, its destination
 * on ingress. Works on GSO packets and on unfinished checksums (CHECKSUM_PARTIAL), where the TCP
 * checksum field covers only the pseudo-header: the helper knows, as long as address deltas carry
 * BPF_F_PSEUDO_HDR and port deltas do not.
 */
#pragma once

#include "maps.h"
#include "packet.h"

/* BPF_F_IPV6, which not every <linux/bpf.h> has: keeps skb->csum right with CHECKSUM_COMPLETE. */
#define REWRITE_IPV6 (1ULL << 7)

static __always_inline __u32 tcp_check_offset(const struct packet *packet)
{
	return packet->tcp + __builtin_offsetof(struct tcphdr, check);
}

/* RFC 1624: one address exchanged for another, both 32 bits as they lie in memory. */
static __always_inline __sum16 check_update(__sum16 check, __be32 from, __be32 to)
{
	__u64 sum = (__u64)(__u16)~check + (__u32)~from + to;

	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__sum16)~sum;
}

static __always_inline long rewrite_ipv4(struct __sk_buff *skb, const struct packet *packet,
					 enum direction direction, const __u8 *address)
{
	__be32 from = address_ipv4(packet->key.source);
	__be32 to = address_ipv4(address);
	__be32 remote = address_ipv4(packet->key.destination);
	/* The last ten bytes of an IPv4 header without options, stored in one go. */
	struct {
		__sum16 check;
		__be32 source;
		__be32 destination;
	} __attribute__((packed)) tail = {
		.check = check_update(packet->ip_check, from, to),
		.source = direction == EGRESS ? to : remote,
		.destination = direction == EGRESS ? remote : to,
	};
	long error = bpf_l4_csum_replace(skb, tcp_check_offset(packet), from, to,
					 BPF_F_PSEUDO_HDR | sizeof(to));

	return error
		       ?: bpf_skb_store_bytes(skb,
					      packet->ip + __builtin_offsetof(struct iphdr, check),
					      &tail, sizeof(tail), 0);
}

static __always_inline long rewrite_ipv6(struct __sk_buff *skb, const struct packet *packet,
					 enum direction direction, const __u8 *address)
{
	__u32 offset =
		packet->ip + (direction == EGRESS ? __builtin_offsetof(struct ipv6hdr, saddr)
						  : __builtin_offsetof(struct ipv6hdr, daddr));
	__s64 delta = bpf_csum_diff((__be32 *)packet->key.source, 16, (__be32 *)address, 16, 0);
	long error;

	if (delta < 0)
		return delta;
	error = bpf_l4_csum_replace(skb, tcp_check_offset(packet), 0, delta,
				    BPF_F_PSEUDO_HDR | REWRITE_IPV6);
	if (error == -EINVAL) /* a kernel that does not know the flag */
		error = bpf_l4_csum_replace(skb, tcp_check_offset(packet), 0, delta,
					    BPF_F_PSEUDO_HDR);
	return error ?: bpf_skb_store_bytes(skb, offset, address, 16, 0);
}

static __always_inline long rewrite_port(struct __sk_buff *skb, const struct packet *packet,
					 enum direction direction, __u16 port)
{
	__u32 offset =
		packet->tcp + (direction == EGRESS ? __builtin_offsetof(struct tcphdr, source)
						   : __builtin_offsetof(struct tcphdr, dest));
	__be16 from = bpf_htons(packet->key.source_port);
	__be16 to = bpf_htons(port);
	long error = bpf_l4_csum_replace(skb, tcp_check_offset(packet), from, to, sizeof(to));

	return error ?: bpf_skb_store_bytes(skb, offset, &to, sizeof(to), 0);
}

/* Nothing is called for what stays as it is. An error leaves the packet half changed: drop it. */
static __always_inline long rewrite(struct __sk_buff *skb, const struct packet *packet,
				    enum direction direction, const __u8 *address, __u16 port)
{
	long error = 0;

	if (!address_equal(packet->key.source, address))
		error = packet->version == 4 ? rewrite_ipv4(skb, packet, direction, address)
					     : rewrite_ipv6(skb, packet, direction, address);
	if (!error && port != packet->key.source_port)
		error = rewrite_port(skb, packet, direction, port);
	return error;
}
