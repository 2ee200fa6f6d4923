/* SPDX-License-Identifier: BSD-2-Clause */
/* `postern guard`: the host's losses come back, and nothing leaves by another source meanwhile. */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/foreign.h"
#include "netns/postern.h"
#include "netns/stream.h"

TestSuite(netns_guard, .init = world_init, .fini = world_done, .timeout = 60);

static const struct origin local = {.host = MAIL};
static const struct origin tenant = {.host = TENANT};

static const struct setup on_clsact = {.egress = "clsact"};
static const struct setup on_tcx = {.egress = "tcx"};

static pid_t begin(const struct setup *setup)
{
	postern_configure(setup);
	return postern_guard();
}

static void await(const char *name, const char *state, unsigned put_back)
{
	_cleanup_(free_p) char *dump = NULL;

	if (wait_for(postern_host_has(name, state, put_back), 5000))
		return;
	dump = host_must(MAIL, "bpftool map dump pinned $pin_path/postern_host; cat %s/guard.log",
			 world.directory);
	cr_assert_fail("'%s' is not %s, put back %u times: %s", name, state, put_back, dump);
}

/* ---- interfaces */

/* The uplink is deleted, and comes back with the host's own addresses and routes. */
static void renew_uplink(void)
{
	free(host_must(MAIL, "ip link del wan;"
			     "ip link add wan type veth peer name wan netns $name-internet;"
			     "ip -n $name-internet address add 192.0.2.1/24 dev wan;"
			     "ip -n $name-internet address add 2001:db8:1::1/64 dev wan nodad;"
			     "ip -n $name-internet link set wan up;"
			     "ip -n $name-internet route add 10.1.0.0/16 via " MAIL_IPV4 ";"
			     "ip -n $name-internet route add fd00:7::/64 via " MAIL_IPV6 ";"
			     "ip address add " MAIL_IPV4 "/24 dev wan;"
			     "ip address add " MAIL_IPV6 "/64 dev wan nodad;"
			     "ip link set wan up; ip route add default via 192.0.2.1;"
			     "ip -6 route add default via 2001:db8:1::1"));
}

static void expect_hooked_again(const struct setup *setup)
{
	int receiver = receiver_open(25);

	begin(setup);
	expect_pool(receiver, &local, RECEIVER_IPV4, "normal");
	renew_uplink();
	await("wan", "PRESENT", 1);
	await("192.0.2.10", "PRESENT", 1);
	await("2001:db8:1::10", "PRESENT", 1);
	expect_pool(receiver, &local, RECEIVER_IPV4, "normal");
	expect_pool(receiver, &local, RECEIVER_IPV6, "normal");
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
	expect_pool(receiver, &tenant, RECEIVER_IPV6, "normal");
}

Test(netns_guard, an_interface_made_anew_has_its_hooks_and_addresses_again_by_tcx)
{
	NEEDS_TCX();
	expect_hooked_again(&on_tcx);
}

Test(netns_guard, an_interface_made_anew_has_its_hooks_and_addresses_again_by_clsact)
{
	expect_hooked_again(&on_clsact);
}

static bool is_missing(void)
{
	return host_succeeds(MAIL, "bpftool -j map dump pinned $pin_path/postern_host | jq -e '"
				   "any(.[].formatted; .key.name == \"wan\" and"
				   "	.value.state == \"HOST_MISSING\")'");
}

/* It keeps its number and its name, and loses addresses, routes and hooks. */
static void move_uplink_away_and_back(void)
{
	free(host_must(MAIL, "ip link set wan netns $name-tenant"));
	cr_assert(wait_for(is_missing(), 5000));
	free(host_must(MAIL, "ip -n $name-tenant link set wan netns $name-mail;"
			     "ip address add " MAIL_IPV4 "/24 dev wan;"
			     "ip address add " MAIL_IPV6 "/64 dev wan nodad;"
			     "ip link set wan up; ip route add default via 192.0.2.1;"
			     "ip -6 route add default via 2001:db8:1::1"));
}

static void expect_no_stray_packet(const struct setup *setup)
{
	struct capture *capture;

	receiver_open(25);
	begin(setup);
	capture = capture_start();
	stream_start(MAIL);
	for (unsigned i = 1; i <= 3; i++) {
		move_uplink_away_and_back();
		await("192.0.2.10", "PRESENT", i);
	}
	expect_pools_only(capture);
}

Test(netns_guard, connections_of_the_host_are_held_until_an_interface_has_its_hooks_by_tcx)
{
	NEEDS_TCX();
	expect_no_stray_packet(&on_tcx);
}

Test(netns_guard, connections_of_the_host_are_held_until_an_interface_has_its_hooks_by_clsact)
{
	expect_no_stray_packet(&on_clsact);
}

/* ---- which interfaces */

/* Takes them from the routes. */
static void begin_by_routes(void)
{
	const char *conf = postern_configure(NULL);

	free(host_must(MAIL, "sed -i /^interfaces/d %s", conf));
	postern_guard();
	await("wan", "PRESENT", 0);
}

static const struct detour {
	const char *name, *there, *back;
} detours[] = {
	{"a pair of halves over IPv4",
	 "ip route add 0/1 via 10.1.7.2; ip route add 128/1 via 10.1.7.2",
	 "ip route del 0/1; ip route del 128/1"},
	{"all of the Internet over IPv6", "ip -6 route add 2000::/3 via fd00:7::2",
	 "ip -6 route del 2000::/3"},
	{"a table that a rule leads to",
	 "ip route add default via 10.1.7.2 table 51820; ip rule add not fwmark 51820 table 51820",
	 "ip rule del table 51820; ip route flush table 51820"},
	{"a better default route",
	 "ip route add default via 10.1.7.2 metric 0 ||"
	 "ip route replace default via 10.1.7.2",
	 "ip route replace default via 192.0.2.1"},
};

static bool is_unknown(const char *name)
{
	return host_succeeds(
		MAIL, "! bpftool map dump pinned $pin_path/postern_host | grep -q '\"%s\"'", name);
}

Test(netns_guard, an_interface_that_new_routes_lead_to_gets_hooks)
{
	begin_by_routes();
	cr_assert(is_unknown("lan"));
	for (size_t i = 0; i < sizeof(detours) / sizeof(detours[0]); i++) {
		free(host_must(MAIL, "%s", detours[i].there));
		cr_assert(wait_for(postern_host_has("lan", "PRESENT", i ? 0 : 1), 5000), "%s",
			  detours[i].name);
		free(host_must(MAIL, "%s", detours[i].back));
		cr_assert(wait_for(is_unknown("lan"), 5000), "%s", detours[i].name);
	}
}

Test(netns_guard, where_interfaces_are_named_a_default_route_elsewhere_is_held_and_reported)
{
	int receiver = receiver_open(25);

	begin(NULL);
	await("wan", "PRESENT", 0);
	free(host_must(MAIL, "ip route replace default via 10.1.7.2"));
	await("lan", "REFUSED", 0);
	expect_refused(receiver, &local, RECEIVER_IPV4);
	free(host_must(MAIL, "ip route replace default via 192.0.2.1"));
	cr_assert(wait_for(is_unknown("lan"), 5000));
	expect_pool(receiver, &local, RECEIVER_IPV4, "normal");
}

/* ---- addresses and hooks */

Test(netns_guard, addresses_handles_and_hooks_that_somebody_removes_come_back)
{
	int receiver = receiver_open(25);

	begin(&on_clsact);
	free(host_must(MAIL, "ip address del 192.0.2.10/32 dev wan;"
			     "ip address del 2001:db8:1::20/128 dev wan;"
			     "ip address del " HANDLE_HIGH_RISK "/32 dev lo;"
			     "ip address del " HANDLE_HIGH_RISK6 "/128 dev lo;"
			     "tc qdisc del dev wan clsact"));
	await("192.0.2.10", "PRESENT", 1);
	await("2001:db8:1::20", "PRESENT", 1);
	await(HANDLE_HIGH_RISK, "PRESENT", 1);
	await(HANDLE_HIGH_RISK6, "PRESENT", 1);
	await("wan", "PRESENT", 1);
	expect_pool(receiver, &(struct origin){.host = MAIL, .bind = HANDLE_HIGH_RISK},
		    RECEIVER_IPV4, "high-risk");
	expect_pool(receiver, &(struct origin){.host = MAIL, .bind = HANDLE_HIGH_RISK6},
		    RECEIVER_IPV6, "high-risk");
}

/* Is the first program of that TCX point of wan one of ours? From within the mail host. */
static bool is_first(unsigned attach_type)
{
	__u32 ids[8] = {0}, count = 8;
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);
	int program;

	if (bpf_prog_query(if_nametoindex("wan"), attach_type, 0, NULL, ids, &count))
		return false;
	program = bpf_prog_get_fd_by_id(ids[0]);
	cr_assert_eq(bpf_obj_get_info_by_fd(program, &info, &size), 0);
	close(program);
	return !strncmp(info.name, "postern_", strlen("postern_"));
}

Test(netns_guard, a_program_of_others_before_the_hooks_comes_behind_them)
{
	static const struct {
		enum foreign_hook hook;
		unsigned attach_type;
	} cases[] = {{FOREIGN_TCX_INGRESS, 46}, {FOREIGN_TCX_EGRESS, 47}};

	NEEDS_TCX();
	begin(&on_tcx);
	await("wan", "PRESENT", 0);
	host_enter(MAIL);
	for (unsigned i = 0; i < 2; i++) {
		_cleanup_foreign_ struct foreign foreign = foreign_attach("wan", cases[i].hook, 0);

		cr_assert(wait_for(is_first(cases[i].attach_type), 5000));
		await("wan", "PRESENT", i + 1);
	}
	host_leave();
	postern_agent();
	/* As the agent sees it, which is not root. */
	free(postern_must("status"));
}

Test(netns_guard, while_the_hooks_move_before_a_program_of_others_nothing_leaves_unsteered)
{
	struct capture *capture;

	NEEDS_TCX();
	receiver_open(25);
	begin(&on_tcx);
	await("wan", "PRESENT", 0);
	capture = capture_start();
	stream_start(MAIL);
	stream_start(TENANT);
	host_enter(MAIL);
	for (unsigned i = 1; i <= 4; i++) {
		_cleanup_foreign_ struct foreign foreign =
			foreign_attach("wan", FOREIGN_TCX_EGRESS, 0);

		cr_assert(wait_for(is_first(47), 5000));
		await("wan", "PRESENT", i);
	}
	host_leave();
	expect_pools_only(capture);
}

/* ---- the process */

static bool is_refused_at_once(int receiver, const struct origin *origin, const char *destination)
{
	struct talk talk = TALK_NONE;
	int r = talk_open(receiver, origin, destination, 25, 300, &talk);

	talk_close(&talk);
	return r == -ECONNREFUSED;
}

Test(netns_guard, before_the_first_up_mail_is_refused_at_once_and_then_steered)
{
	const char *conf = postern_configure(NULL);
	const char *const argv[] = {getenv("POSTERN"), "-c", conf, "guard", NULL};
	int receiver = receiver_open(25);

	free(host_must(MAIL, "sed -i s/\\\"wan\\\"/\\\"ppp0\\\"/ %s", conf));
	host_start(MAIL, "guard", argv);
	cr_assert(wait_for(is_refused_at_once(receiver, &local, RECEIVER_IPV4), 5000));
	cr_assert(is_refused_at_once(receiver, &local, RECEIVER_IPV6));
	free(host_must(MAIL, "ip link set wan down; ip link set wan name ppp0;"
			     "ip link set ppp0 up; ip address add " MAIL_IPV6 "/64 dev ppp0 nodad;"
			     "ip route add default via 192.0.2.1;"
			     "ip -6 route add default via 2001:db8:1::1"));
	await("ppp0", "PRESENT", 0);
	expect_pool(receiver, &local, RECEIVER_IPV4, "normal");
	expect_pool(receiver, &local, RECEIVER_IPV6, "normal");
}

Test(netns_guard, killed_it_leaves_everything_in_place_and_the_next_one_goes_on)
{
	int receiver = receiver_open(25);
	_cleanup_talk_ struct talk talk = TALK_NONE;
	pid_t guard = begin(NULL);

	talk = talk_must(receiver, &local, RECEIVER_IPV4, 25);
	host_stop(guard, SIGKILL);
	expect_pool(receiver, &local, RECEIVER_IPV6, "normal");
	postern_guard();
	cr_assert(talk_lives(&talk));
	free(host_must(MAIL, "ip address del 192.0.2.11/32 dev wan"));
	await("192.0.2.11", "PRESENT", 1);
}

Test(netns_guard, after_down_it_rests_until_the_next_up)
{
	int receiver = receiver_open(25);
	pid_t guard = begin(NULL);

	free(postern_must("down"));
	expect_pool(receiver, &local, RECEIVER_IPV4, "none");
	cr_assert_not(host_succeeds(MAIL, "ls $pin_path"));
	free(postern_must("up"));
	cr_assert(wait_for(host_succeeds(MAIL, "grep -q 'up again' %s/guard.log", world.directory),
			   5000));
	free(host_must(MAIL, "ip address del 192.0.2.11/32 dev wan"));
	await("192.0.2.11", "PRESENT", 1);
	cr_assert_eq(host_stop(guard, SIGTERM), 0);
	expect_pool(receiver, &local, RECEIVER_IPV4, "normal");
}
