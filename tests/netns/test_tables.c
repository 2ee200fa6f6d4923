/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another flows_max under traffic: flows move to other tables; none is lost, reset or sent
 * untranslated.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/postern.h"
#include "postern/abi.h"
#include "postern/expiry.h"

TestSuite(netns_tables, .init = world_init, .fini = world_done, .timeout = 120);

static const struct origin tenant = {.host = TENANT};

static void configure(unsigned flows_max)
{
	const char *conf = postern_configure(NULL);

	free(host_must(MAIL, "sed -i '1i flows_max = %u\\nsender_flows_max = 0' %s", flows_max,
		       conf));
}

static void resize(unsigned flows_max)
{
	configure(flows_max);
	free(postern_must("up"));
}

static unsigned capacity(void)
{
	_cleanup_(free_p) char *text =
		host_must(MAIL, "bpftool -j map show pinned $pin_path/postern_flows |"
				"jq .max_entries");

	return (unsigned)strtoul(text, NULL, 10);
}

/* All flows as the kernel has them, without times: equal texts mean equal flows. */
static char *picture(void)
{
	return postern_must("-j flow list | jq -S 'map(del(.age_sec)) | sort_by(.source)'");
}

static uint64_t counter(const char *name)
{
	_cleanup_(free_p) char *text = postern_must("-j status | jq .datapath.counters.%s", name);

	return strtoull(text, NULL, 10);
}

static int open_map(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", world.pin_path, name);
	fd = bpf_obj_get(path);
	cr_assert_geq(fd, 0, "%s: %s", name, strerror(errno));
	return fd;
}

static unsigned entries(const char *name)
{
	_cleanup_(close_fd_p) int fd = open_map(name);
	char key[64], next[64];
	unsigned count = 0;

	while (!bpf_map_get_next_key(fd, count ? key : NULL, next)) {
		memcpy(key, next, sizeof(key));
		count++;
	}
	return count;
}

static struct expiry_timer timer_now(void)
{
	_cleanup_(close_fd_p) int fd = open_map("postern_timer");
	struct expiry_timer timer;

	cr_assert_eq(bpf_map_lookup_elem(fd, &(uint32_t){0}, &timer), 0);
	return timer;
}

static uint64_t programs_in_force(void)
{
	_cleanup_(close_fd_p) int fd = open_map("postern_gen");
	struct generation generation;

	cr_assert_eq(bpf_map_lookup_elem(fd, &(uint32_t){0}, &generation), 0);
	cr_assert_eq(generation.paused_until_ns, 0);
	return generation.in_force;
}

/* ---- connections at a rate, from several processes */

#define SENDERS	      16
#define RECEIVERS     32
#define RATE	      50 /* connections a second of each sender */
#define MESSAGE_BYTES 4000

struct churn {
	uint64_t done;
	uint64_t failed;
	int error; /* of the last that failed; 0: it ended too early */
	bool ends;
};

static bool exchange(int fd, bool begins)
{
	char bytes[MESSAGE_BYTES] = {0};

	if (begins && send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) != sizeof(bytes))
		return false;
	if (recv(fd, bytes, sizeof(bytes), MSG_WAITALL) != sizeof(bytes))
		return false;
	return begins || send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) == sizeof(bytes);
}

/* Exchanges twice, as the flow may move in between; then both ends close. */
static bool converse(int fd, bool begins)
{
	char byte;

	return exchange(fd, begins) && exchange(fd, begins) && !shutdown(fd, SHUT_WR) &&
	       recv(fd, &byte, 1, 0) == 0;
}

static _Noreturn void receive(int receiver)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		struct pollfd ready = {.fd = receiver, .events = POLLIN};
		int fd;

		poll(&ready, 1, -1);
		fd = accept(receiver, NULL, NULL);
		if (fd < 0)
			continue;
		converse(fd, false);
		close(fd);
	}
}

static bool connect_once(int *ret_error)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(25)};
	struct timeval patience = {.tv_sec = 20 * test_patience()};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	inet_pton(AF_INET, RECEIVER_IPV4, &to.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	errno = 0;
	ok = !connect(fd, (struct sockaddr *)&to, sizeof(to)) && converse(fd, true);
	*ret_error = errno;
	close(fd);
	return ok;
}

static _Noreturn void send_at_rate(struct churn *churn)
{
	uint64_t next_ms = now_ms();
	int error;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	host_enter(TENANT);
	while (!*(volatile bool *)&churn->ends) {
		int wait_ms = (int)(next_ms - now_ms());

		if (wait_ms > 0)
			poll(NULL, 0, wait_ms);
		next_ms += 1000 / RATE * test_patience();
		if (!connect_once(&error)) {
			__atomic_store_n(&churn->error, error, __ATOMIC_RELAXED);
			__atomic_add_fetch(&churn->failed, 1, __ATOMIC_RELAXED);
		}
		__atomic_add_fetch(&churn->done, 1, __ATOMIC_RELAXED);
	}
	_exit(0);
}

static pid_t start_child(void (*begin)(void *), void *data)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (!pid)
		begin(data);
	return pid;
}

static void begin_receiver(void *receiver)
{
	receive(*(int *)receiver);
}

static void begin_sender(void *churn)
{
	send_at_rate(churn);
}

/* Connects while `between` runs. A single failure fails the test. */
static void connections_survive(int receiver, void (*between)(void))
{
	struct churn *churn = mmap(NULL, sizeof(*churn), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t receivers[RECEIVERS], senders[SENDERS];
	uint64_t start = now_ms();

	for (int i = 0; i < RECEIVERS; i++)
		receivers[i] = start_child(begin_receiver, &receiver);
	for (int i = 0; i < SENDERS; i++)
		senders[i] = start_child(begin_sender, churn);
	cr_assert(wait_for(churn->done > SENDERS, 5000));
	between();
	churn->ends = true;
	for (int i = 0; i < SENDERS; i++)
		waitpid(senders[i], NULL, 0);
	for (int i = 0; i < RECEIVERS; i++)
		host_stop(receivers[i], SIGKILL);
	cr_log_info("%llu connections in %llu ms", (unsigned long long)churn->done,
		    (unsigned long long)(now_ms() - start));
	cr_assert_eq(churn->failed, 0, "%llu of %llu connections failed, the last one by '%s'",
		     (unsigned long long)churn->failed, (unsigned long long)churn->done,
		     strerror(churn->error));
}

static void resize_six_times(void)
{
	static const unsigned capacities[] = {65536, 16384, 131072, 20000, 262144, 32768};

	for (size_t i = 0; i < sizeof(capacities) / sizeof(*capacities); i++) {
		resize(capacities[i]);
		cr_assert_eq(capacity(), capacities[i]);
		poll(NULL, 0, 300); /* traffic over these tables */
	}
}

Test(netns_tables, hundreds_of_connections_a_second_go_on_while_flows_max_goes_up_and_down)
{
	int receiver = receiver_open(25);
	struct capture *capture;
	pid_t stream;
	int status = -1;
	struct talk talk;

	resize(32768);
	postern_agent();
	capture = capture_start();
	talk = talk_must(receiver, &tenant, RECEIVER_IPV6, 25);
	stream = fork();
	if (!stream)
		_exit(!talk_transfer(&talk, 300 << 20, 30 << 20));
	connections_survive(receiver, resize_six_times);
	waitpid(stream, &status, 0);
	cr_assert_eq(status, 0, "the stream broke");
	talk_close(&talk);
	cr_assert_eq(counter("dropped_no_flow"), 0);
	cr_assert_eq(counter("resets_sent"), 0);
	cr_assert_eq(entries("postern_flows"), entries("postern_returns"));
	expect_pools_only(capture);
}

#define TALKS 20

/* No connection waits for the acknowledgement of its end. */
static bool all_is_acknowledged(enum host host)
{
	return host_succeeds(host, "! ss -Htn state fin-wait-1 state fin-wait-2 state closing "
				   "state last-ack state close-wait | grep -q .");
}

Test(netns_tables, flows_are_the_same_afterwards_to_the_last_byte)
{
	struct talk talks[TALKS];
	int receiver = receiver_open(25);
	_cleanup_(free_p) char *before = NULL, *after = NULL;

	resize(4096);
	postern_agent();
	for (int i = 0; i < TALKS; i++) {
		talks[i] = talk_must(receiver, &tenant, i % 2 ? RECEIVER_IPV4 : RECEIVER_IPV6, 25);
		cr_assert(talk_lives(&talks[i]));
	}
	for (int i = 0; i < TALKS / 4; i++)
		talk_close(&talks[i]);
	cr_assert(wait_for(host_succeeds(MAIL,
					 "test $(%s -c %s/postern.conf -j flow list |"
					 "jq 'map(select(.state == \"closing\")) | length') = 5",
					 getenv("POSTERN"), world.directory),
			   2000));
	cr_assert(wait_for(all_is_acknowledged(TENANT) && all_is_acknowledged(INTERNET), 5000));
	before = picture();
	resize(16384);
	after = picture();
	cr_assert_str_eq(after, before);
	cr_assert_eq(timer_now().queued, TALKS);
	resize(1024);
	free(after);
	after = picture();
	cr_assert_str_eq(after, before);
	for (int i = TALKS / 4; i < TALKS; i++) {
		cr_assert(talk_lives(&talks[i]), "connection %d broke", i);
		talk_close(&talks[i]);
	}
}

/* Adds so many flows: copies of the only pair, with other ports. */
static void copy_flow(unsigned count)
{
	_cleanup_(close_fd_p) int flows = open_map("postern_flows");
	_cleanup_(close_fd_p) int returns = open_map("postern_returns");
	struct return_entry entry;
	struct return_key back;
	struct flow_key key;
	struct flow flow;

	cr_assert_eq(bpf_map_get_next_key(flows, NULL, &key), 0);
	cr_assert_eq(bpf_map_lookup_elem(flows, &key, &flow), 0);
	cr_assert_eq(bpf_map_get_next_key(returns, NULL, &back), 0);
	cr_assert_eq(bpf_map_lookup_elem(returns, &back, &entry), 0);
	for (unsigned i = 0; i < count; i++) {
		key.source_port = flow.port = entry.source_port = back.port = (__u16)(20000 + i);
		cr_assert_eq(bpf_map_update_elem(flows, &key, &flow, BPF_ANY), 0);
		cr_assert_eq(bpf_map_update_elem(returns, &back, &entry, BPF_ANY), 0);
	}
}

/*
 * Else the old programs, until they are replaced, would write to maps that nobody reads any more.
 */
Test(netns_tables, other_tables_have_programs_of_their_own_and_the_same_tables_have_not)
{
	uint64_t first, second;

	resize(4096);
	first = programs_in_force();
	cr_assert_neq(first, 0);
	resize(4096);
	cr_assert_eq(programs_in_force(), first);
	resize(8192);
	second = programs_in_force();
	cr_assert_neq(second, first);
	cr_assert_neq(second, GENERATION_NONE);
}

Test(netns_tables, a_flows_max_below_the_use_is_refused_and_nothing_changes)
{
	int receiver = receiver_open(25);
	_cleanup_talk_ struct talk talk = TALK_NONE;
	_cleanup_result_ struct result up = {0};
	_cleanup_(free_p) char *before = NULL, *after = NULL;

	resize(4096);
	postern_agent();
	talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);
	copy_flow(1500);
	before = picture();
	configure(1024);
	up = postern_run("up");
	cr_assert_eq(up.status, 1, "%s", up.text);
	cr_assert_not_null(
		strstr(up.text, "'postern_flows' has 1501 entries in use, expected at most 1024 "
				"(flows_max): wait until flows have ended with the old flows_max"),
		"%s", up.text);
	cr_assert_eq(capacity(), 4096);
	after = picture();
	cr_assert_str_eq(after, before);
	cr_assert(talk_lives(&talk));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
	/* The limit itself: 1501, and the one that was just closed. */
	resize(1502);
	cr_assert_eq(entries("postern_flows"), 1502);
	expect_refused(receiver, &tenant, RECEIVER_IPV4);
	cr_assert(talk_lives(&talk));
}

static bool status_says(const char *expected)
{
	_cleanup_result_ struct result status = postern_run("status");

	cr_expect(status.status == 0 || status.status == 3, "%s", status.text);
	return strstr(status.text, expected);
}

Test(netns_tables, an_up_killed_among_the_pins_holds_all_traffic_until_the_next_one)
{
	const struct generation none = {.in_force = GENERATION_NONE};
	int receiver = receiver_open(25);
	_cleanup_talk_ struct talk talk = TALK_NONE;
	uint32_t zero = 0;

	resize(4096);
	postern_agent();
	talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);
	{
		_cleanup_(close_fd_p) int generation = open_map("postern_gen");

		cr_assert_eq(bpf_map_update_elem(generation, &zero, &none, BPF_ANY), 0);
	}
	expect_refused(receiver, &tenant, RECEIVER_IPV4);
	cr_assert_geq(counter("dropped_moving"), 1);
	cr_assert_eq(counter("resets_sent"), 0);
	cr_assert(status_says("datapath  HOLDS all steered traffic"));
	free(postern_must("up"));
	cr_assert(status_says("datapath  attached"));
	cr_assert(talk_lives(&talk));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
}

Test(netns_tables, a_bucket_that_is_empty_stays_empty_in_other_maps)
{
	const struct setup setup = {.more = "sender \"limited\" { source = { \"10.1.8.2\" } "
					    "connections_per_minute = 1 }\n"};
	const struct origin limited = {.host = TENANT, .bind = TENANT_OTHER};
	int receiver = receiver_open(25);
	const char *conf = postern_configure(&setup);

	free(postern_must("up"));
	postern_agent();
	while (counter("over_limit") == 0) {
		_cleanup_talk_ struct talk talk = talk_must(receiver, &limited, RECEIVER_IPV4, 25);
	}
	free(host_must(MAIL, "sed -i '1i senders_max = 4096\\nflows_max = 4096' %s", conf));
	free(postern_must("up"));
	expect_pool(receiver, &limited, RECEIVER_IPV4, "high-risk");
	cr_assert_eq(counter("over_limit"), 2);
}
