/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another translation comes before Postern: nftables masquerades or translates what leaves by the
 * wire. A local end that is bound to a handle still leaves by the handle's pool.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_masquerade, .init = world_init, .fini = world_done, .timeout = 60);

/* What a rule does to IPv4 and IPv6. */
struct rule {
	char ipv4[40], ipv6[40];
};

static struct rule rules[] = {
	{"masquerade", "masquerade"},
	{"snat to 192.0.2.10", "snat to 2001:db8:1::10"}, /* an address of the normal pool */
	{"snat to " HANDLE_NORMAL, "snat to " HANDLE_NORMAL6},
	{"snat to " MAIL_IPV4 ":50000-50009", "snat to [" MAIL_IPV6 "]:50000-50009"},
};

#define RULE_TEST(name)                                                                            \
	ParameterizedTestParameters(netns_masquerade, name)                                        \
	{                                                                                          \
		return cr_make_param_array(struct rule, rules, sizeof(rules) / sizeof(*rules));    \
	}                                                                                          \
	static void name(const struct rule *rule);                                                 \
	ParameterizedTest(struct rule *rule, netns_masquerade, name)                               \
	{                                                                                          \
		name(rule);                                                                        \
	}                                                                                          \
	static void name(const struct rule *rule)

/* Everything that leaves by the wire, as a careless catch-all does. */
static void translate(const struct rule *rule)
{
	free(host_must(MAIL,
		       "nft 'table ip before { chain out { type nat hook postrouting priority "
		       "srcnat; oifname wan meta l4proto tcp %s; }; }; table ip6 before { chain "
		       "out { type nat hook "
		       "postrouting priority srcnat; oifname wan meta l4proto tcp %s; }; }'",
		       rule->ipv4, rule->ipv6));
}

static void expect_both(int receiver, struct origin origin, const char *bind4, const char *bind6,
			const char *pool)
{
	origin.bind = bind4;
	expect_pool(receiver, &origin, RECEIVER_IPV4, pool);
	origin.bind = bind6;
	expect_pool(receiver, &origin, RECEIVER_IPV6, pool);
}

static void expect_data(int receiver)
{
	static const struct origin local = {.host = MAIL, .bind = HANDLE_HIGH_RISK};
	_cleanup_talk_ struct talk talk = talk_must(receiver, &local, RECEIVER_IPV4, 25);

	cr_assert(talk_transfer(&talk, 1 << 16, 1 << 16));
}

RULE_TEST(a_local_end_leaves_by_the_pool_of_its_handle)
{
	static const struct origin local = {.host = MAIL};
	int receiver = receiver_open(25);
	struct capture *capture;

	postern_begin(NULL);
	translate(rule);
	capture = capture_start();
	expect_both(receiver, local, HANDLE_HIGH_RISK, HANDLE_HIGH_RISK6, "high-risk");
	expect_both(receiver, local, HANDLE_NORMAL, HANDLE_NORMAL6, "normal");
	expect_both(receiver, local, NULL, NULL, "normal");
	expect_data(receiver);
	expect_pools_only(capture);
}

Test(netns_masquerade, a_uid_and_a_cgroup_are_known_as_before)
{
	static const struct origin user = {.host = MAIL, .uid = SENDER_UID};
	static const struct origin service = {.host = MAIL, .in_cgroup = true};
	int receiver = receiver_open(25);

	postern_begin(NULL);
	translate(&rules[0]);
	free(postern_must("sender set webmail high-risk"));
	free(postern_must("sender set shop high-risk"));
	expect_both(receiver, user, NULL, NULL, "high-risk");
	expect_both(receiver, user, HANDLE_NORMAL, HANDLE_NORMAL6, "high-risk");
	expect_both(receiver, service, NULL, NULL, "high-risk");
}

/* ---- forwarded: the sender is lost */

static const struct origin tenant = {.host = TENANT};

static void expect_both_refused(int receiver)
{
	expect_refused(receiver, &tenant, RECEIVER_IPV4);
	expect_refused(receiver, &tenant, RECEIVER_IPV6);
}

static void expect_both_leave(int receiver, const char *pool)
{
	expect_pool(receiver, &tenant, RECEIVER_IPV4, pool);
	expect_pool(receiver, &tenant, RECEIVER_IPV6, pool);
}

static long held(void)
{
	_cleanup_(free_p) char *text =
		postern_must("-j status | jq .datapath.counters.translated_before");

	return strtol(text, NULL, 10);
}

static bool status_names_the_rule(void)
{
	struct result result _cleanup_result_ = postern_run("status");

	return strstr(result.text, "masquerades") &&
	       strstr(result.text, "except the steered ports");
}

static bool up_names_the_rule(void)
{
	_cleanup_(free_p) char *text = postern_must("up");

	return strstr(text, "except the steered ports");
}

RULE_TEST(what_is_forwarded_is_held_and_the_rule_is_named)
{
	int receiver = receiver_open(25);
	struct capture *capture;

	postern_begin(NULL);
	free(postern_must("sender set tenant-7 high-risk"));
	translate(rule);
	capture = capture_start();
	expect_both_refused(receiver);
	cr_assert_geq(held(), 2);
	cr_assert(wait_for(status_names_the_rule(), 3000));
	cr_assert(up_names_the_rule());
	free(host_must(MAIL,
		       "for family in ip ip6; do nft insert rule $family before out tcp dport 25 "
		       "return; done"));
	expect_both_leave(receiver, "high-risk");
	expect_pools_only(capture);
}

Test(netns_masquerade, a_mark_of_the_host_still_names_the_sender_of_what_is_forwarded)
{
	int receiver = receiver_open(25);

	postern_begin(NULL);
	free(postern_must("sender set marked relay"));
	translate(&rules[0]);
	free(host_must(MAIL,
		       "for family in ip ip6; do nft add chain $family before in '{ type filter "
		       "hook prerouting priority mangle; }'; nft add rule $family before in "
		       "iifname lan meta mark set %d; done",
		       SENDER_MARK));
	expect_both_leave(receiver, "relay");
	cr_assert_eq(held(), 0);
}

Test(netns_masquerade, by_forwarded_masquerade_it_leaves_by_the_default)
{
	int receiver = receiver_open(25);

	postern_begin(&(struct setup){.more = "forwarded_masquerade = \"default\"\n"});
	translate(&rules[0]);
	expect_both_leave(receiver, "normal");
	cr_assert_eq(held(), 0);
}
