/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Replaces the address and port of a packet's local end: its source on egress, its destination on
 * ingress. In tc this works on GSO packets and on unfinished checksums (CHECKSUM_PARTIAL), where
 * the TCP checksum covers only the pseudo-header: the helper knows, if address deltas carry
 * BPF_F_PSEUDO_HDR and port deltas do not. XDP cannot distinguish unfinished checksums from
 * finished ones.
 */
#pragma once

#include <asm/errno.h>

#include "checksum.h"
#include "maps.h"
#include "packet.h"

/* BPF_F_IPV6, missing in older <linux/bpf.h>: keeps skb->csum right with CHECKSUM_COMPLETE. */
#define REWRITE_IPV6 (1ULL << 7)

static __always_inline __u32 tcp_check_offset(const struct packet *packet)
{
	return packet->tcp + __builtin_offsetof(struct tcphdr, check);
}

/* The address in the IP header, and the header checksum of IPv4. */
static __always_inline long store_address(struct frame frame, const struct packet *packet,
					  enum direction direction, const __u8 *address)
{
	__be32 from = address_ipv4(packet->key.source);
	__be32 to = address_ipv4(address);
	__be32 remote = address_ipv4(packet->key.destination);
	/* The last ten bytes of an IPv4 header without options, written by one call. */
	struct {
		__sum16 check;
		__be32 source;
		__be32 destination;
	} __attribute__((packed)) tail = {
		.check = check_add(packet->ip_check, sum_add(to, ~from)),
		.source = direction == EGRESS ? to : remote,
		.destination = direction == EGRESS ? remote : to,
	};

	if (packet->version == 4)
		return packet_write(frame, packet->ip + __builtin_offsetof(struct iphdr, check),
				    &tail, sizeof(tail));
	return packet_write(frame,
			    packet->ip + (direction == EGRESS
						  ? __builtin_offsetof(struct ipv6hdr, saddr)
						  : __builtin_offsetof(struct ipv6hdr, daddr)),
			    address, 16);
}

static __always_inline long store_port(struct frame frame, const struct packet *packet,
				       enum direction direction, __u16 port)
{
	__u32 offset =
		packet->tcp + (direction == EGRESS ? __builtin_offsetof(struct tcphdr, source)
						   : __builtin_offsetof(struct tcphdr, dest));
	__be16 to = bpf_htons(port);

	return packet_write(frame, offset, &to, sizeof(to));
}

/* ---- tc */

static __always_inline long fix_check_ipv4(struct __sk_buff *skb, const struct packet *packet,
					   const __u8 *address)
{
	return bpf_l4_csum_replace(skb, tcp_check_offset(packet), address_ipv4(packet->key.source),
				   address_ipv4(address), BPF_F_PSEUDO_HDR | sizeof(__be32));
}

static __always_inline long fix_check_ipv6(struct __sk_buff *skb, const struct packet *packet,
					   const __u8 *address)
{
	__u32 delta = sum_delta_address(packet->key.source, address);
	long error = bpf_l4_csum_replace(skb, tcp_check_offset(packet), 0, delta,
					 BPF_F_PSEUDO_HDR | REWRITE_IPV6);

	if (error == -EINVAL) /* this kernel does not know the flag */
		error = bpf_l4_csum_replace(skb, tcp_check_offset(packet), 0, delta,
					    BPF_F_PSEUDO_HDR);
	return error;
}

static __always_inline long fix_check_port(struct __sk_buff *skb, const struct packet *packet,
					   __u16 port)
{
	return bpf_l4_csum_replace(skb, tcp_check_offset(packet),
				   bpf_htons(packet->key.source_port), bpf_htons(port),
				   sizeof(__be16));
}

/*
 * No helper is called for fields that do not change. An error leaves the packet half changed: drop
 * it.
 */
static __always_inline long rewrite(struct __sk_buff *skb, const struct packet *packet,
				    enum direction direction, const __u8 *address, __u16 port)
{
	struct frame frame = {.context = skb};
	long error = 0;

	if (!address_equal(packet->key.source, address)) {
		error = packet->version == 4 ? fix_check_ipv4(skb, packet, address)
					     : fix_check_ipv6(skb, packet, address);
		if (!error)
			error = store_address(frame, packet, direction, address);
	}
	if (!error && port != packet->key.source_port) {
		error = fix_check_port(skb, packet, port);
		if (!error)
			error = store_port(frame, packet, direction, port);
	}
	return error;
}

/* ---- XDP */

/* For finished TCP checksums. Errors as for rewrite(). */
static __always_inline long rewrite_finished(struct frame frame, const struct packet *packet,
					     enum direction direction, const __u8 *address,
					     __u16 port)
{
	__u32 delta = sum_add(sum_delta_address(packet->key.source, address),
			      sum_delta_port(bpf_htons(packet->key.source_port), bpf_htons(port)));
	__sum16 check = check_add(packet->tcp_check, delta);
	long error = packet_write(frame, tcp_check_offset(packet), &check, sizeof(check));

	if (!error)
		error = store_address(frame, packet, direction, address);
	return error ?: store_port(frame, packet, direction, port);
}
