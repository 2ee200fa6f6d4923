/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Times the programs alone, in turn with an empty program. Prints "FIGURE ARM NS", a line each.
 *
 *   programs CPU ROUNDS REPEAT
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/frame.h"
#include "bench/programs.h"
#include "bench-programs.skel.h"
#include "bench/wire.h"
#include "postern/abi.h"
#include "postern/expiry.h"
#include "postern/handles.h"
#include "postern.skel.h"

#define FLOWS_MAX     (1 << 20)
#define NS_PER_SECOND 1000000000ULL
#define SOURCE	      "10.1.7.5"
#define POOL	      "192.0.2.10"
#define REMOTE	      "203.0.113.25"
#define FIRST_NEW     "198.19.0.1"
#define ADDRESS_ID    1

static struct postern_bpf *postern;
static struct programs_bpf *bench;

static void put(struct bpf_map *map, const void *key, const void *value)
{
	if (bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY))
		die("%s", bpf_map__name(map));
}

static in_addr_t address(const char *text)
{
	return inet_addr(text);
}

static void map_address(const char *text, __u8 ret[16])
{
	in_addr_t ipv4 = address(text);

	memset(ret, 0, 10);
	memset(ret + 10, 0xff, 2);
	memcpy(ret + 12, &ipv4, sizeof(ipv4));
}

/* ---- one pool with one address for all senders */

static void fill_maps(void)
{
	struct control control = {.layout = POSTERN_LAYOUT,
				  .selector_kinds = 1 << SELECTOR_NET,
				  .established_ns = 7440 * NS_PER_SECOND,
				  .transitory_ns = 240 * NS_PER_SECOND};
	struct verdict verdict = {.action = VERDICT_STEER, .pool = POOL_NORMAL};
	struct address_entry entry = {.pool = POOL_NORMAL, .state = ADDRESS_ACTIVE};
	__u32 id = ADDRESS_ID, sender = SENDER_UNKNOWN, zero = 0;
	__u32 first = (POOL_NORMAL * POSTERN_FAMILIES + SLOT_IPV4) * POSTERN_SLOTS;

	map_address(POOL, entry.address);
	put(postern->maps.postern_control, &zero, &control);
	put(postern->maps.postern_verdict, &sender, &verdict);
	put(postern->maps.postern_usage, &sender, &(struct usage){0});
	put(postern->maps.postern_addrs, &id, &entry);
	put(postern->maps.postern_addruse, &id, &(struct address_usage){0});
	for (__u32 slot = first; slot < first + POSTERN_SLOTS; slot++)
		put(postern->maps.postern_slots, &slot, &(struct slot){.address = id});
}

static void load(void)
{
	postern = postern_bpf__open();
	bench = programs_bpf__open_and_load();
	if (!postern || !bench)
		die("cannot load the bench's own programs");
	postern->rodata->expiry_max = EXPIRY_MAX(FLOWS_MAX * 3 / 2);
	bpf_map__set_max_entries(postern->maps.postern_flows, FLOWS_MAX);
	bpf_map__set_max_entries(postern->maps.postern_returns, FLOWS_MAX);
	bpf_map__set_max_entries(postern->maps.postern_expiry, FLOWS_MAX * 3 / 2);
	if (postern_bpf__load(postern))
		die("cannot load Postern's programs");
	fill_maps();
}

/* ---- runs */

struct work {
	const char *name;
	struct bpf_program *program;
	bool is_xdp;
	int action; /* the expected result */
	struct frame_ends ends;
	uint8_t flags;
	bool is_new_each_time;
};

static void prepare(const struct work *work, struct frame *frame)
{
	static const uint8_t nobody[6] = {2};

	frame_init(frame, nobody, nobody);
	frame_fill(frame, &work->ends, work->flags, 1000, 2000);
	memcpy(bench->bss->plan.headers, &frame->ip, PLAN_HEADER_BYTES);
	bench->bss->plan.is_new_each_time = work->is_new_each_time;
	bench->bss->plan.first_destination = ntohl(address(FIRST_NEW));
}

static double run(const struct work *work, struct bpf_program *program, int action, int repeat)
{
	int target = bpf_map__fd(work->is_xdp ? bench->maps.xdp_target : bench->maps.tc_target);
	int fd = bpf_program__fd(work->is_xdp ? bench->progs.xdp_run : bench->progs.tc_run);
	int program_fd = bpf_program__fd(program);
	struct frame frame;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = (uint8_t *)&frame + FRAME_START,
		    .repeat = repeat);

	prepare(work, &frame);
	options.data_size_in = (__u32)frame_bytes(&frame);
	if (options.data_size_in < ETH_HLEN + PLAN_HEADER_BYTES)
		options.data_size_in = ETH_HLEN + PLAN_HEADER_BYTES;
	if (bpf_map_update_elem(target, &(__u32){0}, &program_fd, BPF_ANY) ||
	    bpf_prog_test_run_opts(fd, &options))
		die("%s", work->name);
	if ((int)options.retval != action)
		die("%s: it returned %d, not %d", work->name, (int)options.retval, action);
	return options.duration;
}

static void time_work(const struct work *work, int repeat)
{
	struct bpf_program *empty = work->is_xdp ? bench->progs.xdp_empty : bench->progs.tc_empty;

	printf("program-%s empty %.0f\n", work->name,
	       run(work, empty, work->is_xdp ? XDP_PASS : TC_ACT_UNSPEC, repeat));
	printf("program-%s postern %.0f\n", work->name,
	       run(work, work->program, work->action, repeat));
}

/* The flow of the known packet and of the replies. */
static void open_flow(struct work *syn)
{
	run(syn, syn->program, syn->action, 1);
	syn->flags = TH_SYN | TH_ACK;
}

int main(int argc, char **argv)
{
	const struct frame_ends out = {address(SOURCE), address(REMOTE), 40000, 25};
	const struct frame_ends back = {address(REMOTE), address(POOL), 25, 40000};
	const struct frame_ends other_out = {address(SOURCE), address(REMOTE), 40000, 443};
	const struct frame_ends other_back = {address(REMOTE), address(POOL), 443, 40000};
	uint8_t data = TH_PUSH | TH_ACK;
	int rounds, repeat;

	if (argc != 4) {
		fprintf(stderr, "programs: wrong usage, see the head of its source\n");
		return 2;
	}
	pin_to_cpu((unsigned)atoi(argv[1]));
	rounds = atoi(argv[2]);
	repeat = atoi(argv[3]);
	load();
	struct bpf_program *egress = postern->progs.postern_egress;
	struct bpf_program *ingress = postern->progs.postern_ingress;
	struct bpf_program *xdp = postern->progs.postern_xdp;
	struct work open = {"open", egress, false, TC_ACT_UNSPEC, out, TH_SYN, false};
	const struct work works[] = {
		{"hit", egress, false, TC_ACT_UNSPEC, out, data, false},
		{"reply-tc", ingress, false, TC_ACT_UNSPEC, back, data, false},
		{"reply-xdp", xdp, true, XDP_PASS, back, data, false},
		{"other-egress", egress, false, TC_ACT_UNSPEC, other_out, data, false},
		{"other-ingress", ingress, false, TC_ACT_UNSPEC, other_back, data, false},
		{"other-xdp", xdp, true, XDP_PASS, other_back, data, false},
	};
	struct work opening = {"open", egress, false, TC_ACT_UNSPEC, out, TH_SYN, true};

	open_flow(&open);
	for (int round = 0; round < rounds; round++) {
		for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++)
			time_work(&works[i], repeat);
		time_work(&opening, FLOWS_MAX / 2 / rounds);
	}
	programs_bpf__destroy(bench);
	postern_bpf__destroy(postern);
	return 0;
}
