/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Times egress alone for a SYN that opens a flow, with the options of Linux's SYNs, and for data of
 * a known flow: IPv4 and IPv6, with one kind of selectors configured and with all. The flows of a
 * shot end before the next one. Prints "FIGURE ARM NS", the first quartile of the shots of
 * a round: other work on the machine spoils the caches for some shots, not for all.
 *
 *   syn CPU ROUNDS SHOTS
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <netinet/ip6.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/programs.h"
#include "bench-programs.skel.h"
#include "bench/wire.h"
#include "postern/abi.h"
#include "postern/expiry.h"
#include "postern/handles.h"
#include "postern.skel.h"

#define FLOWS_MAX     (1 << 18) /* the default */
#define QUEUE_MAX     (FLOWS_MAX * 3 / 2)
#define SHOT	      256  /* flows */
#define DATA_SHOT     4096 /* packets */
#define NS_PER_SECOND 1000000000ULL
#define SHOTS_MAX     1024
#define FIRST_REMOTE  0xcb007119 /* 203.0.113.25 */

enum { UNKNOWN = SENDER_UNKNOWN, TENANT, HANDLE, STRANGER, SENDERS };

static const char *const sources[] = {"10.1.7.5", "fd00:1:7::5"};
static const char *const remotes[] = {"203.0.113.25", "2001:db8:25::25"};
static const char *const pools[] = {"192.0.2.10", "2001:db8:10::10"};

static struct postern_bpf *postern;
static struct programs_bpf *bench;

struct work {
	const char *name;
	bool is_ipv6;
	bool is_known; /* by a prefix, and by its address where all kinds are configured */
	bool has_all;  /* kinds of selectors */
	bool is_data;
};

static void put(struct bpf_map *map, const void *key, const void *value)
{
	if (bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY))
		die("%s", bpf_map__name(map));
}

static void map_address(const char *text, __u8 ret[16])
{
	memset(ret, 0, 10);
	memset(ret + 10, 0xff, 2);
	if (inet_pton(AF_INET, text, ret + 12) != 1 && inet_pton(AF_INET6, text, ret) != 1)
		die("'%s' is no address", text);
}

/* ---- maps */

static void put_pool(void)
{
	struct address_entry entry = {.pool = POOL_NORMAL, .state = ADDRESS_ACTIVE};

	for (__u32 family = 0; family < POSTERN_FAMILIES; family++) {
		__u32 id = family + 1;
		__u32 first = (POOL_NORMAL * POSTERN_FAMILIES + family) * POSTERN_SLOTS;

		map_address(pools[family], entry.address);
		put(postern->maps.postern_addrs, &id, &entry);
		put(postern->maps.postern_addruse, &id, &(struct address_usage){0});
		for (__u32 slot = first; slot < first + POSTERN_SLOTS; slot++)
			put(postern->maps.postern_slots, &slot, &(struct slot){.address = id});
	}
}

static void put_senders(void)
{
	struct verdict verdict = {.action = VERDICT_STEER, .pool = POOL_NORMAL};

	for (__u32 sender = 0; sender < SENDERS; sender++) {
		put(postern->maps.postern_verdict, &sender, &verdict);
		put(postern->maps.postern_usage, &sender, &(struct usage){0});
	}
}

static void put_selector(enum selector_kind kind, __u64 number, const char *address, __u32 sender)
{
	struct selector selector = {.kind = kind, .number = number};

	if (address)
		map_address(address, selector.address);
	put(postern->maps.postern_senders, &selector, &(struct sender_ref){.sender = sender});
}

static void put_net(const char *address, __u32 sender)
{
	struct net net = {.prefix_length = 120};

	map_address(address, net.address);
	put(postern->maps.postern_nets, &net, &(struct sender_ref){.sender = sender});
}

static void forget_selectors(void)
{
	struct selector selector;
	struct net net;

	while (!bpf_map_get_next_key(bpf_map__fd(postern->maps.postern_senders), NULL, &selector))
		bpf_map_delete_elem(bpf_map__fd(postern->maps.postern_senders), &selector);
	while (!bpf_map_get_next_key(bpf_map__fd(postern->maps.postern_nets), NULL, &net))
		bpf_map_delete_elem(bpf_map__fd(postern->maps.postern_nets), &net);
}

static void put_selectors(const struct work *work)
{
	struct control control = {.layout = POSTERN_LAYOUT,
				  .selector_kinds = work->has_all ? ~0U : 1 << SELECTOR_NET,
				  .established_ns = 7440 * NS_PER_SECOND,
				  .transitory_ns = 240 * NS_PER_SECOND};
	__u32 zero = 0;

	forget_selectors();
	put_net(work->is_known ? sources[work->is_ipv6] : "198.51.100.0", TENANT);
	if (work->has_all) {
		put_selector(SELECTOR_ADDRESS, 0,
			     work->is_known ? sources[work->is_ipv6] : "100.127.0.2", HANDLE);
		put_selector(SELECTOR_MARK, 1, NULL, STRANGER);
		put_selector(SELECTOR_UID, 65533, NULL, STRANGER);
		put_selector(SELECTOR_CGROUP, 1ULL << 40, NULL, STRANGER);
	}
	put(postern->maps.postern_control, &zero, &control);
}

/* The packets of a test run have a socket of this namespace. */
static __u64 netns_cookie(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t size = sizeof(__u64);
	__u64 cookie;

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size))
		die("SO_NETNS_COOKIE");
	close(fd);
	return cookie;
}

static void load(void)
{
	postern = postern_bpf__open();
	bench = programs_bpf__open_and_load();
	if (!postern || !bench)
		die("cannot load the bench's own programs");
	postern->rodata->expiry_max = EXPIRY_MAX(QUEUE_MAX);
	postern->rodata->own_netns = netns_cookie();
	bpf_map__set_max_entries(postern->maps.postern_flows, FLOWS_MAX);
	bpf_map__set_max_entries(postern->maps.postern_returns, FLOWS_MAX);
	bpf_map__set_max_entries(postern->maps.postern_expiry, QUEUE_MAX);
	if (postern_bpf__load(postern))
		die("cannot load Postern's programs");
	put_pool();
	put_senders();
}

/* ---- the packet */

/* MSS, SACK permitted, timestamp, window scale. */
static const __u8 options[] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 1, 2, 3, 0, 0, 0, 0, 1, 3, 3, 7};

static size_t write_tcp(struct tcphdr *tcp, uint8_t flags)
{
	*tcp = (struct tcphdr){.source = htons(40000),
			       .dest = htons(25),
			       .seq = htonl(1000),
			       .doff = 10,
			       .syn = flags == TH_SYN,
			       .ack = flags == TH_ACK};
	memcpy(tcp + 1, options, sizeof(options));
	return sizeof(*tcp) + sizeof(options);
}

static void write_packet(const struct work *work, uint8_t flags, __u8 *bytes)
{
	struct ip6_hdr *ipv6 = (struct ip6_hdr *)bytes;
	struct iphdr *ipv4 = (struct iphdr *)bytes;

	memset(bytes, 0, PLAN_HEADER_BYTES);
	if (work->is_ipv6) {
		ipv6->ip6_vfc = 6 << 4;
		ipv6->ip6_hops = 64;
		ipv6->ip6_nxt = IPPROTO_TCP;
		inet_pton(AF_INET6, sources[1], &ipv6->ip6_src);
		inet_pton(AF_INET6, remotes[1], &ipv6->ip6_dst);
		ipv6->ip6_plen = htons((uint16_t)write_tcp((struct tcphdr *)(ipv6 + 1), flags));
		return;
	}
	ipv4->version = 4;
	ipv4->ihl = 5;
	ipv4->ttl = 64;
	ipv4->protocol = IPPROTO_TCP;
	inet_pton(AF_INET, sources[0], &ipv4->saddr);
	inet_pton(AF_INET, remotes[0], &ipv4->daddr);
	ipv4->tot_len =
		htons((uint16_t)(sizeof(*ipv4) + write_tcp((struct tcphdr *)(ipv4 + 1), flags)));
}

/* ---- runs */

static double run(const struct work *work, struct bpf_program *program, uint8_t flags, int repeat)
{
	int target = bpf_map__fd(bench->maps.tc_target), program_fd = bpf_program__fd(program);
	__u8 frame[ETH_HLEN + PLAN_HEADER_BYTES] = {2, [6] = 2};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = repeat);

	*(__be16 *)(frame + 12) = htons(work->is_ipv6 ? ETH_P_IPV6 : ETH_P_IP);
	write_packet(work, flags, frame + ETH_HLEN);
	memcpy(bench->bss->plan.headers, frame + ETH_HLEN, PLAN_HEADER_BYTES);
	bench->bss->plan.is_ipv6 = work->is_ipv6;
	bench->bss->plan.is_new_each_time = !work->is_data;
	bench->bss->plan.first_destination = FIRST_REMOTE;
	if (bpf_map_update_elem(target, &(__u32){0}, &program_fd, BPF_ANY) ||
	    bpf_prog_test_run_opts(bpf_program__fd(bench->progs.tc_run), &run))
		die("%s", work->name);
	if ((int)run.retval != TC_ACT_UNSPEC)
		die("%s: it returned %d", work->name, (int)run.retval);
	return run.duration;
}

/* The key of a flow numbered by make_new() of programs.bpf.c. */
static struct flow_key key_of(const struct work *work, __u32 number)
{
	struct flow_key key = {.source_port = 40000, .destination_port = 25};
	__be32 remote = htonl(FIRST_REMOTE + number / PLAN_PORTS);

	map_address(sources[work->is_ipv6], key.source);
	map_address(remotes[work->is_ipv6], key.destination);
	if (!work->is_data) {
		key.source_port = (__u16)(PLAN_PORT_FIRST + number % PLAN_PORTS);
		memcpy(key.destination + 12, &remote, sizeof(remote));
	}
	return key;
}

/* Each of `count` flows from number `first` on has both entries, one in the queue, and its port. */
static void end_flows(const struct work *work, __u32 first, __u32 count)
{
	int timer = bpf_map__fd(postern->maps.postern_timer);
	struct expiry_timer state;
	struct expiry_entry entry;
	__u32 zero = 0;

	for (__u32 i = first; i < first + count; i++) {
		struct flow_key key = key_of(work, i);

		if (bpf_map_delete_elem(bpf_map__fd(postern->maps.postern_flows), &key) ||
		    bpf_map_lookup_and_delete_elem(bpf_map__fd(postern->maps.postern_expiry), NULL,
						   &entry))
			die("%s: no flow", work->name);
		map_address(pools[work->is_ipv6], key.source);
		if (bpf_map_delete_elem(bpf_map__fd(postern->maps.postern_returns), &key))
			die("%s: no return", work->name);
	}
	if (bpf_map_lookup_elem(timer, &zero, &state))
		die("the timer");
	state.queued = 0;
	put(postern->maps.postern_timer, &zero, &state);
}

static int compare(const void *a, const void *b)
{
	double first = *(const double *)a, second = *(const double *)b;

	return (first > second) - (first < second);
}

static double first_quartile(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), compare);
	return values[count / 4];
}

static void time_work(const struct work *work, int shots)
{
	double with[SHOTS_MAX], without[SHOTS_MAX];

	put_selectors(work);
	if (work->is_data)
		run(work, postern->progs.postern_egress, TH_SYN, 1);
	for (int i = 0; i < shots; i++) {
		__u32 first = bench->bss->plan.next;

		with[i] = work->is_data
				  ? run(work, postern->progs.postern_egress, TH_ACK, DATA_SHOT)
				  : run(work, postern->progs.postern_egress, TH_SYN, SHOT);
		if (!work->is_data)
			end_flows(work, first, SHOT);
		without[i] = run(work, bench->progs.tc_empty, TH_SYN, SHOT);
		bench->bss->plan.next = first + SHOT;
	}
	if (work->is_data)
		end_flows(work, 0, 1);
	printf("program-%s empty %.0f\n", work->name, first_quartile(without, shots));
	printf("program-%s postern %.0f\n", work->name, first_quartile(with, shots));
}

int main(int argc, char **argv)
{
	const struct work works[] = {
		{"4-data", false, false, false, true},
		{"6-data", true, false, false, true},
		{"4-unknown", false, false, false, false},
		{"4-known", false, true, false, false},
		{"4-unknown-all", false, false, true, false},
		{"4-known-all", false, true, true, false},
		{"6-unknown", true, false, false, false},
		{"6-known", true, true, false, false},
		{"6-unknown-all", true, false, true, false},
		{"6-known-all", true, true, true, false},
	};
	int rounds, shots;

	if (argc != 4 || (shots = atoi(argv[3])) > SHOTS_MAX) {
		fprintf(stderr, "syn: wrong usage, see the head of its source\n");
		return 2;
	}
	pin_to_cpu((unsigned)atoi(argv[1]));
	rounds = atoi(argv[2]);
	load();
	for (int round = 0; round < rounds; round++)
		for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++)
			time_work(&works[i], shots);
	programs_bpf__destroy(bench);
	postern_bpf__destroy(postern);
	return 0;
}
