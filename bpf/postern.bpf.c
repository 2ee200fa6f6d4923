/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The entry points: one program per direction and kind of interface. The _l3 programs serve devices
 * whose packets begin with the IP header (tun, wireguard). README.md shows the path of a packet.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "adopt.h"
#include "egress.h"
#include "expiry.h"
#include "handle.h"
#include "ingress.h"
#include "maps.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* `bpftool prog show` prints variables of .rodata whose name begins with bpf_metadata_. */
#define TEXT(x)	   #x
#define TEXT_OF(x) TEXT(x)
const char bpf_metadata_layout[] SEC(".rodata") __attribute__((used)) = TEXT_OF(POSTERN_LAYOUT);

SEC("tc")
int postern_egress(struct __sk_buff *skb)
{
	return egress(skb, ETH_HLEN);
}

SEC("tc")
int postern_egress_l3(struct __sk_buff *skb)
{
	return egress(skb, 0);
}

SEC("tc")
int postern_ingress(struct __sk_buff *skb)
{
	return ingress((struct frame){.context = skb}, ETH_HLEN) ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

SEC("tc")
int postern_ingress_l3(struct __sk_buff *skb)
{
	return ingress((struct frame){.context = skb}, 0) ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

/* On interfaces that carry no steered mail. */
SEC("tc")
int postern_handles(struct __sk_buff *skb)
{
	return handle_leave(skb, ETH_HLEN);
}

SEC("tc")
int postern_handles_l3(struct __sk_buff *skb)
{
	return handle_leave(skb, 0);
}

/* The link header is one that egress could not parse. */
SEC("tc")
int postern_handles_any(struct __sk_buff *skb)
{
	return handle_leave(skb, HANDLE_OTHER_LINK);
}

/* xdp.frags: for drivers that hand over large packets in fragments, too. */
SEC("xdp.frags")
int postern_xdp(struct xdp_md *xdp)
{
	return ingress((struct frame){.context = xdp, .is_xdp = true}, ETH_HLEN) ? XDP_PASS
										 : XDP_DROP;
}

/* ---- run by `up` (postern/adopt.h), never attached */

SEC("tc")
int postern_adopt(struct __sk_buff *skb)
{
	return adopt(skb);
}

/* Not of type "syscall": before Linux 6.4 sleepable programs cannot use a queue. */
SEC("tc")
int postern_renew(struct __sk_buff *skb __attribute__((unused)))
{
	return -expiry_start();
}
