/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits per sender: the bucket of new connections, the maximum of flows, their events. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <pthread.h>
#include <unistd.h>

#include "packet/rig.h"
#include "postern.skel.h"

TestSuite(packet_limits, .init = rig_init, .fini = rig_done, .timeout = 10);

#define SECOND_NS 1000000000ULL
#define MINUTE_NS (60 * SECOND_NS)
#define SOON_NS	  20000000ULL

static const struct verdict three_a_minute = {
	.action = VERDICT_STEER,
	.pool = POOL_NORMAL,
	.connections_per_min = 3,
	.burst = 3,
	.over_action = VERDICT_STEER,
	.over_pool = POOL_HIGH_RISK,
};

/* The pool of the tenant's next connection, from the next port; POOL_NONE: it was dropped. */
static uint32_t connect_next(void)
{
	static uint16_t port = 40000;
	struct packet_spec syn = rig_inside(false, SYN);

	syn.source_port = ++port;
	return rig_run(EGRESS, &syn, 0, NULL) == -1 ? rig_flow(&syn).pool : POOL_NONE;
}

static void expect_pools(uint32_t pool, int count)
{
	for (int i = 0; i < count; i++)
		cr_assert_eq(connect_next(), pool, "connection %d", i);
}

static void set_usage(uint32_t sender, const struct usage *usage)
{
	cr_assert_eq(bpf_map_update_elem(bpf_map__fd(rig_maps()->maps.postern_usage), &sender,
					 usage, BPF_ANY),
		     0);
}

/* Lets `ns` pass, by changing the state of the bucket. */
static void let_pass(uint64_t ns)
{
	struct usage usage = rig_usage(TENANT);

	/* Not below 0: the host may have just booted. */
	usage.bucket_full_ns -= ns < usage.bucket_full_ns ? ns : usage.bucket_full_ns;
	set_usage(TENANT, &usage);
}

Test(packet_limits, the_first_connection_over_the_limit_is_high_risk_already)
{
	rig_put_verdict(TENANT, &three_a_minute);
	expect_pools(POOL_NORMAL, 3);
	expect_pools(POOL_HIGH_RISK, 2);
	cr_assert_eq(rig_usage(TENANT).over_limit, 2);
	cr_assert_eq(rig_usage(TENANT).refused, 0);
	rig_expect_counters(.flows_opened = 5, .over_limit = 2);
}

Test(packet_limits, the_bucket_fills_evenly_and_never_over)
{
	struct verdict verdict = three_a_minute;

	/* So slow that no token appears while the test runs. */
	verdict.connections_per_min = 1;
	rig_put_verdict(TENANT, &verdict);
	expect_pools(POOL_NORMAL, 3);
	let_pass(40 * SECOND_NS);
	expect_pools(POOL_HIGH_RISK, 1);
	let_pass(20 * SECOND_NS);
	expect_pools(POOL_NORMAL, 1);
	expect_pools(POOL_HIGH_RISK, 1);
	let_pass(10 * MINUTE_NS);
	expect_pools(POOL_NORMAL, 3);
	expect_pools(POOL_HIGH_RISK, 1);
}

Test(packet_limits, a_syn_sent_again_takes_no_second_token)
{
	struct packet_spec syn = rig_inside(false, SYN);

	rig_put_verdict(TENANT, &three_a_minute);
	for (int i = 0; i < 10; i++)
		cr_assert_eq(rig_run(EGRESS, &syn, 0, NULL), -1);
	expect_pools(POOL_NORMAL, 2);
	expect_pools(POOL_HIGH_RISK, 1);
}

Test(packet_limits, a_flow_that_fails_to_open_returns_its_token)
{
	rig_put_verdict(TENANT, &three_a_minute);
	rig_fill_slots(POOL_NORMAL, SLOT_IPV4, 0);
	expect_pools(POOL_NONE, 10);
	rig_fill_slots(POOL_NORMAL, SLOT_IPV4, NORMAL4_ID);
	expect_pools(POOL_NORMAL, 3);
	expect_pools(POOL_HIGH_RISK, 1);
	cr_assert_eq(rig_usage(TENANT).flows, 4);
	rig_expect_counters(.flows_opened = 4, .dropped_pool_empty = 10, .over_limit = 1,
			    .resets_sent = 10);
}

Test(packet_limits, over_the_limit_may_mean_a_drop)
{
	struct verdict verdict = three_a_minute;
	struct event event;

	verdict.over_action = VERDICT_DROP;
	rig_put_verdict(TENANT, &verdict);
	expect_pools(POOL_NORMAL, 3);
	expect_pools(POOL_NONE, 5);
	cr_assert_eq(rig_usage(TENANT).refused, 5);
	cr_assert_eq(rig_usage(TENANT).flows, 3);
	cr_assert_eq(rig_events(&event), 1);
	rig_expect_counters(.flows_opened = 3, .over_limit = 5, .dropped_over_limit = 5,
			    .resets_sent = 5);
}

Test(packet_limits, over_the_limit_may_only_be_reported)
{
	struct verdict verdict = three_a_minute;
	struct event event;

	verdict.over_action = 0;
	rig_put_verdict(TENANT, &verdict);
	expect_pools(POOL_NORMAL, 6);
	cr_assert_eq(rig_events(&event), 1);
	cr_assert_eq(event.counter, COUNTER_over_limit);
	cr_assert_eq(event.pool, POOL_NORMAL);
	rig_expect_counters(.flows_opened = 6, .over_limit = 3);
}

Test(packet_limits, each_empty_bucket_is_reported_once)
{
	struct event event;

	rig_put_verdict(TENANT, &three_a_minute);
	expect_pools(POOL_NORMAL, 3);
	cr_assert_eq(rig_events(&event), 0);
	expect_pools(POOL_HIGH_RISK, 5);
	cr_assert_eq(rig_events(&event), 1);
	cr_assert_eq(event.counter, COUNTER_over_limit);
	cr_assert_eq(event.sender, TENANT);
	cr_assert_eq(event.pool, POOL_HIGH_RISK);
	let_pass(20 * SECOND_NS); /* not full */
	expect_pools(POOL_NORMAL, 1);
	expect_pools(POOL_HIGH_RISK, 1);
	cr_assert_eq(rig_events(&event), 0);
	let_pass(MINUTE_NS);
	expect_pools(POOL_NORMAL, 3);
	expect_pools(POOL_HIGH_RISK, 2);
	cr_assert_eq(rig_events(&event), 1);
}

Test(packet_limits, a_manual_verdict_precedes_the_limit_until_it_ends)
{
	struct verdict verdict = three_a_minute;

	verdict.reason = REASON_MANUAL;
	verdict.until_ns = rig_now_ns() + 100 * SECOND_NS;
	verdict.after_action = VERDICT_STEER;
	verdict.after_pool = POOL_NORMAL;
	rig_put_verdict(TENANT, &verdict);
	expect_pools(POOL_NORMAL, 10);
	verdict.until_ns = 1;
	rig_put_verdict(TENANT, &verdict);
	expect_pools(POOL_NORMAL, 3);
	expect_pools(POOL_HIGH_RISK, 1);
}

Test(packet_limits, a_blocked_sender_takes_no_tokens)
{
	struct verdict verdict = three_a_minute;

	verdict.action = VERDICT_DROP;
	rig_put_verdict(TENANT, &verdict);
	expect_pools(POOL_NONE, 5);
	cr_assert_eq(rig_usage(TENANT).bucket_full_ns, 0);
	rig_expect_counters(.dropped_blocked = 5, .resets_sent = 5);
}

Test(packet_limits, another_sender_has_a_bucket_of_its_own)
{
	struct packet_spec stranger = rig_stranger(false, SYN), outside = rig_outside(false, SYN);

	rig_put_verdict(TENANT, &three_a_minute);
	expect_pools(POOL_NORMAL, 3);
	expect_pools(POOL_HIGH_RISK, 1);
	rig_expect_through(EGRESS, &stranger, &outside);
}

/* ---- flows at once */

static const struct verdict ten_flows = {
	.action = VERDICT_STEER, .pool = POOL_NORMAL, .flows_max = 10};

Test(packet_limits, a_flood_of_syns_reaches_the_senders_own_flows_and_no_more)
{
	struct packet_spec stranger = rig_stranger(false, SYN), outside = rig_outside(false, SYN);
	uint64_t start_ns = rig_now_ns();
	struct event event;
	int reported;

	rig_put_verdict(TENANT, &ten_flows);
	expect_pools(POOL_NORMAL, 10);
	expect_pools(POOL_NONE, 500);
	cr_assert_eq(rig_usage(TENANT).flows, 10);
	cr_assert_eq(rig_usage(TENANT).refused, 500);
	reported = rig_events(&event);
	/* Once a second. */
	cr_assert(reported >= 1 && (uint64_t)reported <= 1 + (rig_now_ns() - start_ns) / SECOND_NS,
		  "%d events", reported);
	cr_assert_eq(event.counter, COUNTER_dropped_flow_limit);
	cr_assert_eq(event.sender, TENANT);
	rig_expect_through(EGRESS, &stranger, &outside);
	rig_expect_flows(11);
	rig_expect_counters(.flows_opened = 11, .dropped_flow_limit = 500, .resets_sent = 500);
}

Test(packet_limits, a_flow_that_ends_makes_space_for_another)
{
	struct verdict verdict = ten_flows;

	verdict.flows_max = 2;
	rig_put_verdict(TENANT, &verdict);
	expect_pools(POOL_NORMAL, 2);
	rig_set_transitory(SOON_NS);
	rig_await_flows(0);
	rig_set_transitory(MINUTE_NS);
	expect_pools(POOL_NORMAL, 2);
	expect_pools(POOL_NONE, 1);
}

Test(packet_limits, a_rejected_flow_takes_no_token)
{
	struct verdict verdict = three_a_minute;

	verdict.flows_max = 1;
	rig_put_verdict(TENANT, &verdict);
	expect_pools(POOL_NORMAL, 1);
	expect_pools(POOL_NONE, 5);
	verdict.flows_max = 0;
	rig_put_verdict(TENANT, &verdict);
	expect_pools(POOL_NORMAL, 2);
	expect_pools(POOL_HIGH_RISK, 1);
}

Test(packet_limits, a_recreated_gauge_recovers)
{
	rig_put_verdict(TENANT, &ten_flows);
	expect_pools(POOL_NORMAL, 5);
	set_usage(TENANT, &(struct usage){0});
	rig_set_transitory(SOON_NS);
	rig_await_flows(0);
	cr_assert_eq(rig_usage(TENANT).flows, 0);
	rig_set_transitory(MINUTE_NS);
	expect_pools(POOL_NORMAL, 10);
}

/* ---- two CPUs at once */

#define THREADS 2
#define SYNS	2000

static void *flood(void *data)
{
	int fd = rig_program_fd(EGRESS);
	struct packet_spec syn = rig_inside(false, SYN);
	struct packet_bytes in, out;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = in.bytes, .data_out = out.bytes,
		    .data_size_out = sizeof(out.bytes));

	syn.source_port = 1024 + SYNS * (int)(intptr_t)data;
	for (int i = 0; i < SYNS; i++, syn.source_port++) {
		packet_build(&syn, &in);
		options.data_size_in = in.size;
		options.data_size_out = sizeof(out.bytes);
		bpf_prog_test_run_opts(fd, &options);
	}
	return NULL;
}

static void many_flows(void)
{
	rig_init_sized(8192, 8192);
}

Test(packet_limits, counts_are_exact_while_two_cpus_race, .init = many_flows)
{
	struct verdict verdict = three_a_minute;
	pthread_t threads[THREADS];

	/* No token returns while the test runs, so a token taken twice shows. */
	verdict.connections_per_min = 1;
	verdict.burst = 1500;
	verdict.flows_max = 3000;
	rig_put_verdict(TENANT, &verdict);
	for (intptr_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, flood, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	rig_expect_flows(3000);
	cr_assert_eq(rig_usage(TENANT).flows, 3000);
	cr_assert_eq(rig_usage(TENANT).connections, 3000);
	cr_assert_eq(rig_usage(TENANT).refused, THREADS * SYNS - 3000);
	cr_assert_eq(rig_address_usage(NORMAL4_ID).flows, 1500);
	cr_assert_eq(rig_address_usage(RISK4_ID).flows, 1500);
	cr_assert_eq(rig_usage(TENANT).over_limit, 1500);
}

Test(packet_limits, each_flow_of_a_reported_sender_is_one_event_and_of_others_none)
{
	const struct verdict unreported = {.action = VERDICT_STEER, .pool = POOL_NORMAL};
	struct verdict reported = unreported;
	struct packet_spec syn = rig_inside(false, SYN);
	struct event event;

	rig_put_verdict(TENANT, &unreported);
	expect_pools(POOL_NORMAL, 2);
	cr_assert_eq(rig_events(&event), 0);
	reported.reported = 1;
	rig_put_verdict(TENANT, &reported);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(rig_run(EGRESS, &syn, 0, NULL), -1);
	cr_assert_eq(rig_events(&event), 1);
	cr_assert_eq(event.counter, COUNTER_flows_opened);
	cr_assert_eq(event.sender, TENANT);
	cr_assert_eq(event.pool, POOL_NORMAL);
	cr_assert_eq(event.source_port, syn.source_port);
	rig_expect_counters(.flows_opened = 3);
}

#define REPEATS 200000

/* Repeats a SYN that opens no flow; with IP options, as a reset would replace the packet. */
static void *repeat(void *data)
{
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t own;
	struct packet_spec syn = rig_inside(false, SYN);
	struct packet_bytes in, out;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = in.bytes, .data_out = out.bytes,
		    .data_size_out = sizeof(out.bytes), .repeat = REPEATS);

	CPU_ZERO(&own);
	CPU_SET((intptr_t)data % cpus, &own);
	pthread_setaffinity_np(pthread_self(), sizeof(own), &own);
	syn.source_port = 2000 + (int)(intptr_t)data;
	syn.ip_option_bytes = 4;
	packet_build(&syn, &in);
	options.data_size_in = in.size;
	bpf_prog_test_run_opts(rig_program_fd(EGRESS), &options);
	return NULL;
}

static void repeat_on_two_cpus(void)
{
	pthread_t threads[THREADS];

	for (intptr_t i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, repeat, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

Test(packet_limits, rejected_flows_leave_the_gauge_unchanged_while_two_cpus_race)
{
	rig_put_verdict(TENANT, &ten_flows);
	expect_pools(POOL_NORMAL, 10);
	repeat_on_two_cpus();
	cr_assert_eq(rig_usage(TENANT).flows, 10);
	cr_assert_eq(rig_usage(TENANT).refused, THREADS * REPEATS);
}

Test(packet_limits, tokens_return_one_by_one_while_two_cpus_race)
{
	rig_put_verdict(TENANT, &three_a_minute);
	rig_fill_slots(POOL_NORMAL, SLOT_IPV4, 0);
	repeat_on_two_cpus();
	cr_assert_eq(rig_usage(TENANT).over_limit, 0);
	cr_assert_eq(rig_usage(TENANT).flows, 0);
	rig_fill_slots(POOL_NORMAL, SLOT_IPV4, NORMAL4_ID);
	expect_pools(POOL_NORMAL, 3);
	expect_pools(POOL_HIGH_RISK, 1);
}
