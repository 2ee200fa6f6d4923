/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host with a second uplink, wan2, which a rule chooses for an address of a pool: by which
 * interface its packets leave.
 *
 *   wan2   203.0.113.0/24, 2001:db8:3::/64
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/hostile.h"
#include "netns/postern.h"

TestSuite(netns_uplinks, .init = world_init, .fini = world_done, .timeout = 60);

#define RISKY  "192.0.2.20"
#define RISKY6 "2001:db8:1::20"

/* High-risk has one address of each family. */
static const char pools[] =
	"pool \"normal\" { addresses = { \"192.0.2.10\", \"2001:db8:1::10\" }\n"
	"  handles = { \"" HANDLE_NORMAL "\", \"" HANDLE_NORMAL6 "\" } }\n"
	"pool \"high-risk\" { addresses = { \"" RISKY "\", \"" RISKY6 "\" }\n"
	"  handles = { \"" HANDLE_HIGH_RISK "\", \"" HANDLE_HIGH_RISK6 "\" } }\n"
	"pool \"relay\" { addresses = \"192.0.2.30\" }\n";

static void add_uplink(void)
{
	free(host_must(MAIL,
		       "set -e; ip link add wan2 type veth peer name wan2 netns $name-internet;"
		       "ip -n $name-internet address add 203.0.113.1/24 dev wan2;"
		       "ip -n $name-internet address add 2001:db8:3::1/64 dev wan2 nodad;"
		       "ip -n $name-internet link set wan2 up;"
		       "ip address add 203.0.113.2/24 dev wan2;"
		       "ip address add 2001:db8:3::2/64 dev wan2 nodad; ip link set wan2 up;"
		       "ip route add default via 203.0.113.1 table 200;"
		       "ip -6 route add default via 2001:db8:3::1 table 200"));
}

#define RULES(verb)                                                                                \
	"ip rule " verb " from " RISKY " lookup 200;"                                              \
	"ip -6 rule " verb " from " RISKY6 " lookup 200"

static void configure(const char *interfaces)
{
	const char *conf = postern_configure(&(struct setup){.pools = pools});

	free(host_must(MAIL, "sed -i 's/^interfaces = .*/%s/' %s", interfaces, conf));
}

#define BOTH "interfaces = { \"wan\", \"wan2\" }"
#define WAN  "interfaces = { \"wan\" }"

/* The number of entries of postern_uplinks whose interface has this name; "": those that hold. */
static bool has_uplinks(const char *interface, unsigned count)
{
	_cleanup_(free_p) char *found =
		host_must(MAIL,
			  "bpftool map dump pinned $pin_path/postern_uplinks | grep -c "
			  "'\"interface\": \"%s\"' || true",
			  interface);

	return (unsigned)atoi(found) == count;
}

Test(netns_uplinks, an_address_that_a_rule_routes_leaves_by_the_interface_of_its_route)
{
	add_uplink();
	free(host_must(MAIL, RULES("add")));
	configure(BOTH);
	free(postern_must("up"));
	cr_expect(has_uplinks("wan2", 2));
	cr_expect(has_uplinks("", 0));
	free(host_must(MAIL, RULES("del")));
	free(postern_must("up"));
	cr_expect(has_uplinks("wan2", 0));
}

/* `internet` answers by wan2, and its rp_filter takes packets from the address by wan2 only. */
static void expect_at_wan2(void)
{
	free(host_must(INTERNET, "set -e; ip route add " RISKY "/32 via 203.0.113.2 dev wan2;"
				 "ip route add " RISKY6 "/128 via 2001:db8:3::2 dev wan2;"
				 "sysctl -qw net.ipv4.conf.all.rp_filter=1"));
}

static long long sent_by_wan2(void)
{
	_cleanup_(free_p) char *text =
		host_must(MAIL, "ip -j -s link show wan2 | jq '.[0].stats64.tx.bytes'");

	return atoll(text);
}

#define BULK (1 << 20)

static void transfer(int receiver, enum host host, const char *bind, const char *destination)
{
	const struct origin origin = {.host = host, .bind = bind};
	long long before = sent_by_wan2();
	_cleanup_talk_ struct talk talk = talk_must(receiver, &origin, destination, 25);

	cr_assert_str_eq(pool_of(talk.from), "high-risk", "seen from %s", talk.from);
	cr_assert(talk_transfer(&talk, BULK, BULK), "bytes lost or changed");
	cr_expect_geq(sent_by_wan2(), before + BULK, "not by wan2, to %s", destination);
}

/* From the first SYN on, of the host and of a tenant. */
Test(netns_uplinks, packets_leave_by_it_though_the_stack_has_routed_them_elsewhere)
{
	int receiver = receiver_open(25);

	NOT_HOSTILE("a strict rp_filter drops the replies by wan2");
	add_uplink();
	free(host_must(MAIL, RULES("add")));
	configure(BOTH);
	free(postern_must("up"));
	postern_agent();
	expect_at_wan2();
	free(postern_must("sender set tenant-7 high-risk"));
	transfer(receiver, MAIL, HANDLE_HIGH_RISK, RECEIVER_IPV4);
	transfer(receiver, MAIL, HANDLE_HIGH_RISK6, RECEIVER_IPV6);
	transfer(receiver, TENANT, NULL, RECEIVER_IPV4);
	transfer(receiver, TENANT, NULL, RECEIVER_IPV6);
}

Test(netns_uplinks, it_is_held_and_reported_where_that_interface_has_no_hooks)
{
	_cleanup_(free_p) char *note = NULL;

	add_uplink();
	free(host_must(MAIL, RULES("add")));
	configure(WAN);
	note = postern_must("up");
	cr_expect_not_null(strstr(note, "mail is held by addresses that a rule routes"), "%s",
			   note);
	cr_expect_not_null(strstr(note, RISKY ", " RISKY6), "%s", note);
	cr_expect(has_uplinks("", 2));
	free(host_must(MAIL, "ip route replace unreachable default table 200"));
	configure(BOTH);
	free(note);
	note = postern_must("up");
	cr_expect_not_null(strstr(note, ": " RISKY "\n"), "%s", note);
}

Test(netns_uplinks, the_default_interfaces_include_the_uplinks_of_rules)
{
	_cleanup_(free_p) char *note = NULL;

	add_uplink();
	free(host_must(MAIL, RULES("add")));
	configure("");
	note = postern_must("up");
	cr_expect_str_eq(note, "");
	cr_expect(has_uplinks("wan2", 2));
}

Test(netns_uplinks, the_guard_follows_rules_and_routes)
{
	add_uplink();
	configure(BOTH);
	postern_guard();
	cr_expect(has_uplinks("wan2", 0));
	free(host_must(MAIL, RULES("add")));
	cr_expect(wait_for(has_uplinks("wan2", 2), 2000));
	free(host_must(MAIL, "ip route replace unreachable default table 200"));
	cr_expect(wait_for(has_uplinks("", 2), 2000), "held on both");
	cr_expect(wait_for(postern_host_has(RISKY, "REFUSED", 0), 2000));
	free(host_must(MAIL, RULES("del")));
	cr_expect(wait_for(has_uplinks("", 0), 2000));
	cr_expect(wait_for(postern_host_has(RISKY, "PRESENT", 0), 2000));
}
