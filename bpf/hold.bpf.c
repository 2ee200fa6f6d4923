/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The hold: what keeps mail on the host while nothing steers it (agent/datapath/hold.h). Programs
 * on the root cgroup meet the sockets of all network namespaces, and act on those of one.
 */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "hold.h"
#include "hold_socket.h"
#include "hold_syn.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Before Linux 6.1 such a program cannot choose the error: EPERM in its place. */
const volatile bool has_set_retval = true;

#define PASS	  1
#define REFUSE	  0
#define DROP_FAST 2 /* and reports congestion: the socket gives up after 6 s, not after 134 s */

static __always_inline int refuse(void)
{
	struct held *held = hold_count(0);

	if (held)
		__sync_fetch_and_add(&held->connections, 1);
	if (has_set_retval)
		bpf_set_retval(-ECONNREFUSED);
	return REFUSE;
}

static __always_inline int on_connect(struct bpf_sock_addr *connect, const __u32 *words)
{
	const struct hold_settings *settings = hold_settings();

	if (!settings || !(settings->scope & HOLD_HOST))
		return PASS;
	if (connect->protocol != IPPROTO_TCP && connect->protocol != IPPROTO_MPTCP)
		return PASS;
	if (!hold_is_steered(settings, bpf_ntohs(connect->user_port)) ||
	    bpf_get_netns_cookie(connect) != settings->netns_cookie || hold_is_own(words))
		return PASS;
	return refuse();
}

SEC("cgroup/connect4")
int postern_connect4(struct bpf_sock_addr *connect)
{
	const __u32 words[4] = {0, 0, bpf_htonl(0xffff), connect->user_ip4};

	return on_connect(connect, words);
}

/* Mapped IPv4 addresses too: the kernel does not call connect4 for an IPv6 socket. */
SEC("cgroup/connect6")
int postern_connect6(struct bpf_sock_addr *connect)
{
	const __u32 words[4] = {connect->user_ip6[0], connect->user_ip6[1], connect->user_ip6[2],
				connect->user_ip6[3]};

	return on_connect(connect, words);
}

/* While the host holds, connections that exist go on. */
static __always_inline bool is_held(const struct hold_settings *settings, struct bpf_sock *sk,
				    __u32 index)
{
	return (settings->scope & HOLD_HOST && sk->state == BPF_TCP_SYN_SENT) ||
	       hold_holds_interface(settings, index);
}

/* Nearly all packets leave by one of the first two returns. */
SEC("cgroup_skb/egress")
int postern_held_out(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	const struct hold_settings *settings;
	struct held *held;

	if (!sk || !sk->dst_port)
		return PASS;
	settings = hold_settings();
	if (!settings || !hold_is_steered(settings, bpf_ntohs(sk->dst_port)))
		return PASS;
	if (skb->ifindex == HOLD_LOOPBACK || !is_held(settings, sk, skb->ifindex) ||
	    hold_socket_netns(sk) != settings->netns_cookie)
		return PASS;
	held = hold_count(skb->ifindex);
	if (held)
		__sync_fetch_and_add(&held->packets, 1);
	return DROP_FAST;
}

/* On an interface that must not carry forwarded mail. */
SEC("tc")
int postern_held_on(struct __sk_buff *skb)
{
	const struct hold_settings *settings = hold_settings();
	__u16 port = hold_syn_port(skb);
	struct held *held;

	if (!settings || !port || !hold_is_steered(settings, port))
		return TC_ACT_UNSPEC;
	held = hold_count(skb->ifindex);
	if (held)
		__sync_fetch_and_add(&held->forwarded, 1);
	return TC_ACT_SHOT;
}
