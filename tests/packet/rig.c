/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads the programs, fills their maps and sends packets through them. rig_found.c reads the
 * results.
 */
#include "packet/rig.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/address.h"
#include "datapath/netns.h"
#include "packet/shared.h"
#include "postern.skel.h"

#define NS_PER_SECOND 1000000000ULL

static struct postern_bpf *skeleton;
static const char *variant; /* of shared.h; NULL: the test has programs of its own */
static bool l3, xdp, idle, foreign;
static uint32_t ingress_ifindex;

#define MAP(name) bpf_map__fd(skeleton->maps.postern_##name)

static void put(int map, const void *key, const void *value)
{
	cr_assert_eq(bpf_map_update_elem(map, key, value, BPF_ANY), 0, "cannot write a map: %s",
		     strerror(errno));
}

static void set_address(uint8_t to[16], const char *text)
{
	struct address address;

	cr_assert_eq(address_parse(text, &address), 0, "'%s' is no address", text);
	memcpy(to, address.bytes, sizeof(address.bytes));
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level, (void)format, (void)arguments;
	return 0;
}

static void configure_programs(uint32_t flows_max, uint32_t returns_max)
{
	uint64_t netns;

	skeleton->rodata->steered_ports[0] = 25;
	skeleton->rodata->steered_ports[1] = 2525;
	cr_assert_eq(netns_cookie(&netns), 0);
	skeleton->rodata->own_netns = foreign ? ~netns : netns;
	skeleton->rodata->handles = (struct handle_filter){.ipv4_mask = htonl(0xffff0000),
							   .ipv4 = htonl(0x647f0000),
							   .ipv6_mask = {~0U},
							   .ipv6 = {htonl(0xfd706f73)}};
	bpf_map__set_max_entries(skeleton->maps.postern_flows, flows_max);
	bpf_map__set_max_entries(skeleton->maps.postern_returns, returns_max);
	bpf_map__set_max_entries(skeleton->maps.postern_expiry, 2 * flows_max + 64);
	skeleton->rodata->expiry_max = EXPIRY_MAX(2 * flows_max + 64);
	/* The verifier is slow, and no test needs all programs. */
	bpf_program__set_autoload(skeleton->progs.postern_egress, !l3);
	bpf_program__set_autoload(skeleton->progs.postern_ingress, !l3 && !xdp);
	bpf_program__set_autoload(skeleton->progs.postern_egress_l3, l3);
	bpf_program__set_autoload(skeleton->progs.postern_ingress_l3, l3);
	bpf_program__set_autoload(skeleton->progs.postern_xdp, xdp);
	bpf_program__set_autoload(skeleton->progs.postern_handles, !l3 && !xdp);
	bpf_program__set_autoload(skeleton->progs.postern_handles_l3, false);
	bpf_program__set_autoload(skeleton->progs.postern_handles_any, false);
	bpf_program__set_autoload(skeleton->progs.postern_adopt, false);
}

static void load(uint32_t flows_max, uint32_t returns_max)
{
	bool found = false;
	int error;

	/* The initialisation of a test follows that of its suite. */
	postern_bpf__destroy(skeleton);
	skeleton = postern_bpf__open();
	cr_assert(skeleton, "cannot open the skeleton: %s", strerror(errno));
	configure_programs(flows_max, returns_max);
	if (variant)
		found = shared_find(variant, skeleton->obj);
	libbpf_set_print(quiet);
	error = postern_bpf__load(skeleton);
	cr_assert_eq(error, 0, "cannot load the programs (%s)%s", strerror(-error),
		     geteuid() ? ": the packet tests need root" : "");
	if (variant && !found)
		shared_keep(variant, skeleton->obj);
}

/* Of this test, or of the run. */
static int fd_of(const struct bpf_program *program)
{
	int fd = bpf_program__fd(program);

	return fd >= 0 ? fd : shared_program(variant, program);
}

/* Repeats, as `up` does: inside its allocator, Linux 6.18 has no memory for a timer. */
static void start_timer(void)
{
	char frame[ETH_ZLEN] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame));
	int renew = fd_of(skeleton->progs.postern_renew);
	uint64_t end = rig_now_ns() + RIG_WAIT_NS;

	while (!bpf_prog_test_run_opts(renew, &options) && options.retval == ENOMEM &&
	       rig_now_ns() < end)
		usleep(1000);
	cr_assert_eq(options.retval, 0, "no timer: %s", strerror((int)options.retval));
}

static void add_address(uint32_t id, const char *text, uint32_t pool, enum slot_family family)
{
	struct address_entry entry = {.pool = pool, .weight = 1, .state = ADDRESS_ACTIVE};
	struct address_usage usage = {0};

	snprintf(entry.text, sizeof(entry.text), "%s", text);
	set_address(entry.address, text);
	put(MAP(addrs), &id, &entry);
	put(MAP(addruse), &id, &usage);
	rig_fill_slots(pool, family, id);
}

static void init(uint32_t flows_max, uint32_t returns_max)
{
	struct control control = {
		.layout = POSTERN_LAYOUT,
		.selector_kinds = ~0U,
		.established_ns = 7440 * NS_PER_SECOND,
		.transitory_ns = 240 * NS_PER_SECOND,
		.first_up_ns = rig_now_ns(),
	};

	load(flows_max, returns_max);
	if (!idle)
		start_timer();
	rig_set_control(&control);
	add_address(NORMAL4_ID, NORMAL4, POOL_NORMAL, SLOT_IPV4);
	add_address(NORMAL6_ID, NORMAL6, POOL_NORMAL, SLOT_IPV6);
	add_address(RISK4_ID, RISK4, POOL_HIGH_RISK, SLOT_IPV4);
	add_address(RISK6_ID, RISK6, POOL_HIGH_RISK, SLOT_IPV6);
	rig_add_sender(SENDER_UNKNOWN);
	rig_add_sender(TENANT);
	rig_select_net(TENANT4, 96 + 24, TENANT);
	rig_select_net(TENANT6, 64, TENANT);
}

void rig_init_sized(uint32_t flows_max, uint32_t returns_max)
{
	variant = NULL;
	init(flows_max, returns_max);
}

void rig_init(void)
{
	variant = l3 ? "l3" : xdp ? "xdp" : foreign ? "foreign" : "usual";
	init(RIG_FLOWS_MAX, RIG_FLOWS_MAX);
}

void rig_init_idle(void)
{
	idle = true;
	rig_init();
}

void rig_init_child(void)
{
	foreign = true;
	rig_init();
}

void rig_init_foreign(void)
{
	if (!ingress_ifindex)
		ingress_ifindex = 1; /* lo */
	rig_init_child();
}

void rig_init_forwarded(void)
{
	cr_assert_eq(unshare(CLONE_NEWNET), 0, "unshare: %s", strerror(errno));
	cr_assert_eq(system("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 && "
			    "ip link set lo up && ip address add " OWN4 "/32 dev lo && "
			    "ip address add " OWN6 "/128 dev lo && "
			    "ip link add wan type veth peer name far && ip link set wan up && "
			    "ip route add default dev wan && ip -6 route add default dev wan"),
		     0);
	ingress_ifindex = if_nametoindex("wan");
	rig_init_foreign();
}

void rig_init_l3(void)
{
	l3 = true;
	rig_init();
}

bool rig_is_l3(void)
{
	return l3;
}

void rig_init_xdp(void)
{
	xdp = true;
	rig_init();
}

void rig_done(void)
{
	postern_bpf__destroy(skeleton);
	skeleton = NULL;
}

struct postern_bpf *rig_maps(void)
{
	return skeleton;
}

void rig_add_sender(uint32_t sender)
{
	struct usage usage = {0};

	rig_set_verdict(sender, VERDICT_STEER, POOL_NORMAL);
	put(MAP(usage), &sender, &usage);
}

void rig_put_verdict(uint32_t sender, const struct verdict *verdict)
{
	put(MAP(verdict), &sender, verdict);
}

void rig_set_verdict(uint32_t sender, enum verdict_action action, uint32_t pool)
{
	rig_put_verdict(sender, &(struct verdict){.action = action, .pool = pool});
}

void rig_select_number(enum selector_kind kind, uint64_t number, uint32_t sender)
{
	struct selector selector = {.kind = kind, .number = number};

	put(MAP(senders), &selector, &(struct sender_ref){.sender = sender});
}

static void select_address(const char *address, const struct sender_ref *ref)
{
	struct selector selector = {.kind = SELECTOR_ADDRESS};

	set_address(selector.address, address);
	put(MAP(senders), &selector, ref);
}

void rig_select_address(const char *address, uint32_t sender)
{
	select_address(address, &(struct sender_ref){.sender = sender});
}

void rig_select_handle(const char *address, uint32_t sender)
{
	select_address(address, &(struct sender_ref){.sender = sender, .is_handle = 1});
}

void rig_select_net(const char *address, unsigned length, uint32_t sender)
{
	struct net net = {.prefix_length = length};

	set_address(net.address, address);
	put(MAP(nets), &net, &(struct sender_ref){.sender = sender});
}

void rig_put_slot(uint32_t pool, enum slot_family family, uint32_t slot, uint32_t address_id)
{
	uint32_t index = (pool * POSTERN_FAMILIES + family) * POSTERN_SLOTS + slot;

	cr_assert_lt(index, RIG_SLOTS);
	put(MAP(slots), &index, &(struct slot){.address = address_id});
}

void rig_fill_slots(uint32_t pool, enum slot_family family, uint32_t address_id)
{
	uint32_t first = (pool * POSTERN_FAMILIES + family) * POSTERN_SLOTS;
	uint32_t keys[POSTERN_SLOTS];
	struct slot slots[POSTERN_SLOTS];
	uint32_t count = POSTERN_SLOTS;

	cr_assert_lt(first, RIG_SLOTS);
	for (uint32_t i = 0; i < POSTERN_SLOTS; i++) {
		keys[i] = first + i;
		slots[i].address = address_id;
	}
	cr_assert_eq(bpf_map_update_batch(MAP(slots), keys, slots, &count, NULL), 0);
}

void rig_set_address_state(uint32_t address_id, enum address_state state)
{
	struct address_entry entry;

	cr_assert_eq(bpf_map_lookup_elem(MAP(addrs), &address_id, &entry), 0);
	entry.state = state;
	put(MAP(addrs), &address_id, &entry);
}

struct control rig_control(void)
{
	struct control control;

	cr_assert_eq(bpf_map_lookup_elem(MAP(control), &(uint32_t){0}, &control), 0);
	return control;
}

void rig_set_control(const struct control *control)
{
	put(MAP(control), &(uint32_t){0}, control);
}

void rig_set_timeouts(uint64_t established_ns, uint64_t transitory_ns)
{
	struct control control = rig_control();

	control.established_ns = established_ns;
	control.transitory_ns = transitory_ns;
	rig_set_control(&control);
}

void rig_set_transitory(uint64_t ns)
{
	rig_set_timeouts(rig_control().established_ns, ns);
}

void rig_cut(uint32_t sender)
{
	struct control control = rig_control();

	rig_put_verdict(sender, &(struct verdict){.action = VERDICT_STEER,
						  .pool = POOL_HIGH_RISK,
						  .cut_ns = rig_now_ns()});
	control.cuts++;
	rig_set_control(&control);
}

/* Keys of both maps have the same size. */
static void clear(int map)
{
	struct flow_key key;

	while (!bpf_map_get_next_key(map, NULL, &key))
		bpf_map_delete_elem(map, &key);
}

void rig_forget_flows(void)
{
	clear(MAP(returns));
	clear(MAP(flows));
}

int rig_program_fd(enum rig_program program)
{
	static int fds[] = {-1, -1, -1};
	const struct bpf_program *egress = skeleton->progs.postern_egress;
	const struct bpf_program *ingress = skeleton->progs.postern_ingress;

	if (xdp)
		ingress = skeleton->progs.postern_xdp;
	if (l3) {
		egress = skeleton->progs.postern_egress_l3;
		ingress = skeleton->progs.postern_ingress_l3;
	}
	if (fds[program] < 0)
		fds[program] = fd_of(program == HANDLES	 ? skeleton->progs.postern_handles
				     : program == EGRESS ? egress
							 : ingress);
	return fds[program];
}

int rig_run(enum rig_program program, const struct packet_spec *spec, uint32_t mark,
	    struct packet_bytes *ret_packet)
{
	struct __sk_buff context = {.mark = mark, .ingress_ifindex = ingress_ifindex};
	struct packet_bytes in, out = {.size = 0};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = in.bytes, .data_out = out.bytes,
		    .data_size_out = sizeof(out.bytes));

	if (!xdp || program == EGRESS) {
		options.ctx_in = &context;
		options.ctx_size_in = sizeof(context);
	}
	packet_build(spec, &in);
	options.data_size_in = in.size;
	cr_assert_eq(bpf_prog_test_run_opts(rig_program_fd(program), &options), 0,
		     "cannot run the program: %s", strerror(errno));
	if (ret_packet) {
		*ret_packet = out;
		ret_packet->size = options.data_size_out;
	}
	return (int)options.retval;
}

void rig_expect_through(enum rig_program program, const struct packet_spec *spec,
			const struct packet_spec *expected)
{
	int through = xdp && program == INGRESS ? XDP_PASS : TC_ACT_UNSPEC;
	struct packet_bytes packet;

	cr_assert_eq(rig_run(program, spec, 0, &packet), through, "it was not let through");
	packet_expect(&packet, expected);
}
