/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Resets the local end, on this host or behind it, of a connection whose packet is dropped for
 * good: the packet becomes the reset that the remote end might have sent, and enters by the
 * interface that it was about to leave by.
 *
 * The program cannot see whether the packet's TCP checksum is finished. So it applies two
 * differences: the pseudo-header's, which the helper always applies, and the rest, which the helper
 * leaves out where the checksum is unfinished (CHECKSUM_PARTIAL). Both ways the result is right.
 */
#pragma once

#include <linux/pkt_cls.h>

#include "checksum.h"
#include "maps.h"
#include "packet.h"
#include "counters.h"
#include "rewrite.h"

#define RESET_HOP_LIMIT 64

static __always_inline long reset_link(struct __sk_buff *skb)
{
	struct {
		__u8 destination[ETH_ALEN];
		__u8 source[ETH_ALEN];
	} from, to;
	long error = bpf_skb_load_bytes(skb, 0, &from, sizeof(from));

	__builtin_memcpy(to.destination, from.source, ETH_ALEN);
	__builtin_memcpy(to.source, from.destination, ETH_ALEN);
	return error ?: bpf_skb_store_bytes(skb, 0, &to, sizeof(to), 0);
}

static __always_inline long reset_ipv4(struct __sk_buff *skb, const struct packet *packet)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = sizeof(ip) / 4,
		.tot_len = bpf_htons(sizeof(ip) + sizeof(struct tcphdr)),
		.frag_off = bpf_htons(IPV4_DONT_FRAGMENT),
		.ttl = RESET_HOP_LIMIT,
		.protocol = IPPROTO_TCP,
		.saddr = address_ipv4(packet->key.destination),
		.daddr = address_ipv4(packet->key.source),
	};

	ip.check = ~sum_fold(sum_of(&ip, sizeof(ip)));
	return bpf_skb_store_bytes(skb, packet->ip, &ip, sizeof(ip), 0);
}

static __always_inline long reset_ipv6(struct __sk_buff *skb, const struct packet *packet)
{
	struct ipv6hdr ip = {
		.version = 6,
		.payload_len = bpf_htons(sizeof(struct tcphdr)),
		.nexthdr = IPPROTO_TCP,
		.hop_limit = RESET_HOP_LIMIT,
	};

	address_copy(&ip.saddr, packet->key.destination);
	address_copy(&ip.daddr, packet->key.source);
	return bpf_skb_store_bytes(skb, packet->ip, &ip, sizeof(ip), 0);
}

/* The answer of a closed port, RFC 9293 section 3.10.7.1. */
static __always_inline void fill_tcp(const struct packet *packet, struct tcphdr *tcp)
{
	__u32 length =
		packet->payload_bytes + !!(packet->flags & TCP_SYN) + !!(packet->flags & TCP_FIN);

	tcp->source = bpf_htons(packet->key.destination_port);
	tcp->dest = bpf_htons(packet->key.source_port);
	tcp->doff = sizeof(*tcp) / 4;
	tcp->rst = 1;
	if (packet->flags & TCP_ACK) {
		tcp->seq = bpf_htonl(packet->acknowledgement);
	} else {
		tcp->ack = 1;
		tcp->ack_seq = bpf_htonl(packet->sequence + length);
	}
}

/*
 * Exchanged addresses have the same sum, and so has an IPv4 address with the mapping before it, as
 * its 0xffff is a zero. So only the length of the pseudo-header changes.
 */
static __always_inline long reset_tcp(struct __sk_buff *skb, const struct packet *packet)
{
	__u32 old_length = bpf_htonl(packet->bytes - (packet->tcp - packet->ip));
	__u32 length = bpf_htonl(sizeof(struct tcphdr));
	__u32 pseudo_delta = sum_add(length, ~old_length);
	struct tcphdr tcp = {};
	__u32 sum, rest_delta;
	long error;

	fill_tcp(packet, &tcp);
	sum = sum_add(sum_of(&tcp, sizeof(tcp)), sum_of(packet->key.source, 32));
	sum = sum_add(sum, sum_add(length, bpf_htonl(IPPROTO_TCP)));
	rest_delta = sum_add(sum, packet->tcp_check); /* the complement of the old sum */
	rest_delta = sum_add(rest_delta, ~pseudo_delta);
	tcp.check = packet->tcp_check;
	error = bpf_skb_store_bytes(skb, packet->tcp, &tcp, sizeof(tcp), 0);
	if (!error)
		error = bpf_l4_csum_replace(skb, tcp_check_offset(packet), 0, pseudo_delta,
					    BPF_F_PSEUDO_HDR);
	return error ?: bpf_l4_csum_replace(skb, tcp_check_offset(packet), 0, rest_delta, 0);
}

/* Never answers a reset, nor a packet with IP options or extension headers. */
static __always_inline bool may_reset(const struct packet *packet)
{
	__u32 headers = packet->version == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	const struct return_entry *entry;

	if (packet->flags & TCP_RST || packet->tcp - packet->ip != headers)
		return false;
	/* Ingress must not translate the reset as a reply to another flow. */
	entry = packet_return(packet);
	return !entry || (entry->source_port == packet->key.source_port &&
			  address_equal(entry->source, packet->key.source));
}

/*
 * Returns the action: TC_ACT_SHOT where no reset is due, and after an error halfway. Not static:
 * the verifier checks it once, not at each call, and asks for the comparison with NULL.
 */
__noinline int reset_local(struct __sk_buff *skb, const struct packet *packet)
{
	long error;

	if (!packet || !may_reset(packet))
		return TC_ACT_SHOT;
	error = bpf_skb_change_tail(skb, packet->tcp + sizeof(struct tcphdr), 0);
	if (!error && packet->ip)
		error = reset_link(skb);
	if (!error)
		error = packet->version == 4 ? reset_ipv4(skb, packet) : reset_ipv6(skb, packet);
	if (error || reset_tcp(skb, packet))
		return TC_ACT_SHOT;
	skb->mark = 0;
	count(COUNTER_resets_sent);
	return bpf_redirect(skb->ifindex, BPF_F_INGRESS);
}
