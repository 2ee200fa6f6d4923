/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `up` that fails, is killed, or meets a changed configuration or programs of others; and `down`
 * after each.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/postern.h"
#include "postern/abi.h"

TestSuite(netns_up, .init = world_init, .fini = world_done, .timeout = 60);

static const struct origin tenant = {.host = TENANT};

/*
 * The parts of the mail host that `up` may change. Link-local addresses appear by themselves; ids
 * of programs are left out.
 */
static char *host_picture(void)
{
	return host_must(
		MAIL,
		"ip -o address show | sed 's/ *valid_lft.*//; / fe80::/d'; tc qdisc show;"
		"for d in egress ingress; do tc filter show dev wan $d;"
		"tc filter show dev lan $d; done | sed 's/:\\[[0-9]*\\]//; s/ id [0-9]*//';"
		"ls $pin_path 2>&1;"
		"ls %s/run/journal 2>&1 || true",
		world.directory);
}

/* Edits the configuration of postern_configure() by a sed script. */
static void configure(const char *script)
{
	const char *conf = postern_configure(NULL);

	free(host_must(MAIL, "sed -i '%s' %s", script, conf));
}

#define BOTH_INTERFACES "s/\"wan\"/\"wan\", \"lan\"/"
#define ON_CLSACT	"s/^egress.*/egress = \"clsact\"/"

/* A classic program is enough to occupy the place of ours. */
#define FOREIGN_FILTER(priority)                                                                   \
	"tc filter add dev lan egress prio " priority                                              \
	" handle 1 bpf bytecode \"1,6 0 0 4294967295\";"
#define FOREIGN_FILTERS "tc qdisc add dev lan clsact;" FOREIGN_FILTER("1") FOREIGN_FILTER("2525")

static const struct failure {
	const char *name, *prepare, *edit, *text;
} failures[] = {
	{"no such user", "true", "s/nobody/nosuchuser/", "useradd --system"},
	{"the second interface is missing", "true", "s/\"wan\"/\"wan\", \"nosuch0\"/", "nosuch0"},
	{"a pool address cannot be added", "sysctl -qw net.ipv6.conf.wan.disable_ipv6=1", "",
	 "2001:db8:1::10: IPv6 is disabled"},
	{"a handle cannot be added", "sysctl -qw net.ipv6.conf.lo.disable_ipv6=1", "",
	 HANDLE_NORMAL6},
	{"foreign filters in our places on the second interface", FOREIGN_FILTERS,
	 BOTH_INTERFACES ";" ON_CLSACT, "'lan'"},
	{"an ingress qdisc on the second interface", "tc qdisc add dev lan ingress",
	 BOTH_INTERFACES ";" ON_CLSACT, "clsact"},
	{"a pin path on no bpffs", "true", "s|/sys/fs/bpf/|/tmp/|", "not on a BPF file system"},
};

Test(netns_up, a_failure_midway_leaves_nothing)
{
	setenv("directory", world.directory, 1);
	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
		const struct failure *failure = &failures[i];
		_cleanup_(free_p) char *before = NULL, *after = NULL;
		_cleanup_result_ struct result up = {0};

		configure(failure->edit);
		free(host_must(MAIL, "%s", failure->prepare));
		before = host_picture();
		up = postern_run("up");
		cr_expect_eq(up.status, 1, "%s: exit %d", failure->name, up.status);
		cr_expect_not_null(strstr(up.text, failure->text), "%s: %s", failure->name,
				   up.text);
		cr_expect_eq(strchr(up.text, '\n'), up.text + strlen(up.text) - 1, "%s: %s",
			     failure->name, up.text);
		after = host_picture();
		cr_expect_str_eq(before, after, "%s", failure->name);
		free(host_must(MAIL, "sysctl -qw net.ipv6.conf.wan.disable_ipv6=0 "
				     "net.ipv6.conf.lo.disable_ipv6=0;"
				     "tc qdisc del dev lan clsact 2>&1;"
				     "tc qdisc del dev lan ingress 2>&1; rm -rf $directory/state"));
	}
}

Test(netns_up, a_failure_over_a_running_datapath_leaves_it_running)
{
	int receiver = receiver_open(25);
	_cleanup_(free_p) char *before = NULL, *after = NULL;
	_cleanup_result_ struct result up = {0};

	postern_begin(NULL);
	before = host_picture();
	configure(BOTH_INTERFACES ";" ON_CLSACT ";s/192.0.2.11/192.0.2.19/");
	free(host_must(MAIL, FOREIGN_FILTERS));
	up = postern_run("up");
	cr_assert_eq(up.status, 1, "%s", up.text);
	free(host_must(MAIL, "tc qdisc del dev lan clsact"));
	after = host_picture();
	cr_assert_str_eq(before, after);
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
}

/* Measures an `up`; leaves it up. */
static uint64_t up_ms(void)
{
	uint64_t start = now_ms();

	free(postern_must("up"));
	return now_ms() - start;
}

/* Starts an `up` and kills it after the given share of its time. */
static void kill_up(uint64_t whole_ms, int step, int steps)
{
	const char *const argv[] = {getenv("POSTERN"), "-c", postern_configure(NULL), "up", NULL};
	pid_t pid = host_start(MAIL, "up", argv);

	poll(NULL, 0, (int)(whole_ms * step / steps));
	host_stop(pid, SIGKILL);
}

Test(netns_up, killed_at_any_moment_it_is_undone_by_down)
{
	_cleanup_(free_p) char *before = NULL;
	uint64_t whole_ms;

	postern_configure(NULL);
	before = host_picture();
	whole_ms = up_ms();
	free(postern_must("down"));
	for (int step = 0; step < 16; step++) {
		_cleanup_(free_p) char *after = NULL;

		kill_up(whole_ms, step, 16);
		free(postern_must("down"));
		after = host_picture();
		cr_assert_str_eq(before, after, "killed in step %d of 16", step);
	}
}

Test(netns_up, killed_at_any_moment_it_is_completed_by_the_next_one)
{
	_cleanup_(free_p) char *whole = NULL;
	uint64_t whole_ms;

	postern_configure(NULL);
	whole_ms = up_ms();
	whole = host_picture();
	for (int step = 0; step < 8; step++) {
		_cleanup_(free_p) char *after = NULL;

		free(postern_must("down"));
		kill_up(whole_ms, step, 8);
		free(postern_must("up"));
		after = host_picture();
		cr_assert_str_eq(whole, after, "killed in step %d of 8", step);
	}
}

Test(netns_up, several_at_once_wait_for_each_other)
{
	_cleanup_(free_p) char *before = NULL, *between = NULL, *after = NULL;
	const char *conf = postern_configure(NULL);

	before = host_picture();
	free(host_must(MAIL,
		       "for i in 1 2 3 4 5; do %s -c %s up & all=\"$all $!\"; done;"
		       "for pid in $all; do wait $pid || exit 1; done",
		       getenv("POSTERN"), conf));
	between = host_must(MAIL, "grep -v '^#' %s/run/journal | sort | uniq -d", world.directory);
	cr_assert_str_eq(between, "");
	free(postern_must("down"));
	after = host_picture();
	cr_assert_str_eq(before, after);
}

/* Our egress program, on either kind of hook. */
static bool has_hook(const char *interface)
{
	return host_succeeds(MAIL,
			     "ls $pin_path | grep link_%s_egress ||"
			     "tc filter show dev %s egress | grep postern_egress",
			     interface, interface);
}

Test(netns_up, a_changed_configuration_is_taken_over_and_only_its_remains_are_removed)
{
	_cleanup_(free_p) char *before = NULL, *between = NULL, *after = NULL;

	configure(BOTH_INTERFACES);
	before = host_picture();
	free(postern_must("up"));
	configure("s/192.0.2.11/192.0.2.19/;s/100.127.0.2/100.127.0.9/");
	free(postern_must("up"));
	between = host_picture();
	cr_expect_not_null(strstr(between, "192.0.2.10/32"), "%s", between);
	cr_expect_not_null(strstr(between, "192.0.2.19/32"), "%s", between);
	cr_expect_null(strstr(between, "192.0.2.11/32"), "%s", between);
	cr_expect_not_null(strstr(between, "100.127.0.9/32"), "%s", between);
	cr_expect_null(strstr(between, "100.127.0.2/32"), "%s", between);
	cr_expect(has_hook("wan"), "%s", between);
	cr_expect(!has_hook("lan"), "%s", between);
	free(postern_must("down"));
	after = host_picture();
	cr_assert_str_eq(before, after);
}

/* The largest number of addresses that is allowed, from 10.0.`third`.0 on. */
static void configure_many(unsigned third)
{
	char *pools = NULL;
	size_t size;
	FILE *out = open_memstream(&pools, &size);

	fputs("plumb = false\npool \"normal\" { addresses = {", out);
	for (unsigned i = 0; i < POSTERN_ADDRESSES_MAX - 4; i++)
		fprintf(out, "%s \"10.0.%u.%u\"", i ? "," : "", third + (i >> 8), i & 0xff);
	fputs(" } }\npool \"high-risk\" { addresses = \"192.0.2.20\" }\n", out);
	fclose(out);
	postern_configure(&(struct setup){.pools = pools});
	free(pools);
}

Test(netns_up, all_addresses_of_a_full_configuration_can_be_replaced_at_once)
{
	_cleanup_(free_p) char *list = NULL;

	configure_many(0);
	free(postern_must("up"));
	configure_many(100);
	free(postern_must("up"));
	list = postern_must("-j pool list | jq -r '.[0].addresses[0].address'");
	cr_assert_not_null(strstr(list, "10.0.100.0\n"), "%s", list);
}

Test(netns_up, connections_to_a_port_no_longer_steered_continue_and_new_ones_leave_unchanged)
{
	static const struct origin lane = {.host = MAIL, .bind = HANDLE_HIGH_RISK};
	_cleanup_talk_ struct talk forwarded = TALK_NONE, own = TALK_NONE, next = TALK_NONE;
	int receiver = receiver_open(587);

	postern_configure(&(struct setup){.more = "ports = { 25, 587 }"});
	free(postern_must("up"));
	forwarded = talk_must(receiver, &tenant, RECEIVER_IPV4, 587);
	own = talk_must(receiver, &lane, RECEIVER_IPV4, 587);
	cr_assert_str_eq(pool_of(own.from), "high-risk");
	postern_configure(NULL);
	free(postern_must("up"));
	cr_assert(talk_transfer(&forwarded, 1 << 20, 1 << 20));
	cr_assert(talk_transfer(&own, 1 << 20, 1 << 20));
	next = talk_must(receiver, &tenant, RECEIVER_IPV4, 587);
	cr_assert_str_eq(next.from, TENANT_IPV4);
	cr_assert(talk_transfer(&next, 1 << 20, 1 << 20));
}

static void switches(const char *from, const char *to)
{
	_cleanup_(free_p) char *before = NULL, *between = NULL, *expected = NULL, *after = NULL;
	int receiver = receiver_open(25);
	_cleanup_talk_ struct talk talk = TALK_NONE;

	postern_configure(NULL);
	before = host_picture();
	postern_configure(&(struct setup){.egress = to});
	free(postern_must("up"));
	expected = host_picture();
	free(postern_must("down"));
	postern_configure(&(struct setup){.egress = from});
	free(postern_must("up"));
	talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);
	postern_configure(&(struct setup){.egress = to});
	free(postern_must("up"));
	between = host_picture();
	cr_assert_eq(strlen(between), strlen(expected), "expected %s\nfound %s", expected, between);
	cr_assert(talk_transfer(&talk, 1 << 20, 1 << 20));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
	free(postern_must("down"));
	after = host_picture();
	cr_assert_str_eq(before, after);
}

Test(netns_up, from_clsact_to_tcx_no_connection_is_lost)
{
	NEEDS_TCX();
	switches("clsact", "tcx");
}

Test(netns_up, from_tcx_to_clsact_no_connection_is_lost)
{
	NEEDS_TCX();
	switches("tcx", "clsact");
}

Test(netns_up, a_foreign_filter_on_clsact_stays_and_so_does_its_qdisc)
{
	_cleanup_(free_p) char *before = NULL, *after = NULL;

	configure(BOTH_INTERFACES ";" ON_CLSACT);
	free(host_must(MAIL, "tc qdisc add dev lan clsact;" FOREIGN_FILTER("7")));
	before = host_picture();
	free(postern_must("up"));
	free(postern_must("down"));
	after = host_picture();
	cr_assert_str_eq(before, after);
	/* The same for a foreign filter on a qdisc that `up` added. */
	free(host_must(MAIL, "tc qdisc del dev lan clsact"));
	free(postern_must("up"));
	free(host_must(MAIL, "tc filter add dev lan egress prio 7 handle 1 "
			     "bpf bytecode \"1,6 0 0 4294967295\""));
	free(postern_must("down"));
	free(after);
	after = host_picture();
	cr_assert_str_eq(before, after);
}

static void loses_its_journal(const char *egress)
{
	_cleanup_(free_p) char *picture = NULL;

	postern_configure(&(struct setup){.egress = egress});
	free(postern_must("up"));
	free(host_must(MAIL, "rm %s/run/journal", world.directory));
	free(postern_must("down"));
	picture = host_must(MAIL, "ls $pin_path 2>&1; bpftool net show dev wan;"
				  "tc filter show dev wan egress; tc filter show dev wan ingress");
	cr_assert_null(strstr(picture, "postern_"), "%s", picture);
	cr_assert_not_null(strstr(picture, "No such file"), "%s", picture);
}

Test(netns_up, without_its_journal_down_still_removes_pins_and_hooks)
{
	loses_its_journal("auto");
	loses_its_journal("clsact");
}

Test(netns_up, down_succeeds_though_parts_are_gone)
{
	_cleanup_(free_p) char *left = NULL;

	configure(BOTH_INTERFACES);
	free(postern_must("up"));
	free(host_must(MAIL, "ip link del lan; ip address del 192.0.2.10/32 dev wan;"
			     "ip address del " HANDLE_NORMAL "/32 dev lo;"
			     "rm -f $pin_path/postern_flows $pin_path/link_wan_ingress"));
	free(postern_must("down"));
	left = host_must(MAIL, "ls $pin_path %s/run/journal 2>&1 | grep -v 'No such' || true",
			 world.directory);
	cr_assert_str_eq(left, "");
}

Test(netns_up, a_recreated_interface_is_attached_again)
{
	_cleanup_(free_p) char *status = NULL;
	const char *expected =
		kernel_has_tcx()
			? "{\"name\":\"lan\",\"egress\":\"tcx\",\"ingress\":\"tcx\"}"
			: "{\"name\":\"lan\",\"egress\":\"clsact\",\"ingress\":\"clsact\"}";

	configure(BOTH_INTERFACES);
	free(postern_must("up"));
	free(host_must(MAIL, "ip link del lan; ip link add lan type veth peer name other;"
			     "ip link set lan up"));
	free(postern_must("up"));
	status = postern_must("-j status | jq -c .datapath.interfaces");
	cr_assert_not_null(strstr(status, expected), "%s", status);
}

static void expect_state_owner(const char *owner)
{
	_cleanup_(free_p) char *found =
		host_must(MAIL, "stat -c %%U %s/state/state.db", world.directory);

	found[strcspn(found, "\n")] = '\0';
	cr_expect_str_eq(found, owner);
}

Test(netns_up, the_state_file_becomes_the_users_but_a_file_of_another_user_stays)
{
	postern_configure(NULL);
	free(postern_must("up"));
	expect_state_owner("nobody");
	free(host_must(MAIL, "chown root:root %s/state/state.db", world.directory));
	free(postern_must("up"));
	expect_state_owner("nobody");
	free(host_must(MAIL, "chown daemon %s/state/state.db", world.directory));
	free(postern_must("up"));
	expect_state_owner("daemon");
}

/* The directory belongs to the agent's user, who may put any file there. */
Test(netns_up, a_pipe_in_place_of_the_lock_blocks_nobody)
{
	postern_configure(NULL);
	free(postern_must("up"));
	free(host_must(MAIL, "rm %s/run/up.lock && mkfifo %s/run/up.lock", world.directory,
		       world.directory));
	free(host_must(MAIL, "timeout 10 %s -c %s/postern.conf down", getenv("POSTERN"),
		       world.directory));
}
