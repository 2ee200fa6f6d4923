/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A host with several uplinks routes a pool's address by `ip rule from ADDRESS`. The stack has
 * routed the packet before its translation, by another source, perhaps by the wrong uplink. The map
 * postern_uplinks knows the right one; the kernel finds next hop and neighbour there. Hooks of that
 * interface see the packet again, and let it pass (translated.h).
 */
#pragma once

#include <linux/pkt_cls.h>

#include "address.h"
#include "maps.h"

#define UPLINK_HERE 0
#define UPLINK_HOLD (~0U)

/*
 * Index of the interface that a packet from `address` must leave by; UPLINK_HERE: it is on its way;
 * UPLINK_HOLD: there is none, or the packet is too large for it. The helper that sends it wants a
 * link header, so packets of a device without one are held.
 */
static __noinline __u32 uplink_of(struct __sk_buff *skb, const __u8 *address, bool has_link)
{
	struct uplink_key key = {.ifindex = skb->ifindex};
	const struct uplink *uplink;
	__u32 mtu = 0, ifindex;

	address_copy(key.address, address);
	uplink = bpf_map_lookup_elem(&postern_uplinks, &key);
	if (!uplink)
		return UPLINK_HERE;
	ifindex = uplink->ifindex;
	if (!ifindex || !has_link || bpf_check_mtu(skb, ifindex, &mtu, 0, BPF_MTU_CHK_SEGS))
		return UPLINK_HOLD;
	return ifindex;
}

/* The action: the packet continues, or leaves by another interface. */
static __always_inline int uplink_send(__u32 ifindex)
{
	return ifindex ? bpf_redirect_neigh(ifindex, NULL, 0, 0) : TC_ACT_UNSPEC;
}
