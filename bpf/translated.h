/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Has an earlier hook of this host translated the packet? A packet may pass two hooked interfaces
 * (a VLAN and its parent, a bond and its port), or two hooks of one interface while `up` replaces
 * one by the other. No field of the packet says so, as any program between the hooks overwrites
 * skb->tc_index and skb->mark. The proof is who sent it: the flow's own local end.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"
#include "packet.h"
#include "socket.h"

#define SOCKET_STREAM 1 /* SOCK_STREAM */

/*
 * The socket's own address and port are the flow's inner ones. All fields are read before a branch:
 * else the compiler computes one pointer to either, which the verifier rejects.
 */
static __always_inline bool is_socket_of(const volatile struct bpf_sock *socket,
					 const struct return_entry *entry)
{
	__u32 ipv4 = socket->src_ip4;
	__u32 ipv6[] = {socket->src_ip6[0], socket->src_ip6[1], socket->src_ip6[2],
			socket->src_ip6[3]};

	if (socket->src_port != entry->source_port)
		return false;
	if (address_is_ipv4(entry->source))
		return ipv4 == address_ipv4(entry->source);
	return address_equal(ipv6, entry->source);
}

static __always_inline const struct flow *flow_of(const struct return_entry *entry,
						  const struct packet *packet)
{
	struct flow_key key = {.source_port = entry->source_port,
			       .destination_port = packet->key.destination_port};

	address_copy(key.source, entry->source);
	address_copy(key.destination, packet->key.destination);
	return bpf_map_lookup_elem(&postern_flows, &key);
}

/*
 * The flow's last packet came in by the same interface, or is from this host as well. The stack
 * sends resets and ACKs of connections in TIME-WAIT without their socket, but neither SYN nor data.
 */
static __always_inline bool is_way_of(struct __sk_buff *skb, const struct return_entry *entry,
				      const struct packet *packet)
{
	const struct flow *flow;

	if (!skb->ingress_ifindex && (packet_opens(packet) || packet->payload_bytes))
		return false;
	flow = flow_of(entry, packet);
	return flow && flow->ingress_ifindex == skb->ingress_ifindex;
}

#define SEQUENCES (1U << 30) /* the largest window that TCP scales to, RFC 7323 section 2.3 */

/*
 * The socket has another address than the packet, and than the flow: a rule of this host has
 * translated the packet before the first hook, as masquerade does. Then the proof is the packet:
 * the flow has counted it, or a later one. A SYN is the first that it counts.
 */
static __always_inline bool has_counted(const struct return_entry *entry,
					const struct packet *packet)
{
	const struct flow *flow = flow_of(entry, packet);
	__u32 end = packet->sequence + packet->payload_bytes + !!(packet->flags & TCP_FIN);

	if (!flow || flow->ingress_ifindex)
		return false;
	if (packet_opens(packet))
		return flow->out.sequence == packet->sequence + 1;
	return flow->out.sequence - end < SEQUENCES;
}

/*
 * `entry` is the return entry whose external end is the packet's source. False: another sender, or
 * a packet that came back in, uses that source.
 */
static __noinline bool translated_by_us(struct __sk_buff *skb, const struct packet *packet,
					const struct return_entry *entry)
{
	struct bpf_sock *socket = skb->sk;
	__u8 ignored[16];

	if (socket)
		socket = bpf_sk_fullsock(socket);
	if (!socket || socket->type != SOCKET_STREAM)
		return is_way_of(skb, entry, packet);
	return is_socket_of(socket, entry) ||
	       (socket_address(skb, &packet->key, ignored) && has_counted(entry, packet));
}
