/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Runs before a program that is measured by BPF_PROG_TEST_RUN with repetition: the kernel starts
 * each run with the packet of the last, so this restores the frame, then calls the program by a
 * tail call. The empty program shows the time of this alone.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bench/programs.h"

char _license[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} tc_target SEC(".maps"), xdp_target SEC(".maps");

struct plan plan;

struct ipv4_headers {
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

struct ipv6_headers {
	struct ipv6hdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

/* The next port, then the next destination: a program that fills a table counts flows up. */
static __always_inline void make_new(void *ip)
{
	__be16 port = bpf_htons(PLAN_PORT_FIRST + plan.next % PLAN_PORTS);
	__be32 address = bpf_htonl(plan.first_destination + plan.next / PLAN_PORTS);

	if (plan.is_ipv6) {
		((struct ipv6_headers *)ip)->tcp.source = port;
		((struct ipv6_headers *)ip)->ip.daddr.in6_u.u6_addr32[3] = address;
	} else {
		((struct ipv4_headers *)ip)->tcp.source = port;
		((struct ipv4_headers *)ip)->ip.daddr = address;
	}
	plan.next++;
}

static __always_inline bool renew(void *data, void *end)
{
	void *ip = data + ETH_HLEN;

	if (ip + PLAN_HEADER_BYTES > end)
		return false;
	__builtin_memcpy(ip, plan.headers, PLAN_HEADER_BYTES);
	if (plan.is_new_each_time)
		make_new(ip);
	return true;
}

SEC("tc")
int tc_run(struct __sk_buff *skb)
{
	if (!renew((void *)(long)skb->data, (void *)(long)skb->data_end))
		return TC_ACT_SHOT;
	skb->tc_index = 0;
	bpf_tail_call(skb, &tc_target, 0);
	return TC_ACT_SHOT;
}

SEC("tc")
int tc_empty(struct __sk_buff *skb __attribute__((unused)))
{
	return TC_ACT_UNSPEC;
}

SEC("xdp.frags")
int xdp_run(struct xdp_md *xdp)
{
	if (!renew((void *)(long)xdp->data, (void *)(long)xdp->data_end))
		return XDP_DROP;
	bpf_tail_call(xdp, &xdp_target, 0);
	return XDP_DROP;
}

SEC("xdp.frags")
int xdp_empty(struct xdp_md *xdp __attribute__((unused)))
{
	return XDP_PASS;
}
