/* SPDX-License-Identifier: BSD-2-Clause */
/* `up` over a running datapath: flows live on, old programs end, and maps take another capacity. */
#include <criterion/criterion.h>
#include <bpf/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/hostile.h"
#include "netns/postern.h"
#include "postern/abi.h"

TestSuite(netns_upgrade, .init = world_init, .fini = world_done, .timeout = 90);

#define CONNECTIONS 200

static const struct origin tenant = {.host = TENANT};
static const struct origin local = {.host = MAIL};

/* The configuration of postern_configure() with these capacities. */
static void configure(unsigned capacity)
{
	const char *conf = postern_configure(NULL);

	free(host_must(MAIL, "sed -i '1i senders_max = %u\\nflows_max = %u' %s", capacity, capacity,
		       conf));
}

static void expect_capacity(unsigned capacity)
{
	static const char *const maps[] = {"senders", "nets",  "verdict",
					   "usage",   "flows", "returns"};

	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++) {
		_cleanup_(free_p) char *found =
			host_must(MAIL,
				  "bpftool -j map show pinned $pin_path/postern_%s |"
				  "jq .max_entries",
				  maps[i]);

		cr_assert_eq(strtoul(found, NULL, 10), capacity, "%s: %s", maps[i], found);
	}
}

static unsigned flows_of(const char *sender)
{
	_cleanup_(free_p) char *text = postern_must("-j sender show %s | jq .usage.flows", sender);

	return (unsigned)strtoul(text, NULL, 10);
}

/* Streams on two connections, each in a process of its own, while `between` runs. */
static void streams_survive(const struct talk talks[2], void (*between)(void))
{
	pid_t streams[2];

	for (int i = 0; i < 2; i++) {
		streams[i] = fork();
		if (!streams[i])
			_exit(!talk_transfer(&talks[i], 300 << 20, 30 << 20));
	}
	between();
	for (int i = 0; i < 2; i++) {
		int status = -1;

		waitpid(streams[i], &status, 0);
		cr_assert_eq(status, 0, "stream %d broke", i);
	}
}

static void survives(void (*between)(void))
{
	struct talk talks[CONNECTIONS];
	struct capture *capture;
	int receiver = receiver_open(25);

	configure(2048);
	free(postern_must("up"));
	postern_agent();
	capture = capture_start();
	for (int i = 0; i < CONNECTIONS; i++)
		talks[i] = talk_must(receiver, i % 2 ? &tenant : &local,
				     i % 4 < 2 ? RECEIVER_IPV4 : RECEIVER_IPV6, 25);
	streams_survive(talks, between);
	for (int i = 0; i < CONNECTIONS; i++)
		cr_assert(talk_lives(&talks[i]), "connection %d broke", i);
	cr_assert_eq(flows_of("tenant-7"), CONNECTIONS / 2);
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
	for (int i = 0; i < CONNECTIONS; i++)
		talk_close(&talks[i]);
	expect_pools_only(capture);
}

static void up_twice(void)
{
	free(postern_must("up"));
	free(postern_must("up"));
}

Test(netns_upgrade, two_hundred_connections_and_streams_live_through_up_twice)
{
	survives(up_twice);
}

static void resize_twice(void)
{
	configure(4096);
	free(postern_must("up"));
	expect_capacity(4096);
	configure(1024);
	free(postern_must("up"));
	expect_capacity(1024);
}

Test(netns_upgrade, two_hundred_connections_and_streams_live_through_another_capacity_twice)
{
	survives(resize_twice);
}

static bool has_verdict(const char *sender, const char *pool)
{
	return host_succeeds(MAIL,
			     "bpftool -j map dump pinned $pin_path/postern_verdict | jq -e '"
			     ".[].formatted.value | select(.label == \"%s\") |"
			     "select(.pool_label == \"%s\")'",
			     sender, pool);
}

static bool sets(const char *pool)
{
	_cleanup_result_ struct result set = postern_run("sender set tenant-7 %s", pool);

	return set.status == 0;
}

Test(netns_upgrade, another_capacity_keeps_verdicts_and_the_agent_opens_the_new_maps)
{
	int receiver = receiver_open(25);
	pid_t agent;

	configure(2048);
	free(postern_must("up"));
	agent = postern_agent();
	free(postern_must("sender set tenant-7 high-risk"));
	free(postern_must("sender block tenant-8"));
	configure(4096);
	free(postern_must("up"));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
	expect_refused(receiver, &(struct origin){.host = TENANT, .bind = TENANT_OTHER},
		       RECEIVER_IPV4);
	/* Until the agent has the new maps it refuses changes, rather than lose them. */
	cr_assert(wait_for(sets("relay"), 5000));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "relay");
	cr_assert_eq(kill(agent, 0), 0, "the agent has ended");
	free(host_must(MAIL, "! ls $pin_path | grep _new"));
}

static void write_layout(uint32_t layout)
{
	_cleanup_(close_fd_p) int map = -1;
	struct control control;
	uint32_t zero = 0;
	char path[128];

	snprintf(path, sizeof(path), "%s/postern_control", world.pin_path);
	map = bpf_obj_get(path);
	cr_assert_geq(map, 0);
	cr_assert_eq(bpf_map_lookup_elem(map, &zero, &control), 0);
	control.layout = layout;
	cr_assert_eq(bpf_map_update_elem(map, &zero, &control, BPF_ANY), 0);
}

/* As after an upgrade. The agent's supervisor starts it again, by then in the new version. */
Test(netns_upgrade, an_agent_that_cannot_open_the_new_maps_exits_with_status_1)
{
	pid_t agent;
	int status = 0;

	configure(2048);
	free(postern_must("up"));
	agent = postern_agent();
	kill(agent, SIGSTOP);
	configure(4096);
	free(postern_must("up"));
	write_layout(POSTERN_LAYOUT + 1);
	kill(agent, SIGCONT);
	cr_assert(wait_for(waitpid(agent, &status, WNOHANG) == agent, 5000));
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status %x", status);
	write_layout(POSTERN_LAYOUT);
}

Test(netns_upgrade, an_agent_whose_file_has_errors_by_then_follows_the_new_maps_all_the_same)
{
	pid_t agent;

	configure(2048);
	free(postern_must("up"));
	agent = postern_agent();
	free(postern_must("sender set tenant-7 high-risk"));
	kill(agent, SIGSTOP);
	configure(4096);
	free(postern_must("up"));
	free(host_must(MAIL, "cp $directory/postern.conf $directory/good;"
			     "echo 'nonsense = 1' >>$directory/postern.conf"));
	kill(agent, SIGCONT);
	cr_assert(wait_for(host_succeeds(MAIL, "grep -q 'reloading the configuration: .*nonsense' "
					       "$directory/agent.log"),
			   5000));
	cr_assert_eq(kill(agent, 0), 0, "the agent has ended");
	free(host_must(MAIL, "cp $directory/good $directory/postern.conf"));
	kill(agent, SIGHUP);
	cr_assert(sets("relay"));
	cr_assert(has_verdict("tenant-7", "relay"));
}

static void write_timeouts(uint64_t established_ms, uint64_t transitory_ms)
{
	_cleanup_(close_fd_p) int map = -1;
	struct control control;
	uint32_t zero = 0;
	char path[128];

	snprintf(path, sizeof(path), "%s/postern_control", world.pin_path);
	map = bpf_obj_get(path);
	cr_assert_geq(map, 0);
	cr_assert_eq(bpf_map_lookup_elem(map, &zero, &control), 0);
	control.established_ns = established_ms * 1000000;
	control.transitory_ns = transitory_ms * 1000000;
	cr_assert_eq(bpf_map_update_elem(map, &zero, &control, BPF_ANY), 0);
}

/* The flow's timer was set by a program that is gone, and that used a map that is gone. */
Test(netns_upgrade, an_old_flow_ends_by_its_timeout_and_is_counted_down)
{
	int receiver = receiver_open(25);

	configure(2048);
	free(postern_must("up"));
	postern_agent();
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);

		cr_assert_eq(flows_of("tenant-7"), 1);
		configure(4096);
		free(postern_must("up"));
		cr_assert_eq(flows_of("tenant-7"), 1);
		write_timeouts(1, 1);
		cr_assert(wait_for(flows_of("tenant-7") == 0, 8000));
	}
}

static char *program_ids(void)
{
	return host_must(MAIL, "map=$(bpftool -j map show pinned $pin_path/postern_flows | jq .id);"
			       "bpftool -j prog show | jq -r --argjson map $map"
			       "	'.[] | select(.map_ids // [] | index($map)) | .id'");
}

static bool all_are_gone(const char *ids)
{
	return host_succeeds(MAIL,
			     "for id in $(echo '%s'); do"
			     "	! bpftool prog show id $id >/dev/null 2>&1 || exit 1;"
			     "done",
			     ids);
}

Test(netns_upgrade, old_programs_are_gone_although_their_flows_live)
{
	int receiver = receiver_open(25);
	_cleanup_talk_ struct talk talk = TALK_NONE;
	_cleanup_(free_p) char *before = NULL;

	NOT_HOSTILE("the guard keeps the programs that it puts back");
	postern_begin(NULL);
	talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);
	before = program_ids();
	cr_assert_str_neq(before, "");
	cr_assert_not(all_are_gone(before));
	free(postern_must("up"));
	cr_assert(wait_for(all_are_gone(before), 5000), "some still exist of %s", before);
	cr_assert(talk_lives(&talk));
}

/* The state in which an `up` leaves the map if it is killed after it froze it. */
Test(netns_upgrade, a_map_that_was_left_frozen_is_replaced_by_the_next_up)
{
	_cleanup_(close_fd_p) int map = -1;
	int receiver = receiver_open(25);
	char path[128];

	configure(2048);
	free(postern_must("up"));
	postern_agent();
	free(postern_must("sender set tenant-7 high-risk"));
	snprintf(path, sizeof(path), "%s/postern_verdict", world.pin_path);
	map = bpf_obj_get(path);
	cr_assert_eq(bpf_map_freeze(map), 0);
	cr_assert_not(sets("relay"));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
	free(postern_must("up"));
	cr_assert(wait_for(sets("relay"), 5000));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "relay");
}

static void add_senders(unsigned count)
{
	free(host_must(
		MAIL,
		"for i in $(seq %u); do echo \"sender \\\"s$i\\\" { mark = { $((1000 + i)) } }\";"
		"done >>%s/postern.conf",
		count, world.directory));
}

Test(netns_upgrade, a_capacity_below_the_use_is_refused_and_nothing_changes)
{
	int receiver = receiver_open(25);
	_cleanup_result_ struct result up = {0};

	configure(2048);
	add_senders(1200);
	free(postern_must("up"));
	postern_agent();
	configure(1024);
	up = postern_run("up");
	cr_assert_eq(up.status, 1, "%s", up.text);
	cr_assert_not_null(strstr(up.text, "entries in use, expected at most 1024 (senders_max)"),
			   "%s", up.text);
	expect_capacity(2048);
	free(postern_must("sender set tenant-7 high-risk"));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
}

/* Starts an `up` with another capacity and kills it after the given share of its time. */
static void kill_up(uint64_t whole_ms, int step, int steps)
{
	char conf[64];
	const char *const argv[] = {getenv("POSTERN"), "-c", conf, "up", NULL};
	pid_t pid;

	snprintf(conf, sizeof(conf), "%s/postern.conf", world.directory);
	pid = host_start(MAIL, "up", argv);
	poll(NULL, 0, (int)(whole_ms * (uint64_t)step / (uint64_t)steps));
	host_stop(pid, SIGKILL);
}

static bool is_stuck(void)
{
	return host_succeeds(MAIL, "bpftool -j map dump pinned $pin_path/postern_gen |"
				   "jq -e '.[].formatted.value.in_force > 18446744073709551000'");
}

Test(netns_upgrade, killed_while_capacities_change_it_is_completed_by_the_next_one)
{
	int receiver = receiver_open(25);
	_cleanup_talk_ struct talk talk = TALK_NONE;
	uint64_t start, whole_ms;

	configure(2048);
	free(postern_must("up"));
	postern_agent();
	free(postern_must("sender set tenant-7 high-risk"));
	talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);
	configure(4096);
	start = now_ms();
	free(postern_must("up"));
	whole_ms = now_ms() - start;
	for (int step = 4; step < 16; step++) {
		unsigned capacity = step % 2 ? 2048 : 8192;

		configure(capacity);
		kill_up(whole_ms, step, 16);
		/* Killed while the maps change places, `up` leaves traffic held until the next. */
		cr_assert(is_stuck() || talk_lives(&talk), "killed in step %d of 16", step);
		/* The previous capacity, which part of the maps may have. */
		if (step % 3 == 0)
			configure(capacity = 4096);
		free(postern_must("up"));
		expect_capacity(capacity);
		expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
		cr_assert(talk_lives(&talk));
	}
	cr_assert(wait_for(sets("relay"), 5000));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "relay");
}
