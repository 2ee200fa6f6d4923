/* SPDX-License-Identifier: BSD-2-Clause */
/* External ports of closed connections: which SYN gets one before the flow expires. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "packet/rig.h"
#include "postern.skel.h"

TestSuite(packet_reuse, .init = rig_init, .fini = rig_done, .timeout = 10);

#define OLD_END	      1002 /* the last sequence number of the old connection */
#define OLD_TIMESTAMP 50000
#define PORT	      40000

static struct packet_spec with_timestamp(struct packet_spec packet, uint32_t timestamp)
{
	packet.tcp_option_bytes = timestamp ? 12 : 0;
	packet.tcp_timestamp = timestamp;
	return packet;
}

/* A connection of the tenant from port 40000, closed by its FIN. */
static void close_one(uint32_t timestamp)
{
	struct packet_spec syn = with_timestamp(rig_inside(false, SYN), timestamp - 9);
	struct packet_spec out = rig_outside(false, SYN | ACK), answer = packet_reply(&out);
	struct packet_spec fin = with_timestamp(rig_inside(false, FIN | ACK), timestamp);

	cr_assert_eq(rig_run(EGRESS, &syn, 0, NULL), -1);
	cr_assert_eq(rig_run(INGRESS, &answer, 0, NULL), -1);
	cr_assert_eq(rig_run(EGRESS, &fin, 0, NULL), -1);
}

/* The external port that a SYN gets. */
static uint16_t connect_from(struct packet_spec syn, uint32_t sequence, uint32_t timestamp)
{
	syn = with_timestamp(syn, timestamp);
	syn.sequence = sequence;
	cr_assert_eq(rig_run(EGRESS, &syn, 0, NULL), -1);
	return rig_flow(&syn).port;
}

struct attempt {
	uint32_t old_timestamp, sequence, timestamp;
	bool same_port;
};

/* RFC 6191 section 2, on both sides of each limit. */
static struct criterion_test_params attempts(void)
{
	static struct attempt all[] = {
		{0, OLD_END, 0, true},
		{0, OLD_END - 1, 0, false},
		{0, OLD_END + 0x7fffffffU, 0, true},
		{0, OLD_END + 0x80000000U, 0, false},
		{0, OLD_END, 1, true},
		{0, OLD_END - 1, 1, false},
		{OLD_TIMESTAMP, OLD_END, 0, true},
		{OLD_TIMESTAMP, OLD_END - 1, 0, false},
		{OLD_TIMESTAMP, OLD_END, OLD_TIMESTAMP, true},
		{OLD_TIMESTAMP, OLD_END - 1, OLD_TIMESTAMP, false},
		{OLD_TIMESTAMP, OLD_END - 1, OLD_TIMESTAMP + 1, true},
		{OLD_TIMESTAMP, OLD_END, OLD_TIMESTAMP - 1, false},
		{OLD_TIMESTAMP, OLD_END - 1, OLD_TIMESTAMP + 0x7fffffffU, true},
		{OLD_TIMESTAMP, OLD_END, OLD_TIMESTAMP + 0x80000000U, false},
	};

	return cr_make_param_array(struct attempt, all, sizeof(all) / sizeof(*all));
}

ParameterizedTestParameters(packet_reuse,
			    the_same_end_has_the_port_again_where_the_remote_will_take_it)
{
	return attempts();
}

ParameterizedTest(struct attempt *attempt, packet_reuse,
		  the_same_end_has_the_port_again_where_the_remote_will_take_it)
{
	uint16_t port;

	close_one(attempt->old_timestamp);
	port = connect_from(rig_inside(false, SYN), attempt->sequence, attempt->timestamp);
	cr_assert_eq(port == PORT, attempt->same_port, "it got port %u", port);
	rig_expect_flows(attempt->same_port ? 1 : 2);
	cr_assert_eq(rig_usage(TENANT).flows, attempt->same_port ? 1 : 2);
	cr_assert_eq(rig_usage(TENANT).connections, 2);
	rig_expect_counters(.flows_opened = 2, .flows_replaced = attempt->same_port,
			    .ports_changed = !attempt->same_port);
}

Test(packet_reuse, a_port_set_aside_never_goes_to_a_syn_that_the_remote_end_would_reject)
{
	uint16_t second, third;

	close_one(0);
	second = connect_from(rig_inside(false, SYN), OLD_END - 1, 0);
	third = connect_from(rig_stranger(false, SYN), OLD_END - 1, 0);
	cr_assert(second != PORT && third != PORT && second != third);
	rig_expect_flows(3);
}

Test(packet_reuse, a_closed_port_of_another_end_is_left_alone_while_others_are_free)
{
	close_one(0);
	cr_assert_neq(connect_from(rig_stranger(false, SYN), OLD_END, 0), PORT);
	rig_expect_flows(2);
}

Test(packet_reuse, late_replies_to_a_port_set_aside_reach_no_new_connection)
{
	struct packet_spec late = rig_outside(false, FIN | ACK);

	close_one(0);
	connect_from(rig_inside(false, SYN), OLD_END - 1, 0);
	late = packet_reply(&late);
	rig_expect_untouched(INGRESS, &late);
}

Test(packet_reuse, a_flow_set_aside_expires)
{
	close_one(0);
	connect_from(rig_inside(false, SYN), OLD_END - 1, 0);
	connect_from(rig_stranger(false, SYN), 1, 0);
	rig_forget_flows();
	close_one(0);
	connect_from(rig_inside(false, SYN), OLD_END - 1, 0);
	rig_set_transitory(20000000);
	rig_await_flows(0);
	cr_assert_eq(rig_address_usage(NORMAL4_ID).flows, 3); /* the deleted flows */
}

Test(packet_reuse, a_passed_connection_may_come_again_by_its_own_port)
{
	struct packet_spec syn = rig_inside(false, SYN), fin = rig_inside(false, FIN | ACK);

	rig_set_verdict(TENANT, VERDICT_PASS, POOL_NONE);
	rig_run(EGRESS, &syn, 0, NULL);
	rig_run(EGRESS, &fin, 0, NULL);
	syn.sequence = OLD_END - 1;
	rig_expect_untouched(EGRESS, &syn);
	rig_expect_flows(1);
	rig_expect_counters(.flows_opened = 2, .flows_replaced = 1, .passed = 2);
}

/* ---- full tables */

static void two_flows(void)
{
	rig_init_sized(2, 2);
}

static void fill_both(void)
{
	struct packet_spec other = rig_inside(false, SYN);

	close_one(0);
	other.source_port = 40001;
	cr_assert_eq(rig_run(EGRESS, &other, 0, NULL), -1);
	rig_expect_flows(2);
}

Test(packet_reuse, a_port_is_taken_over_in_a_full_table_too, .init = two_flows)
{
	fill_both();
	cr_assert_eq(connect_from(rig_inside(false, SYN), OLD_END, 0), PORT);
	rig_expect_flows(2);
	rig_expect_counters(.flows_opened = 3, .flows_replaced = 1);
}

Test(packet_reuse, a_full_table_keeps_a_flow_set_aside, .init = two_flows)
{
	struct packet_spec syn = rig_inside(false, SYN), outside = rig_outside(false, SYN);

	fill_both();
	syn.sequence = OLD_END - 1;
	rig_expect_refused(&syn);
	rig_expect_flows(2);
	cr_assert_eq(rig_return(&outside).source_port, PORT);
	cr_assert_eq(rig_usage(TENANT).flows, 2);
	rig_expect_counters(.flows_opened = 2, .dropped_table_full = 1, .resets_sent = 1);
}

/* ---- all ports taken by closed flows of another local end */

static void all_ports(void)
{
	rig_init_sized(131072, 131072);
}

static struct flow_key key_of(const struct return_entry *entry, const struct return_key *returns)
{
	struct flow_key key = {.source_port = entry->source_port,
			       .destination_port = returns->remote_port};

	memcpy(key.source, entry->source, 16);
	memcpy(key.destination, returns->remote, 16);
	return key;
}

/* As key_hash() of the programs: a wrong hash makes an entry another flow's. */
static uint64_t hash_of(const struct flow_key *key)
{
	static const uint64_t factors[] = {0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f,
					   0x165667b19e3779f9, 0xff51afd7ed558ccd};
	uint32_t words[9];
	uint64_t hash = 0;

	memcpy(words, key, sizeof(words));
	for (int i = 0; i < 4; i++)
		hash ^= ((uint64_t)words[2 * i] << 32 | words[2 * i + 1]) * factors[i];
	return (hash ^ hash >> 32) + (words[8] + 1ULL) * 0xd6e8feb86659fd93;
}

/* Copies the first flow, which a SYN opened, to all other ports. */
static void take_all(const struct packet_spec *outside, const struct flow *first)
{
	int flows = bpf_map__fd(rig_maps()->maps.postern_flows);
	int returns = bpf_map__fd(rig_maps()->maps.postern_returns);
	struct return_entry entry = rig_return(outside);
	struct return_key at = {.remote_port = outside->destination_port};
	struct flow flow = *first;

	memcpy(at.address, flow.address, 16);
	memcpy(at.remote, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xcb\0\x71\x19", 16); /* REMOTE4 */
	for (uint32_t port = 1024; port < 65536; port++) {
		struct flow_key key;

		at.port = flow.port = entry.source_port = port;
		key = key_of(&entry, &at);
		flow.key_hash = hash_of(&key);
		if (port == outside->source_port)
			continue;
		cr_assert_eq(bpf_map_update_elem(returns, &at, &entry, BPF_NOEXIST), 0);
		cr_assert_eq(bpf_map_update_elem(flows, &key, &flow, BPF_NOEXIST), 0);
	}
}

static void close_all(bool closed)
{
	struct packet_spec syn = rig_stranger(false, SYN), outside = rig_outside(false, SYN);
	struct flow flow;

	rig_run(EGRESS, &syn, 0, NULL);
	flow = rig_flow(&syn);
	flow.out.rst_seen = closed;
	flow.out.sequence = OLD_END;
	take_all(&outside, &flow);
}

Test(packet_reuse, without_a_free_port_a_closed_one_is_taken_over, .init = all_ports)
{
	struct packet_spec syn = rig_inside(false, SYN), outside = rig_outside(false, SYN);

	close_all(true);
	outside.source_port = connect_from(syn, OLD_END, 0);
	rig_expect_pair(&syn, &outside, TENANT, POOL_NORMAL);
	rig_expect_flows(65536 - 1024);
	rig_expect_counters(.flows_opened = 2, .flows_replaced = 1, .ports_changed = 1);
}

Test(packet_reuse, without_a_free_port_no_closed_one_is_taken_over_too_early, .init = all_ports)
{
	struct packet_spec syn = rig_inside(false, SYN);

	close_all(true);
	syn.sequence = OLD_END - 1;
	rig_expect_refused(&syn);
	rig_expect_counters(.flows_opened = 1, .dropped_no_port = 1, .resets_sent = 1);
}

Test(packet_reuse, without_a_free_port_no_live_one_is_taken_over, .init = all_ports)
{
	struct packet_spec syn = rig_inside(false, SYN);

	close_all(false);
	syn.sequence = OLD_END;
	rig_expect_refused(&syn);
	rig_expect_flows(65536 - 1024);
	rig_expect_counters(.flows_opened = 1, .dropped_no_port = 1, .resets_sent = 1);
}

/* ---- entries that the map re-uses while a program reads them */

static void change_hash(int map, const void *key, void *value)
{
	cr_assert_eq(bpf_map_lookup_elem(map, key, value), 0);
	++*(__u64 *)value;
	cr_assert_eq(bpf_map_update_elem(map, key, value, BPF_EXIST), 0);
}

Test(packet_reuse, an_entry_that_has_become_anothers_translates_nothing)
{
	struct packet_spec syn = rig_inside(false, SYN), data = rig_inside(false, ACK | PSH);
	struct packet_spec out = rig_outside(false, ACK | PSH), reply = packet_reply(&out);
	struct postern_bpf *maps = rig_maps();
	struct return_entry entry;
	struct flow_key key;
	struct flow flow;

	rig_run(EGRESS, &syn, 0, NULL);
	cr_assert_eq(bpf_map__get_next_key(maps->maps.postern_flows, NULL, &key, sizeof(key)), 0);
	change_hash(bpf_map__fd(maps->maps.postern_flows), &key, &flow);
	rig_expect_drop(EGRESS, &data);
	cr_assert_eq(bpf_map__get_next_key(maps->maps.postern_returns, NULL, &key, sizeof(key)), 0);
	change_hash(bpf_map__fd(maps->maps.postern_returns), &key, &entry);
	rig_expect_untouched(INGRESS, &reply);
	rig_expect_counters(.flows_opened = 1, .dropped_error = 1);
}

/* The same for an ICMP error. */
Test(packet_reuse, an_error_about_an_entry_that_has_become_anothers_translates_nothing)
{
	struct packet_spec syn = rig_inside(false, SYN), outside = rig_outside(false, ACK);
	struct packet_spec reply = packet_reply(&syn);
	struct packet_spec from_tenant = {.source = TENANT4,
					  .destination = REMOTE4,
					  .protocol = IPPROTO_ICMP,
					  .icmp_type = 3,
					  .quote = &reply};
	struct packet_spec from_remote = {.source = REMOTE4,
					  .destination = NORMAL4,
					  .protocol = IPPROTO_ICMP,
					  .icmp_type = 3,
					  .quote = &outside};
	struct postern_bpf *maps = rig_maps();
	struct return_entry entry;
	struct flow_key key;
	struct flow flow;

	reply.no_link = outside.no_link = true;
	rig_run(EGRESS, &syn, 0, NULL);
	cr_assert_eq(bpf_map__get_next_key(maps->maps.postern_flows, NULL, &key, sizeof(key)), 0);
	change_hash(bpf_map__fd(maps->maps.postern_flows), &key, &flow);
	rig_expect_drop(EGRESS, &from_tenant);
	cr_assert_eq(bpf_map__get_next_key(maps->maps.postern_returns, NULL, &key, sizeof(key)), 0);
	change_hash(bpf_map__fd(maps->maps.postern_returns), &key, &entry);
	rig_expect_untouched(INGRESS, &from_remote);
	rig_expect_counters(.flows_opened = 1, .dropped_error = 1);
}

/*
 * Another flow has the entry and the port of a closed flow by now: a new connection ends neither.
 */
static void expect_left_alone(void)
{
	struct packet_spec syn = rig_inside(false, SYN), outside = rig_outside(false, SYN);
	int flows = bpf_map__fd(rig_maps()->maps.postern_flows);
	struct return_entry before;
	struct flow_key key;
	struct flow flow;

	cr_assert_eq(bpf_map_get_next_key(flows, NULL, &key), 0);
	change_hash(flows, &key, &flow);
	outside.source = flow.pool == POOL_NONE ? TENANT4 : NORMAL4;
	before = rig_return(&outside);
	syn.sequence = OLD_END;
	rig_expect_drop(EGRESS, &syn);
	rig_expect_flows(1);
	cr_assert_arr_eq(&before, &(struct return_entry[1]){rig_return(&outside)}, sizeof(before));
}

Test(packet_reuse, an_entry_that_has_become_anothers_is_not_set_aside)
{
	close_one(0);
	expect_left_alone();
}

Test(packet_reuse, an_entry_that_has_become_anothers_is_not_replaced)
{
	struct packet_spec syn = rig_inside(false, SYN), fin = rig_inside(false, FIN | ACK);

	rig_set_verdict(TENANT, VERDICT_PASS, POOL_NONE);
	rig_run(EGRESS, &syn, 0, NULL);
	rig_run(EGRESS, &fin, 0, NULL);
	expect_left_alone();
}
