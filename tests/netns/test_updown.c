/* SPDX-License-Identifier: BSD-2-Clause */
/* `up` and `down` from the host's point of view: before, between and after. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/hostile.h"
#include "netns/postern.h"
#include "postern/abi.h"

TestSuite(netns_updown, .init = world_init, .fini = world_done, .timeout = 60);

static const struct origin tenant = {.host = TENANT};
static const struct origin local = {.host = MAIL};

/* Addresses without their lifetimes, qdiscs, filters and pins of the mail host. */
static char *host_picture(void)
{
	return host_must(MAIL,
			 "ip -o address show | sed 's/ *valid_lft.*//'; tc qdisc show;"
			 "tc filter show dev wan egress; tc filter show dev wan ingress;"
			 "ls %s 2>&1; bpftool -j net show dev wan | jq -c '.[]|[.tc, .xdp]'",
			 world.pin_path);
}

/*
 * The pinned maps, the programs that use them and the links of these programs, one "kind id" a
 * line.
 */
static char *kernel_objects(void)
{
	return host_must(
		MAIL,
		"maps=$(for pin in %s/postern_*; do bpftool -j map show pinned $pin;"
		"	done | jq -s 'map(.id)');"
		"programs=$(bpftool -j prog show | jq --argjson maps \"$maps\""
		"	'map(select(.map_ids // [] | any(. as $id | $maps | index($id))).id)');"
		"jq -nr --argjson a \"$maps\" '$a[] | \"map \\(.)\"';"
		"jq -nr --argjson a \"$programs\" '$a[] | \"prog \\(.)\"';"
		"bpftool -j link show | jq -r --argjson programs \"$programs\""
		"	'.[] | select(.prog_id as $id | $programs | index($id)) |"
		"	\"link \\(.id)\"'",
		world.pin_path);
}

static bool none_exists(const char *objects)
{
	return host_succeeds(MAIL,
			     "echo '%s' | while read kind id; do"
			     "	! bpftool $kind show id $id >/dev/null 2>&1 || exit 1;"
			     "done",
			     objects);
}

static void leaves_the_host_as_it_was(const char *egress)
{
	_cleanup_(free_p) char *before = NULL, *between = NULL, *after = NULL;
	_cleanup_(free_p) char *objects = NULL;
	int receiver = receiver_open(25);
	pid_t agent;

	postern_configure(NULL);
	before = host_picture();
	agent = postern_begin(&(struct setup){.egress = egress});
	between = host_picture();
	cr_assert_str_neq(before, between);
	cr_assert_not_null(strstr(between, "192.0.2.10/32"), "%s", between);
	cr_assert_not_null(strstr(between, HANDLE_NORMAL "/32"), "%s", between);
	objects = kernel_objects();
	cr_assert_not_null(strstr(objects, "prog "), "%s", objects);
	cr_assert_not_null(strstr(objects, "map "), "%s", objects);
	cr_assert(!none_exists(objects));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
	expect_pool(receiver, &local, RECEIVER_IPV6, "normal");
	host_stop(agent, SIGTERM);
	free(postern_must("down"));
	after = host_picture();
	cr_assert_str_eq(before, after);
	/* There the guard keeps its programs and their maps. */
	cr_assert(hostile() || wait_for(none_exists(objects), 10000), "some still exist of:\n%s",
		  objects);
}

Test(netns_updown, with_tcx_nothing_stays_after_down)
{
	leaves_the_host_as_it_was("auto");
}

Test(netns_updown, with_clsact_nothing_stays_after_down)
{
	leaves_the_host_as_it_was("clsact");
}

Test(netns_updown, down_leaves_everything_older_than_up)
{
	_cleanup_(free_p) char *before = NULL, *after = NULL;

	free(host_must(MAIL, "ip address add 192.0.2.10/32 dev wan;"
			     "ip address add " HANDLE_NORMAL "/32 dev lo;"
			     "tc qdisc add dev wan clsact"));
	postern_configure(&(struct setup){.egress = "clsact"});
	before = host_picture();
	free(postern_must("up"));
	free(postern_must("down"));
	after = host_picture();
	cr_assert_str_eq(before, after);
}

Test(netns_updown, down_twice_and_down_before_up_are_no_errors)
{
	postern_configure(NULL);
	free(postern_must("down"));
	free(postern_must("up"));
	free(postern_must("down"));
	free(postern_must("down"));
}

/* Sends without a pause until the connection ends, or the test does. */
static pid_t send_without_end(const struct talk *talk)
{
	static const char bytes[4096];
	pid_t pid = fork();

	if (pid)
		return pid;
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(world.watchdog_pipe);
	close(talk->server);
	while (write(talk->client, bytes, sizeof(bytes)) > 0)
		;
	_exit(errno == ECONNABORTED ? 0 : 1);
}

static pid_t drain(const struct talk *talk)
{
	static char bytes[65536];
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(world.watchdog_pipe);
	close(talk->client);
	while (read(talk->server, bytes, sizeof(bytes)) > 0)
		;
	_exit(errno == ECONNRESET ? 0 : 1);
}

static void expect_end(pid_t pid, const char *what)
{
	int status = -1;

	waitpid(pid, &status, 0);
	cr_expect_eq(status, 0, "%s", what);
}

/* The host's own connections, bound to handles and not, in both families. */
static void down_lets_nothing_out(const char *egress)
{
	static const char *const bound[] = {NULL, HANDLE_HIGH_RISK, HANDLE_NORMAL6};
	struct capture *capture;
	pid_t senders[3], drains[3];
	int receiver = receiver_open(25);

	postern_configure(&(struct setup){.egress = egress});
	free(postern_must("up"));
	capture = capture_start();
	for (int i = 0; i < 3; i++) {
		const struct origin origin = {.host = MAIL, .bind = bound[i]};
		_cleanup_talk_ struct talk talk =
			talk_must(receiver, &origin, i == 2 ? RECEIVER_IPV6 : RECEIVER_IPV4, 25);

		senders[i] = send_without_end(&talk);
		drains[i] = drain(&talk);
	}
	free(postern_must("down"));
	for (int i = 0; i < 3; i++) {
		expect_end(senders[i], "the program was not told");
		expect_end(drains[i], "the remote end was not told");
	}
	expect_pools_only(capture);
}

Test(netns_updown, down_under_traffic_by_tcx_lets_nothing_out_untranslated)
{
	NEEDS_TCX();
	down_lets_nothing_out("tcx");
}

Test(netns_updown, down_under_traffic_by_clsact_lets_nothing_out_untranslated)
{
	down_lets_nothing_out("clsact");
}

static void up_again_loses_nothing(const char *egress)
{
	_cleanup_(free_p) char *after_first = NULL, *after_last = NULL;
	struct talk talks[20];
	struct capture *capture;
	int receiver = receiver_open(25), status = -1;
	pid_t stream;

	postern_begin(&(struct setup){.egress = egress});
	after_first = host_picture();
	capture = capture_start();
	for (int i = 0; i < 20; i++)
		talks[i] = talk_must(receiver, i % 2 ? &tenant : &local,
				     i % 3 ? RECEIVER_IPV4 : RECEIVER_IPV6, 25);
	stream = fork();
	if (!stream)
		_exit(!talk_transfer(&talks[0], 600 << 20, 60 << 20));
	for (int i = 0; i < 3; i++) {
		free(postern_must("up"));
		expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
	}
	waitpid(stream, &status, 0);
	cr_assert_eq(status, 0, "the transfer broke");
	for (int i = 0; i < 20; i++)
		cr_assert(talk_lives(&talks[i]), "connection %d broke", i);
	for (int i = 0; i < 20; i++)
		talk_close(&talks[i]);
	expect_pools_only(capture);
	after_last = host_picture();
	cr_assert_eq(strlen(after_first), strlen(after_last), "before %s\nafter %s", after_first,
		     after_last);
}

Test(netns_updown, up_over_a_running_datapath_loses_no_connection)
{
	up_again_loses_nothing("auto");
}

Test(netns_updown, up_over_a_running_datapath_on_clsact_loses_no_connection)
{
	up_again_loses_nothing("clsact");
}

Test(netns_updown, a_connection_older_than_up_lives_on_unless_its_sender_is_known)
{
	int receiver = receiver_open(25);
	_cleanup_talk_ struct talk of_nobody = talk_must(receiver, &local, RECEIVER_IPV4, 25);
	_cleanup_talk_ struct talk of_nobody6 = talk_must(receiver, &local, RECEIVER_IPV6, 25);
	_cleanup_talk_ struct talk of_tenant = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);

	cr_assert(talk_lives(&of_tenant));
	postern_begin(NULL);
	cr_assert(talk_transfer(&of_nobody, 1 << 20, 1 << 20));
	cr_assert(talk_transfer(&of_nobody6, 1 << 20, 1 << 20));
	cr_assert(talk_is_reset(&of_tenant));
}

Test(netns_updown, a_missing_interface_fails_up_and_leaves_nothing)
{
	_cleanup_(free_p) char *before = NULL, *after = NULL;
	_cleanup_result_ struct result up = {0};
	const char *conf = postern_configure(NULL);

	before = host_picture();
	free(host_must(MAIL, "sed -i 's/\"wan\"/\"wan\", \"nosuch0\"/' %s", conf));
	up = postern_run("up");
	cr_assert_eq(up.status, 1);
	cr_assert_not_null(strstr(up.text, "nosuch0"), "%s", up.text);
	after = host_picture();
	cr_assert_str_eq(before, after);
}

Test(netns_updown, without_privileges_up_fails_in_one_line_and_leaves_nothing)
{
	_cleanup_(free_p) char *before = NULL, *after = NULL;
	_cleanup_result_ struct result up = {0};
	const char *conf = postern_configure(NULL);

	before = host_picture();
	up = host_run(MAIL, "setpriv --reuid=nobody --regid=nogroup --clear-groups %s -c %s up",
		      getenv("POSTERN"), conf);
	cr_assert_eq(up.status, 1, "%s", up.text);
	cr_assert_eq(strchr(up.text, '\n'), up.text + strlen(up.text) - 1, "%s", up.text);
	after = host_picture();
	cr_assert_str_eq(before, after);
}

Test(netns_updown, pins_of_another_layout_are_refused_with_what_to_do)
{
	_cleanup_(free_p) char *control = NULL, *pins_before = NULL, *pins_after = NULL;
	_cleanup_result_ struct result up = {0}, agent = {0};
	char expected[128];

	postern_configure(NULL);
	free(postern_must("up"));
	/* The layout is the first member of the only entry. */
	control = host_must(MAIL,
			    "map=%s/postern_control;"
			    "rest=$(bpftool -j map lookup pinned $map key 0 0 0 0 |"
			    "	jq -r '.value[4:] | join(\" \")');"
			    "bpftool map update pinned $map key 0 0 0 0 value hex 63 00 00 00 "
			    "$(echo $rest | sed 's/0x//g')",
			    world.pin_path);
	pins_before = host_picture();
	up = postern_run("up");
	cr_assert_eq(up.status, 1);
	snprintf(expected, sizeof(expected),
		 "layout 99, expected layout %u: run 'postern down', then 'postern up'",
		 POSTERN_LAYOUT);
	cr_assert_not_null(strstr(up.text, expected), "does not say what to do: %s", up.text);
	agent = postern_run("agent");
	cr_assert_eq(agent.status, 1);
	cr_assert_not_null(strstr(agent.text, "layout"), "%s", agent.text);
	pins_after = host_picture();
	cr_assert_str_eq(pins_before, pins_after);
	free(postern_must("down"));
	free(postern_must("up"));
}

Test(netns_updown, the_maps_read_well_in_bpftool)
{
	_cleanup_(free_p) char *verdicts = NULL, *pools = NULL;

	postern_begin(NULL);
	verdicts = host_must(MAIL, "bpftool map dump pinned %s/postern_verdict", world.pin_path);
	cr_assert_not_null(strstr(verdicts, "\"label\": \"tenant-7\""), "%s", verdicts);
	cr_assert_not_null(strstr(verdicts, "\"action\": \"VERDICT_STEER\""), "%s", verdicts);
	cr_assert_not_null(strstr(verdicts, "\"pool_label\": \"normal\""), "%s", verdicts);
	pools = host_must(MAIL, "bpftool map dump pinned %s/postern_pools", world.pin_path);
	cr_assert_not_null(strstr(pools, "\"label\": \"high-risk\""), "%s", pools);
	cr_assert_not_null(strstr(pools, "\"state\": \"POOL_ENABLED\""), "%s", pools);
}
