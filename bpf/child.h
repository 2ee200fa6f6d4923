/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A macvlan or macvtap on a hooked interface hands its frames to that interface, whose egress hook
 * meets them. They are another host's: a container's, or a virtual machine's, with a MAC address of
 * its own. Replies to a pool's address would come to this host, which cannot reach its children. So
 * they pass untouched, as they do at a switch.
 *
 * A bridge is no such case: its frames have come in by a port. Neither is an ipvlan, which has the
 * MAC address of its parent: the parent finds it by the address, behind the ingress hook.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "packet.h"
#include "socket.h"

struct net_device___kernel {
	const unsigned char *dev_addr;
} __attribute__((preserve_access_index));

struct sk_buff___kernel {
	struct net_device___kernel *dev;
} __attribute__((preserve_access_index));

/* The first bytes of each packet. The verifier allows no offset to the program's context. */
struct skb_head {
	__u64 words[8];
};

#define SOCKET_RAW 3 /* SOCK_RAW */

/* A virtual machine's packet has the socket of its macvtap, a raw one of no family. */
static __always_inline bool has_own_socket(struct __sk_buff *skb)
{
	struct bpf_sock *socket = skb->sk;
	bool is_tap = false;

	if (socket && !socket->family) {
		socket = bpf_sk_fullsock(socket);
		is_tap = socket && socket->type == SOCKET_RAW;
	}
	return !is_tap && socket_is_own(skb);
}

/* Is it the MAC address of the interface that the packet leaves by? Yes, if that is unknown. */
static __always_inline bool is_mac_of_device(struct __sk_buff *skb, const __u16 *mac)
{
	__u32 offset = bpf_core_field_offset(struct sk_buff___kernel, dev);
	const unsigned char *address;
	struct net_device___kernel *dev;
	__u16 own[ETH_ALEN / 2];
	struct skb_head head;

	if (offset > sizeof(head) - sizeof(dev) || bpf_probe_read_kernel(&head, sizeof(head), skb))
		return true;
	__builtin_memcpy(&dev, (const char *)&head + offset, sizeof(dev));
	if (bpf_probe_read_kernel(&address, sizeof(address), &dev->dev_addr) ||
	    bpf_probe_read_kernel(own, sizeof(own), address))
		return true;
	return own[0] == mac[0] && own[1] == mac[1] && own[2] == mac[2];
}

/* Not static: the verifier checks it once. What a local socket sends ends at the second step. */
__noinline int child_is_source(struct __sk_buff *skb)
{
	__u16 macs[ETH_ALEN]; /* destination, source */

	if (skb->ingress_ifindex || has_own_socket(skb) || !skb->sk ||
	    bpf_skb_load_bytes(skb, 0, macs, sizeof(macs)))
		return false;
	return !is_mac_of_device(skb, macs + ETH_ALEN / 2);
}
