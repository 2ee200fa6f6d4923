/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two hooked interfaces, one above the other, and a program of somebody else between the hooks that
 * lets all packets through: the kernel then overwrites skb->tc_index. Each connection is translated
 * once, by its own pool.
 *
 *   wan    macvlan, with the addresses and the routes of the mail host
 *   base   its parent, a veth to `internet`
 */
#include <criterion/criterion.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "netns/foreign.h"
#include "netns/hostile.h"
#include "netns/postern.h"

TestSuite(netns_stacked, .init = world_init, .fini = world_done, .timeout = 60);

static void stack_interfaces(void)
{
	free(host_must(MAIL,
		       "ip link set wan down && ip link set wan name base && ip address flush "
		       "dev base && ip link set base up &&"
		       "ip link add wan link base type macvlan mode bridge && "
		       "ip link set wan up && ip address add " MAIL_IPV4 "/24 dev wan && "
		       "ip address add " MAIL_IPV6 "/64 dev wan nodad && "
		       "ip route add default via 192.0.2.1 && "
		       "ip route add default via 2001:db8:1::1"));
}

static void begin_on_both(const char *egress)
{
	const struct setup setup = {.egress = egress};

	NOT_HOSTILE("behind its masquerade two hooks translate twice, by the same sender");
	stack_interfaces();
	postern_configure(&setup);
	free(host_must(MAIL, "sed -i 's/{ \"wan\" }/{ \"wan\", \"base\" }/' %s/postern.conf",
		       world.directory));
	free(postern_must("up"));
	postern_agent();
}

static bool has_flow(const char *source, const char *pool)
{
	return host_succeeds(MAIL,
			     "%s -c %s/postern.conf -j flow list | jq -e 'any(.[]; .pool == \"%s\" "
			     "and (.source | startswith(\"%s:\")))'",
			     getenv("POSTERN"), world.directory, pool, source);
}

/* High-risk mail is what a second translation would send by the normal pool, as of no sender. */
static void expect_one_translation(void)
{
	static const struct origin handle = {.host = MAIL, .bind = HANDLE_HIGH_RISK};
	static const struct origin handle6 = {.host = MAIL, .bind = HANDLE_HIGH_RISK6};
	static const struct origin tenant = {.host = TENANT};
	int receiver = receiver_open(25);

	free(postern_must("sender set tenant-7 high-risk"));
	expect_pool(receiver, &handle, RECEIVER_IPV4, "high-risk");
	expect_pool(receiver, &handle6, RECEIVER_IPV6, "high-risk");
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
	expect_pool(receiver, &tenant, RECEIVER_IPV6, "high-risk");
	cr_expect(host_succeeds(MAIL, "%s -c %s/postern.conf -j flow list | jq -e 'length == 4'",
				getenv("POSTERN"), world.directory),
		  "a connection has a second flow");
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &handle, RECEIVER_IPV4, 25);

		cr_assert(talk_transfer(&talk, 1 << 20, 1 << 20), "bytes lost or changed");
	}
}

static void between_two_hooks(const char *egress, enum foreign_hook hook)
{
	struct capture *capture;
	struct foreign foreign;

	begin_on_both(egress);
	host_enter(MAIL);
	foreign = foreign_attach("wan", hook, 50000);
	host_leave();
	capture = capture_start();
	expect_one_translation();
	cr_expect_gt(foreign_seen(&foreign), 0, "it was not between the hooks");
	expect_pools_only(capture);
	foreign_detach(&foreign);
}

Test(netns_stacked, a_filter_between_two_hooks_wipes_no_sign)
{
	between_two_hooks("clsact", FOREIGN_CLSACT_EGRESS_OK);
}

Test(netns_stacked, a_tcx_program_between_two_hooks_wipes_no_sign)
{
	NEEDS_TCX();
	between_two_hooks("tcx", FOREIGN_TCX_EGRESS_OK);
}

/* It is not the flow's packet at a second hook, though it looks like it. */
Test(netns_stacked, a_socket_with_the_external_end_of_a_flow_is_another_sender)
{
	static const struct origin handle = {.host = MAIL, .bind = HANDLE_HIGH_RISK};
	int receiver = receiver_open(25);

	begin_on_both("auto");
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &handle, RECEIVER_IPV4, 25);
		_cleanup_talk_ struct talk other = TALK_NONE;
		const struct origin same = {
			.host = MAIL, .bind = talk.from, .port = talk.from_port};

		cr_assert_str_eq(pool_of(talk.from), "high-risk");
		talk_open(receiver, &same, RECEIVER_IPV4, 25, REFUSE_MS, &other);
		cr_expect(talk_lives(&talk), "its packets left by the flow of the other");
		cr_expect(has_flow(talk.from, "normal"), "the other has no flow of its own");
	}
}

/* The flow's source is the masqueraded one, not the socket's. */
Test(netns_stacked, behind_a_masquerade_a_connection_is_translated_once)
{
	static const char *const bound[] = {HANDLE_HIGH_RISK, HANDLE_HIGH_RISK6};
	int receiver = receiver_open(25);

	begin_on_both("auto");
	free(host_must(MAIL, "nft 'table inet before { chain out { type nat hook postrouting "
			     "priority srcnat; oifname wan meta l4proto tcp masquerade; }; }'"));
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		const struct origin origin = {.host = MAIL, .bind = bound[ipv6]};
		_cleanup_talk_ struct talk talk =
			talk_must(receiver, &origin, ipv6 ? RECEIVER_IPV6 : RECEIVER_IPV4, 25);

		cr_expect_str_eq(pool_of(talk.from), "high-risk");
		cr_assert(talk_transfer(&talk, 1 << 20, 1 << 20), "bytes lost or changed");
	}
	cr_expect(host_succeeds(MAIL, "%s -c %s/postern.conf -j flow list | jq -e 'length == 2'",
				getenv("POSTERN"), world.directory),
		  "a connection has a second flow");
}
