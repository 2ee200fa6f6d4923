/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The local end of a packet: its socket, where the packet has one of this host. A packet that a
 * bridge or a macvlan forwards still has the socket of the container that sent it; that socket says
 * nothing about this host's users and addresses.
 *
 * Before Linux 6.15 no helper tells a tc program the network namespace of a socket, so it is read
 * from the kernel's memory, which needs CAP_PERFMON and the kernel's BTF.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"
#include "packet.h"

#define SOCKET_FAMILY_IPV4 2  /* AF_INET */
#define SOCKET_FAMILY_IPV6 10 /* AF_INET6 */

/* The kernel's types, as far as they are read. */
struct net___kernel {
	__u64 net_cookie;
} __attribute__((preserve_access_index));

struct possible_net___kernel {
	struct net___kernel *net;
} __attribute__((preserve_access_index));

struct sock_common___kernel {
	struct possible_net___kernel skc_net;
} __attribute__((preserve_access_index));

/* The first bytes of each socket. The verifier allows no offset to a pointer to a socket. */
struct socket_head {
	__u64 words[9];
};

static __always_inline __u64 netns_of(const void *socket)
{
	__u32 offset = bpf_core_field_offset(struct sock_common___kernel, skc_net);
	struct net___kernel *net;
	struct socket_head head;
	__u64 cookie = 0;

	if (offset > sizeof(head) - sizeof(net) ||
	    bpf_probe_read_kernel(&head, sizeof(head), socket))
		return 0;
	__builtin_memcpy(&net, (const char *)&head + offset, sizeof(net));
	bpf_probe_read_kernel(&cookie, sizeof(cookie), &net->net_cookie);
	return cookie;
}

/*
 * 0: the packet is forwarded, or its socket is of another network namespace. Not static: the
 * verifier checks it once.
 */
__noinline int socket_is_own(struct __sk_buff *skb)
{
	const void *socket = skb->sk;

	return socket && netns_of(socket) == own_netns;
}

/* `volatile` keeps the loads apart: the verifier allows no offset to a pointer to a socket. */
static __always_inline void bound_address(const volatile struct bpf_sock *socket, bool ipv4,
					  __u8 *ret_address)
{
	__be32 words[4] = {0, 0, bpf_htonl(0xffff), socket->src_ip4};

	if (!ipv4) {
		words[0] = socket->src_ip6[0];
		words[1] = socket->src_ip6[1];
		words[2] = socket->src_ip6[2];
		words[3] = socket->src_ip6[3];
	}
	address_copy(ret_address, words);
}

/*
 * The address that the local end is bound to, if the packet's source is another: something has
 * translated the packet before, as nftables' masquerade does. False: neither.
 */
static __always_inline bool socket_address(struct __sk_buff *skb, const struct flow_key *key,
					   __u8 *ret_address)
{
	const struct bpf_sock *socket = skb->sk;

	if (!socket ||
	    (socket->family != SOCKET_FAMILY_IPV4 && socket->family != SOCKET_FAMILY_IPV6))
		return false;
	bound_address(socket, address_is_ipv4(key->source), ret_address);
	return !address_equal(ret_address, key->source) && socket_is_own(skb);
}

/*
 * A local address is the only one that has a route and is not forwarded to. Not static: the
 * verifier checks it once.
 */
__noinline int socket_is_own_address(struct __sk_buff *skb, const struct flow_key *key)
{
	struct bpf_fib_lookup fib = {.ifindex = skb->ingress_ifindex};

	if (!key)
		return false;
	if (address_is_ipv4(key->source)) {
		fib.family = SOCKET_FAMILY_IPV4;
		fib.ipv4_dst = address_ipv4(key->source);
	} else {
		fib.family = SOCKET_FAMILY_IPV6;
		address_copy(fib.ipv6_dst, key->source);
	}
	return bpf_fib_lookup(skb, &fib, sizeof(fib), 0) == BPF_FIB_LKUP_RET_NOT_FWDED;
}

/*
 * A forwarded packet from an address of this host: something on this host has translated it before
 * this program, and its sender is lost. What this host sends itself came in nowhere, even without a
 * socket (connections in TIME-WAIT, resets).
 */
static __always_inline bool socket_is_lost(struct __sk_buff *skb, const struct packet *packet)
{
	return skb->ingress_ifindex && !socket_is_own(skb) &&
	       socket_is_own_address(skb, &packet->key);
}
