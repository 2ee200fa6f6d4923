/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads the programs and fills their maps. */
#include "fuzz/packet_world.h"

#include <bpf/bpf.h>
#include <linux/if_ether.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/address.h"
#include "datapath/netns.h"
#include "postern/expiry.h"
#include "postern.skel.h"

#define CPUS_MAX 256
#define GSO_SIZE 512

/* Large, as many flows open and are deleted between two ticks of the timer. */
#define EXPIRY_ENTRIES (1 << 17)

static const struct {
	const char *text;
	uint32_t pool;
} addresses[PACKET_ADDRESSES] = {
	{PACKET_NORMAL4, POOL_NORMAL},	{PACKET_NORMAL4_SECOND, POOL_NORMAL},
	{PACKET_NORMAL6, POOL_NORMAL},	{PACKET_RISK4, POOL_HIGH_RISK},
	{PACKET_RISK6, POOL_HIGH_RISK},
};

/* Prefix lengths as the datapath counts them; 128 is an exact address. */
static const struct {
	const char *text;
	unsigned length;
	enum packet_sender sender;
} selectors[] = {
	{PACKET_HANDLE4, 128, PACKET_HANDLE},
	{PACKET_HANDLE6, 128, PACKET_HANDLE},
	{PACKET_RISK_HANDLE4, 128, PACKET_RISK_HANDLE},
	{PACKET_RISK_HANDLE6, 128, PACKET_RISK_HANDLE},
	{"10.1.7.0", 96 + 24, PACKET_TENANT},
	{"fd17::", 64, PACKET_TENANT},
};

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

static const uint32_t first_pools[PACKET_SENDERS] = {
	[PACKET_UNKNOWN] = POOL_NORMAL,	  [PACKET_TENANT] = POOL_NORMAL,
	[PACKET_HANDLE] = POOL_NORMAL,	  [PACKET_RISK_HANDLE] = POOL_HIGH_RISK,
	[PACKET_MARKED] = POOL_HIGH_RISK,
};

static struct postern_bpf *skeleton;
static struct bpf_program *programs[PROGRAMS];
static struct address_entry entries[PACKET_ADDRESSES];
static uint8_t prefixes[LENGTH(selectors)][16];
static struct verdict verdicts[PACKET_SENDERS];
static bool verdicts_changed[PACKET_SENDERS];
static uint64_t timeouts_ns;
static uint64_t cuts;

#define MAP(name) bpf_map__fd(skeleton->maps.postern_##name)

static void must(int error, const char *what)
{
	if (!error)
		return;
	fprintf(stderr, "packet world: cannot %s: %s\n", what, strerror(-error));
	abort();
}

static void put(int map, const void *key, const void *value)
{
	must(bpf_map_update_elem(map, key, value, BPF_ANY), "write a map");
}

static void set_address(uint8_t to[16], const char *text)
{
	struct address address;

	must(address_parse(text, &address), text);
	memcpy(to, address.bytes, sizeof(address.bytes));
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level, (void)format, (void)arguments;
	return 0;
}

static void load(void)
{
	uint64_t netns;

	libbpf_set_print(quiet);
	skeleton = postern_bpf__open();
	must(skeleton ? 0 : -errno, "open the skeleton");
	skeleton->rodata->steered_ports[0] = 25;
	skeleton->rodata->steered_ports[1] = 2525;
	bpf_map__set_max_entries(skeleton->maps.postern_flows, PACKET_FLOWS_MAX);
	bpf_map__set_max_entries(skeleton->maps.postern_returns, PACKET_RETURNS_MAX);
	bpf_map__set_max_entries(skeleton->maps.postern_expiry, EXPIRY_ENTRIES);
	must(netns_cookie(&netns), "know the network namespace");
	skeleton->rodata->own_netns = netns;
	skeleton->rodata->expiry_max = EXPIRY_MAX(EXPIRY_ENTRIES);
	must(postern_bpf__load(skeleton), "load the programs (are you root?)");
	programs[PROGRAM_EGRESS] = skeleton->progs.postern_egress;
	programs[PROGRAM_EGRESS_L3] = skeleton->progs.postern_egress_l3;
	programs[PROGRAM_INGRESS] = skeleton->progs.postern_ingress;
	programs[PROGRAM_INGRESS_L3] = skeleton->progs.postern_ingress_l3;
	programs[PROGRAM_XDP] = skeleton->progs.postern_xdp;
}

/* Alternates between the pool's addresses of one family. */
static void fill_slots(uint32_t pool, enum slot_family family, uint32_t first, uint32_t n)
{
	static uint32_t keys[POSTERN_SLOTS];
	static struct slot slots[POSTERN_SLOTS];
	uint32_t count = POSTERN_SLOTS;

	for (uint32_t i = 0; i < POSTERN_SLOTS; i++) {
		keys[i] = (pool * POSTERN_FAMILIES + family) * POSTERN_SLOTS + i;
		slots[i].address = first + i % n;
	}
	must(bpf_map_update_batch(MAP(slots), keys, slots, &count, NULL), "fill slots");
}

static void make_pools(void)
{
	for (uint32_t id = 1; id <= PACKET_ADDRESSES; id++) {
		struct address_entry *entry = &entries[id - 1];

		*entry = (struct address_entry){
			.pool = addresses[id - 1].pool, .weight = 1, .state = ADDRESS_ACTIVE};
		set_address(entry->address, addresses[id - 1].text);
		put(MAP(addrs), &id, entry);
	}
	fill_slots(POOL_NORMAL, SLOT_IPV4, 1, 2);
	fill_slots(POOL_NORMAL, SLOT_IPV6, 3, 1);
	fill_slots(POOL_HIGH_RISK, SLOT_IPV4, 4, 1);
	fill_slots(POOL_HIGH_RISK, SLOT_IPV6, 5, 1);
	fill_slots(POOL_INSTEAD, SLOT_IPV4, 4, 1);
	fill_slots(POOL_INSTEAD, SLOT_IPV6, 5, 1);
}

static void make_senders(void)
{
	struct selector mark = {.kind = SELECTOR_MARK, .number = PACKET_MARK};

	put(MAP(senders), &mark, &(struct sender_ref){.sender = PACKET_MARKED});
	for (size_t i = 0; i < LENGTH(selectors); i++) {
		struct selector exact = {.kind = SELECTOR_ADDRESS};
		struct net net = {.prefix_length = selectors[i].length};
		struct sender_ref ref = {.sender = selectors[i].sender};

		set_address(prefixes[i], selectors[i].text);
		memcpy(exact.address, prefixes[i], sizeof(exact.address));
		memcpy(net.address, prefixes[i], sizeof(net.address));
		if (net.prefix_length == 128)
			put(MAP(senders), &exact, &ref);
		else
			put(MAP(nets), &net, &ref);
	}
}

static void write_control(void)
{
	struct control control = {
		.layout = POSTERN_LAYOUT,
		.selector_kinds = 1 << SELECTOR_ADDRESS | 1 << SELECTOR_MARK | 1 << SELECTOR_NET,
		.cuts = cuts,
		.established_ns = timeouts_ns,
		.transitory_ns = timeouts_ns,
		.first_up_ns = 1ULL << 62, /* older connections never end */
	};

	put(MAP(control), &(uint32_t){0}, &control);
}

/* Repeats, as `up` does: the kernel may have no memory for the timer yet. */
static void start_timer(void)
{
	char frame[ETH_ZLEN] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame));

	do
		must(bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.postern_renew),
					    &options),
		     "start the timer");
	while (options.retval);
}

void packet_world_open(void)
{
	load();
	start_timer();
	make_pools();
	make_senders();
	memset(verdicts_changed, true, sizeof(verdicts_changed));
	packet_world_reset();
}

void packet_world_close(void)
{
	postern_bpf__destroy(skeleton);
	skeleton = NULL;
}

static void reset_gauges(void)
{
	for (uint32_t i = 0; i < PACKET_SENDERS; i++)
		put(MAP(usage), &i, &(struct usage){0});
	for (uint32_t i = 1; i <= PACKET_ADDRESSES; i++)
		put(MAP(addruse), &i, &(struct address_usage){0});
}

void packet_world_reset(void)
{
	for (uint32_t i = 0; i < PACKET_SENDERS; i++) {
		struct verdict first = {.action = VERDICT_STEER, .pool = first_pools[i]};

		if (verdicts_changed[i])
			packet_world_set_verdict(i, &first);
		verdicts_changed[i] = false;
	}
	if (timeouts_ns != PACKET_NEVER_NS)
		packet_world_set_timeouts(PACKET_NEVER_NS);
	packet_world_forget();
}

bool packet_world_run(enum packet_program program, const struct packet_bytes *packet, uint32_t mark,
		      bool gso, struct packet_bytes *ret_packet, int *ret_action)
{
	struct __sk_buff context = {.mark = mark, .gso_size = gso ? GSO_SIZE : 0};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet->bytes,
		    .data_size_in = packet->size, .data_out = ret_packet->bytes,
		    .data_size_out = sizeof(ret_packet->bytes));

	int error;

	if (program != PROGRAM_XDP) {
		options.ctx_in = &context;
		options.ctx_size_in = sizeof(context);
	}
	error = bpf_prog_test_run_opts(bpf_program__fd(programs[program]), &options);
	if (error == -EINVAL)
		return false;
	must(error, "run a program");
	ret_packet->size = options.data_size_out;
	*ret_action = (int)options.retval;
	return true;
}

/* ---- reading the maps */

static uint32_t read_map(int map, void *keys, void *values)
{
	uint32_t count = PACKET_FOUND_MAX, batch[16];
	int error = bpf_map_lookup_batch(map, NULL, batch, keys, values, &count, NULL);

	must(error == -ENOENT ? 0 : error, "read a map");
	return count;
}

static int by_age(const void *a, const void *b)
{
	const struct found_flow *x = a, *y = b;
	int age = x->flow.opened_ns < y->flow.opened_ns	  ? -1
		  : x->flow.opened_ns > y->flow.opened_ns ? 1
							  : 0;

	return age ?: memcmp(&x->key, &y->key, sizeof(x->key));
}

static void find_flows(struct found *found)
{
	struct flow_key keys[PACKET_FOUND_MAX];
	struct flow flows[PACKET_FOUND_MAX];

	found->n_flows = read_map(MAP(flows), keys, flows);
	for (size_t i = 0; i < found->n_flows; i++)
		found->flows[i] = (struct found_flow){keys[i], flows[i]};
	qsort(found->flows, found->n_flows, sizeof(*found->flows), by_age);
}

static void find_returns(struct found *found)
{
	struct return_key keys[PACKET_FOUND_MAX];
	struct return_entry values[PACKET_FOUND_MAX];

	found->n_returns = read_map(MAP(returns), keys, values);
	for (size_t i = 0; i < found->n_returns; i++)
		found->returns[i] = (struct found_return){keys[i], values[i]};
}

static void find_gauges(struct found *found)
{
	uint32_t keys[PACKET_FOUND_MAX];
	struct usage usages[PACKET_FOUND_MAX];
	struct address_usage uses[PACKET_FOUND_MAX];
	uint32_t count = read_map(MAP(usage), keys, usages);

	for (uint32_t i = 0; i < count; i++)
		found->sender_flows[keys[i]] = usages[i].flows;
	count = read_map(MAP(addruse), keys, uses);
	for (uint32_t i = 0; i < count; i++)
		found->address_flows[keys[i]] = uses[i].flows;
}

static void find_stats(struct found *found)
{
	static struct stats each[CPUS_MAX];
	int cpus = libbpf_num_possible_cpus();

	must(cpus <= CPUS_MAX ? 0 : -E2BIG, "count on so many CPUs");
	must(bpf_map_lookup_elem(MAP(stats), &(uint32_t){0}, each), "read counters");
	for (int i = 0; i < cpus; i++)
		for (int c = 0; c < COUNTERS; c++)
			((__u64 *)&found->stats)[c] += ((__u64 *)&each[i])[c];
}

void packet_world_find(struct found *ret)
{
	ret->stats = (struct stats){0};
	find_flows(ret);
	find_returns(ret);
	find_gauges(ret);
	find_stats(ret);
}

/* ---- changes */

void packet_world_set_verdict(enum packet_sender sender, const struct verdict *verdict)
{
	uint32_t id = sender;

	verdicts[sender] = *verdict;
	verdicts_changed[sender] = true;
	put(MAP(verdict), &id, verdict);
}

const struct verdict *packet_world_verdict(enum packet_sender sender)
{
	return &verdicts[sender];
}

void packet_world_cut(enum packet_sender sender)
{
	struct verdict verdict = verdicts[sender];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	verdict.cut_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	packet_world_set_verdict(sender, &verdict);
	cuts++;
	write_control();
}

static void empty(int map, const void *keys, uint32_t count)
{
	if (count)
		bpf_map_delete_batch(map, keys, &count, NULL);
}

/* A batch stops halfway when a flow expires meanwhile. */
void packet_world_forget(void)
{
	struct flow_key keys[PACKET_FOUND_MAX];
	struct flow flows[PACKET_FOUND_MAX];
	struct return_entry values[PACKET_FOUND_MAX];
	uint32_t n_flows, n_returns;

	do {
		n_returns = read_map(MAP(returns), keys, values);
		empty(MAP(returns), keys, n_returns);
		n_flows = read_map(MAP(flows), keys, flows);
		empty(MAP(flows), keys, n_flows);
	} while (n_flows || n_returns);
	reset_gauges();
}

void packet_world_set_timeouts(uint64_t ns)
{
	timeouts_ns = ns;
	write_control();
}

/* ---- for the oracle */

const struct address_entry *packet_world_address(const uint8_t address[16])
{
	for (size_t i = 0; i < PACKET_ADDRESSES; i++)
		if (!memcmp(entries[i].address, address, 16))
			return &entries[i];
	return NULL;
}

enum packet_sender packet_world_sender(uint32_t mark, const uint8_t source[16])
{
	if (mark == PACKET_MARK)
		return PACKET_MARKED;
	for (size_t i = 0; i < LENGTH(selectors); i++)
		if (!memcmp(source, prefixes[i], selectors[i].length / 8))
			return selectors[i].sender;
	return PACKET_UNKNOWN;
}
