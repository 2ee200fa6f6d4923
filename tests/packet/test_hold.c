/* SPDX-License-Identifier: BSD-2-Clause */
/* The program of the hold that drops forwarded SYNs. The others need sockets: netns_hold. */
#include <criterion/criterion.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>
#include <netinet/in.h>

#include "hold.skel.h"
#include "packet/packet.h"
#include "postern/hold.h"

static struct hold_bpf *skeleton;

static void hold_init(void)
{
	struct hold_settings settings = {.ports = {25, 587}};
	__u32 zero = 0;

	skeleton = hold_bpf__open_and_load();
	cr_assert_not_null(skeleton);
	cr_assert_eq(bpf_map_update_elem(bpf_map__fd(skeleton->maps.postern_hold), &zero, &settings,
					 BPF_ANY),
		     0);
}

static void hold_done(void)
{
	hold_bpf__destroy(skeleton);
}

TestSuite(packet_hold, .init = hold_init, .fini = hold_done);

/* The sum over all interfaces: BPF_PROG_TEST_RUN chooses one. */
static uint64_t counted(void)
{
	int fd = bpf_map__fd(skeleton->maps.postern_held);
	uint64_t sum = 0;
	struct held held;
	__u32 index;

	for (int r = bpf_map_get_next_key(fd, NULL, &index); !r;
	     r = bpf_map_get_next_key(fd, &index, &index)) {
		cr_assert_eq(bpf_map_lookup_elem(fd, &index, &held), 0);
		cr_assert_gt(held.last_ns, 0);
		cr_assert_eq(held.packets + held.connections, 0);
		sum += held.forwarded;
	}
	return sum;
}

static uint32_t run(const struct packet_spec *spec)
{
	struct packet_bytes in;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = in.bytes, .repeat = 1);

	packet_build(spec, &in);
	options.data_size_in = in.size;
	cr_assert_eq(
		bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.postern_held_on), &options),
		0);
	return options.retval;
}

struct hold_case {
	const char *name;
	struct packet_spec spec;
	bool is_dropped;
};

#define V4 .source = "10.1.7.2", .destination = "198.51.100.25", .source_port = 4000
#define V6 .source = "fd00:7::2", .destination = "2001:db8:2::25", .source_port = 4000
#define EXTENSIONS(...)                                                                            \
	.extensions = {__VA_ARGS__}, .n_extensions = sizeof((uint8_t[]){__VA_ARGS__})

static struct hold_case cases[] = {
	{"a SYN", {V4, .destination_port = 25, .flags = SYN}, true},
	{"a SYN over IPv6", {V6, .destination_port = 25, .flags = SYN}, true},
	{"another steered port", {V4, .destination_port = 587, .flags = SYN}, true},
	{"fast open", {V4, .destination_port = 25, .flags = SYN, .payload_bytes = 9}, true},
	{"ECN or PSH beside SYN", {V4, .destination_port = 25, .flags = SYN | PSH}, true},
	{"IPv4 options", {V4, .destination_port = 25, .flags = SYN, .ip_option_bytes = 8}, true},
	{"IPv6 headers",
	 {V6, .destination_port = 25, .flags = SYN,
	  EXTENSIONS(IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING)},
	 true},
	{"IPv6 first fragment",
	 {V6, .destination_port = 25, .flags = SYN, .fragment = FIRST_FRAGMENT},
	 true},
	{"IPv4 first fragment",
	 {V4, .destination_port = 25, .flags = SYN, .fragment = FIRST_FRAGMENT},
	 true},
	{"the flags are cut off", {V4, .destination_port = 25, .missing_bytes = 12}, true},
	{"port 0", {V4, .destination_port = 0, .flags = SYN}, false},
	{"another port", {V4, .destination_port = 80, .flags = SYN}, false},
	{"another port over IPv6", {V6, .destination_port = 80, .flags = SYN}, false},
	{"data", {V4, .destination_port = 25, .flags = ACK | PSH, .payload_bytes = 9}, false},
	{"SYN ACK", {V4, .destination_port = 25, .flags = SYN | ACK}, false},
	{"UDP", {V4, .destination_port = 25, .protocol = IPPROTO_UDP}, false},
	{"UDP over IPv6", {V6, .destination_port = 25, .protocol = IPPROTO_UDP}, false},
	{"later fragment",
	 {V4, .destination_port = 25, .flags = SYN, .fragment = LATER_FRAGMENT},
	 false},
	{"later fragment over IPv6",
	 {V6, .destination_port = 25, .flags = SYN, .fragment = LATER_FRAGMENT},
	 false},
	{"the ports are cut off", {V4, .destination_port = 25, .missing_bytes = 18}, false},
};

Test(packet_hold, drops_forwarded_syns_to_steered_ports_and_nothing_else)
{
	uint64_t dropped = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint32_t expected = cases[i].is_dropped ? TC_ACT_SHOT : (uint32_t)TC_ACT_UNSPEC;

		cr_expect_eq(run(&cases[i].spec), expected, "%s", cases[i].name);
		dropped += cases[i].is_dropped;
		cr_expect_eq(counted(), dropped, "%s", cases[i].name);
	}
}
