/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The network namespace of a TCP socket, by the kernel's own types: before Linux 6.15 no helper
 * tells it to a program of type cgroup_skb. Reading them needs CAP_PERFMON and the kernel's BTF.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define KERNEL_TYPE __attribute__((preserve_access_index))

struct net___kernel {
	__u64 net_cookie;
} KERNEL_TYPE;

struct possible_net___kernel {
	struct net___kernel *net;
} KERNEL_TYPE;

struct sock_common___kernel {
	struct possible_net___kernel skc_net;
} KERNEL_TYPE;

struct sock___kernel {
	struct sock_common___kernel __sk_common;
} KERNEL_TYPE;

/* 0: not a TCP socket. A subflow of MPTCP is one. */
static __always_inline __u64 hold_socket_netns(struct bpf_sock *sk)
{
	const struct sock___kernel *tcp = (const void *)bpf_skc_to_tcp_sock(sk);

	return tcp ? tcp->__sk_common.skc_net.net->net_cookie : 0;
}
