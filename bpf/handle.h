/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Handles stay on the host: no host elsewhere could answer one. What a local socket sends from a
 * handle leaves translated, to a steered port and by a hooked interface, or not at all: towards
 * another port, and by interfaces without a hook of the datapath. Packets to this host itself leave
 * by lo, which has no hook. A bridged container may have the same addresses, as its own.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "counters.h"
#include "maps.h"
#include "packet.h"
#include "reset.h"
#include "socket.h"

#define HANDLE_OTHER_LINK (~0U) /* in place of the link header's size: it is unknown */

static __always_inline bool is_like_ipv4(__be32 source)
{
	return (source & handles.ipv4_mask) == handles.ipv4;
}

static __always_inline bool is_like_ipv6(const __be32 *source)
{
	return (source[0] & handles.ipv6_mask[0]) == handles.ipv6[0] &&
	       (source[1] & handles.ipv6_mask[1]) == handles.ipv6[1];
}

/*
 * Nearly every packet ends here. True: handle_hold() finds out. An IPv4 header is as long as what
 * is read of an IPv6 one.
 */
static __always_inline bool may_have_handle(struct __sk_buff *skb, __u32 link_header)
{
	void *data = (void *)(long)skb->data;
	const struct ethhdr *ethernet = data;
	const struct iphdr *ip = data + link_header;
	const struct ipv6hdr *ipv6 = data + link_header;
	__be16 protocol;

	if ((void *)(ip + 1) > (void *)(long)skb->data_end)
		return true;
	if (link_header)
		protocol = ethernet->h_proto;
	else
		protocol = ip->version == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	if (protocol == bpf_htons(ETH_P_IP))
		return is_like_ipv4(ip->saddr);
	if (protocol == bpf_htons(ETH_P_IPV6))
		return is_like_ipv6(ipv6->saddr.in6_u.u6_addr32);
	return protocol == bpf_htons(ETH_P_8021Q) || protocol == bpf_htons(ETH_P_8021AD);
}

/* Offsets count from the IP header. */
static __always_inline long load(struct __sk_buff *skb, __u32 link_header,
				 const struct packet *packet, __u32 offset, void *to, __u32 size)
{
	if (link_header == HANDLE_OTHER_LINK)
		return bpf_skb_load_bytes_relative(skb, offset, to, size, BPF_HDR_START_NET);
	return bpf_skb_load_bytes(skb, packet->ip + offset, to, size);
}

/* Of a packet of any protocol over IP. */
static __always_inline long load_addresses(struct __sk_buff *skb, __u32 link_header,
					   struct packet *packet)
{
	__u8 *key = packet->key.source;
	__be32 ipv4[2];
	__u8 first;

	if (load(skb, link_header, packet, 0, &first, sizeof(first)))
		return -1;
	if (first >> 4 == 6)
		return load(skb, link_header, packet, offsetof(struct ipv6hdr, saddr), key, 32);
	if (first >> 4 != 4 ||
	    load(skb, link_header, packet, offsetof(struct iphdr, saddr), ipv4, sizeof(ipv4)))
		return -1;
	address_set_ipv4(packet->key.source, ipv4[0]);
	address_set_ipv4(packet->key.destination, ipv4[1]);
	return 0;
}

static __always_inline bool is_handle(const __u8 *address)
{
	struct selector selector = {.kind = SELECTOR_ADDRESS};
	const struct sender_ref *ref;

	address_copy(selector.address, address);
	ref = bpf_map_lookup_elem(&postern_senders, &selector);
	return ref && ref->is_handle;
}

/* The stack sends some packets without a socket. */
static __always_inline bool is_from_here(struct __sk_buff *skb)
{
	return skb->sk ? socket_is_own(skb) : !skb->ingress_ifindex;
}

/* TCP of any port. False: there is no connection to reset. */
static __always_inline bool load_tcp(struct __sk_buff *skb, __u16 protocol, struct packet *packet)
{
	struct frame frame = {.context = skb};
	struct tcphdr tcp;

	if (parse_ip(frame, protocol, EGRESS, packet) != PACKET_TCP ||
	    packet_read(frame, packet->tcp, &tcp, sizeof(tcp)))
		return false;
	set_ports(tcp.source, tcp.dest, EGRESS, packet);
	set_tcp(&tcp, packet);
	return !packet->fragment;
}

/* The action. Not static: the verifier checks it once. */
__noinline int handle_hold(struct __sk_buff *skb, __u32 link_header)
{
	struct packet packet = {};
	__u16 protocol = 0;
	bool is_tcp;

	if (link_header != HANDLE_OTHER_LINK)
		protocol = parse_link((struct frame){.context = skb}, link_header, &packet);
	if (load_addresses(skb, link_header, &packet) || !is_handle(packet.key.source) ||
	    !is_from_here(skb))
		return TC_ACT_UNSPEC;
	is_tcp = load_tcp(skb, protocol, &packet);
	report_drop(&packet, SENDER_UNKNOWN, POOL_NONE, COUNTER_dropped_handle);
	return is_tcp ? reset_local(skb, &packet) : TC_ACT_SHOT;
}

/* For a packet that would leave as it is. */
static __always_inline int handle_leave(struct __sk_buff *skb, __u32 link_header)
{
	return link_header == HANDLE_OTHER_LINK || may_have_handle(skb, link_header)
		       ? handle_hold(skb, link_header)
		       : TC_ACT_UNSPEC;
}
