/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses that `up` adds and removes, and what the host and its neighbours notice of it: ARP,
 * routes, source addresses.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "datapath/datapath.h"
#include "netns/postern.h"

TestSuite(netns_addresses, .init = world_init, .fini = world_done, .timeout = 60);

static const struct origin risky = {.host = MAIL, .bind = HANDLE_HIGH_RISK};
static const struct origin risky6 = {.host = MAIL, .bind = HANDLE_HIGH_RISK6};

/* ---- ARP */

static unsigned arp_announce(void)
{
	_cleanup_(free_p) char *level = host_must(MAIL, "sysctl -n net.ipv4.conf.wan.arp_announce");

	return (unsigned)atoi(level);
}

static void expect_first_connections(int receiver)
{
	for (int i = 0; i < 10; i++) {
		free(host_must(MAIL, "ip neigh flush dev wan"));
		expect_pool(receiver, &risky, RECEIVER_IPV4, "high-risk");
	}
}

Test(netns_addresses, a_strict_router_answers_the_arp_requests_of_a_connection_from_a_handle)
{
	int receiver = receiver_open(25);

	postern_configure(NULL);
	free(postern_must("up"));
	free(host_must(INTERNET, "sysctl -qw net.ipv4.conf.wan.arp_ignore=2"));
	expect_first_connections(receiver);
	free(host_must(INTERNET,
		       "sysctl -qw net.ipv4.conf.wan.arp_ignore=0 net.ipv4.conf.wan.rp_filter=1;"
		       "ip link add elsewhere type veth peer name other; ip link set elsewhere up;"
		       "ip route add default dev elsewhere"));
	expect_first_connections(receiver);
}

static void set_arp_announce(unsigned level)
{
	free(host_must(MAIL, "sysctl -qw net.ipv4.conf.wan.arp_announce=%u", level));
}

Test(netns_addresses, arp_announce_is_as_before_after_down)
{
	postern_configure(NULL);
	set_arp_announce(1);
	for (int i = 0; i < 2; i++)
		free(postern_must("up"));
	cr_expect_eq(arp_announce(), 2);
	free(postern_must("down"));
	cr_expect_eq(arp_announce(), 1);
	set_arp_announce(2);
	free(postern_must("up"));
	free(postern_must("down"));
	cr_expect_eq(arp_announce(), 2, "it was not ours");
}

Test(netns_addresses, arp_announce_that_somebody_changed_since_stays)
{
	postern_configure(NULL);
	free(postern_must("up"));
	set_arp_announce(1);
	free(postern_must("down"));
	cr_expect_eq(arp_announce(), 1);
}

/* ---- neighbours */

#define OTHER_HOST "lladdr 02:00:00:00:00:01 dev wan nud reachable"

Test(netns_addresses, neighbours_learn_at_once_of_an_address_that_comes_from_another_host)
{
	int receiver = receiver_open(25);
	uint64_t start;

	free(host_must(INTERNET, "sysctl -qw net.ipv4.neigh.wan.base_reachable_time_ms=3600000 "
				 "net.ipv6.neigh.wan.base_reachable_time_ms=3600000;"
				 "for a in 192.0.2.20 192.0.2.21 2001:db8:1::20 2001:db8:1::21;"
				 "do ip neigh replace $a " OTHER_HOST "; done"));
	postern_configure(NULL);
	free(postern_must("up"));
	start = now_ms();
	expect_pool(receiver, &risky, RECEIVER_IPV4, "high-risk");
	expect_pool(receiver, &risky6, RECEIVER_IPV6, "high-risk");
	cr_expect_lt(now_ms() - start, 900 * test_patience(), "a SYN was lost");
	cr_expect(host_succeeds(INTERNET, "! ip neigh show | grep 02:00:00:00:00:01"));
}

static bool announced(unsigned arp, unsigned advertisements)
{
	_cleanup_(free_p) char *seen = host_must(
		INTERNET,
		"grep -c 'ARP.* 192.0.2.20 ' %s/announced.log; "
		"grep -c 'neighbor advertisement.*2001:db8:1::20,' %s/announced.log || true",
		world.directory, world.directory);
	unsigned a = 0, b = 0;

	sscanf(seen, "%u %u", &a, &b);
	return a >= arp && b >= advertisements;
}

/* A switch or a router may lose the first one. */
Test(netns_addresses, an_address_is_announced_more_than_once_and_up_does_not_wait)
{
	postern_configure(NULL);
	host_start(INTERNET, "announced",
		   (const char *const[]){"tcpdump", "-lnvi", "wan", "-c", "1000",
					 "arp or (icmp6 and ip6[40] = 136)", NULL});
	cr_assert(wait_for(
		host_succeeds(INTERNET, "grep -q listening %s/announced.log", world.directory),
		5000));
	free(postern_must("up"));
	cr_expect_not(announced(3, 3), "they take two seconds");
	cr_expect(wait_for(announced(3, 3), 5000));
}

/* ---- source addresses */

/* The host's own address is on another interface: the uplink has those of the pools alone. */
static void bare_uplink(void)
{
	free(host_must(MAIL, "ip address add " MAIL_IPV4 "/32 dev lo;"
			     "ip address del " MAIL_IPV4 "/24 dev wan;"
			     "ip route add 192.0.2.1 dev wan metric 5 proto static"));
}

static char *source_of(const char *destination)
{
	return host_must(MAIL, "ip -o route get %s | sed 's/.* src //; s/ .*//'", destination);
}

static void expect_source(const char *destination, const char *source)
{
	_cleanup_(free_p) char *text = source_of(destination);

	cr_expect_eq(strncmp(text, source, strlen(source)), 0, "%s by %s", destination, text);
}

Test(netns_addresses, the_host_never_takes_an_address_of_a_pool_for_itself)
{
	static const char *const defaults[] = {"dev wan", "via 192.0.2.1 dev wan"};

	bare_uplink();
	postern_configure(NULL);
	for (size_t i = 0; i < 2; i++) {
		free(host_must(MAIL, "ip route replace default %s", defaults[i]));
		expect_source("9.9.9.9", MAIL_IPV4);
		free(postern_must("up"));
		expect_source("9.9.9.9", MAIL_IPV4);
		/* A route that is made again chooses again. */
		free(host_must(MAIL, "ip route del default; ip route add default %s", defaults[i]));
		expect_source("9.9.9.9", MAIL_IPV4);
		expect_source(RECEIVER_IPV6, MAIL_IPV6);
		free(postern_must("down"));
	}
}

static bool has_scope(const char *address, const char *scope)
{
	return host_succeeds(MAIL, "ip -o address show dev wan | grep -q '%s/32 scope %s'", address,
			     scope);
}

Test(netns_addresses, an_address_of_an_older_version_gets_its_scope_and_loses_no_flow)
{
	int receiver = receiver_open(25);

	free(host_must(MAIL, "ip address add 192.0.2.21/32 dev wan"));
	postern_configure(NULL);
	free(postern_must("up"));
	free(host_must(MAIL, "ip address del 192.0.2.20/32 dev wan;"
			     "ip address add 192.0.2.20/32 dev wan;"
			     "ip route add 198.51.100.99 via 192.0.2.1 src 192.0.2.20"));
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &risky, RECEIVER_IPV4, 25);

		free(postern_must("up"));
		cr_expect(has_scope("192.0.2.20", "host"));
		cr_expect(talk_lives(&talk));
	}
	expect_source("198.51.100.99", "192.0.2.20");
	cr_expect(has_scope("192.0.2.21", "global"), "it was there before");
	cr_expect(host_succeeds(MAIL, "! ip -o address show dev wan | grep /31"));
	free(postern_must("down"));
	cr_expect(has_scope("192.0.2.21", "global"));
}

/* ---- routes */

/* The order of routes of one prefix and metric counts; among others, only the lines. */
static char *routes(void)
{
	return host_must(MAIL, "ip -d route show table all | sort; "
			       "ip -d -6 route show table all | grep -v fe80 | sort");
}

static void add_many_routes(void)
{
	free(host_must(
		MAIL,
		"set -e; ip link add second type veth peer name second_; ip link set second up;"
		"ip link set second_ up; ip address add 203.0.113.2/24 dev second;"
		"ip route replace default via 192.0.2.1 dev wan proto static metric 50 mtu 1400;"
		"ip route add default via 192.0.2.1 dev wan src " MAIL_IPV4 " proto dhcp metric 60;"
		"ip route add default via 192.0.2.77 dev wan onlink table 200;"
		"ip route add 198.18.0.0/15 dev wan scope link proto bird;"
		"ip route add 198.18.5.0/24 via 198.18.0.1 advmss 1000 initcwnd 20 tos 0x10;"
		"ip route add 198.18.5.0/24 via 198.18.0.2 metric 7;"
		"ip route append 198.18.5.0/24 via 198.18.0.3 metric 7;"
		"ip route add 10.77.0.0/16 metric 9 nexthop via 192.0.2.1 dev wan weight 2"
		"  nexthop via 203.0.113.1 dev second weight 5;"
		"ip route add 10.76.0.0/16 metric 9 nexthop via 192.0.2.1 dev wan weight 2"
		"  nexthop via 203.0.113.1 dev second weight 5;"
		"ip nexthop add id 5 via 192.0.2.1 dev wan; ip route add 10.75.0.0/16 nhid 5;"
		"ip route add 10.79.0.0/16 via inet6 2001:db8:1::1 dev wan;"
		"ip route add blackhole 10.78.0.0/16;"
		"ip route add 2001:db8:77::/48 via 2001:db8:1::1 dev wan metric 7 proto static;"
		"ip route add 2001:db8:78::/48 dev wan src " MAIL_IPV6));
}

static void expect_same_routes(const char *before, const char *when)
{
	_cleanup_(free_p) char *after = routes();

	cr_expect_str_eq(before, after, "%s:\n%s---- before:\n%s", when, after, before);
}

Test(netns_addresses, the_routes_of_the_host_are_as_before_when_pool_addresses_go)
{
	_cleanup_(free_p) char *before = NULL;

	bare_uplink();
	add_many_routes();
	before = routes();
	postern_configure(NULL);
	free(postern_must("up"));
	free(postern_must("down"));
	expect_same_routes(before, "down");
	free(host_must(MAIL, "tc qdisc add dev wan ingress"));
	postern_configure(&(struct setup){.egress = "clsact"});
	cr_assert_eq(postern_run("up").status, 1, "clsact has no place");
	expect_same_routes(before, "an up that fails");
}

/* ---- addresses that leave the configuration */

static bool is_on_host(const char *address)
{
	return host_succeeds(MAIL, "ip -o address show dev wan | grep -q ' %s/'", address);
}

static void configure_without(const char *address)
{
	const char *conf = postern_configure(NULL);

	free(host_must(MAIL, "sed -i 's/\"%s\",*//; s/, *}/ }/' %s", address, conf));
}

static int remove_flow(void *data, const void *key, const void *value)
{
	struct datapath *datapath = data;

	(void)value;
	return datapath->ops->remove(datapath, MAP_FLOWS, key);
}

/* As if they had expired. */
static void end_flows(void)
{
	struct datapath *datapath;
	struct error error;

	cr_assert_eq(datapath_open(world.pin_path, &datapath, &error), 0, "%s", error.text);
	cr_assert_eq(datapath->ops->walk(datapath, MAP_FLOWS, remove_flow, datapath), 0);
	datapath_free(datapath);
}

static void removed_address_stays_for_its_flow(const struct origin *origin, const char *destination)
{
	int receiver = receiver_open(25);
	_cleanup_(free_p) char *note = NULL, *later = NULL;

	postern_configure(NULL);
	free(postern_must("up"));
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, origin, destination, 25);

		configure_without(talk.from);
		note = postern_must("up");
		cr_expect_not_null(strstr(note, "stay until their flows have ended"), "%s", note);
		cr_expect_not_null(strstr(note, talk.from), "%s", note);
		cr_expect_not_null(strstr(note, " (1 flows)"), "%s", note);
		free(host_must(INTERNET, "ip neigh flush dev wan"));
		cr_expect(talk_lives(&talk));
		for (int i = 0; i < 6; i++) {
			_cleanup_talk_ struct talk other =
				talk_must(receiver, origin, destination, 25);

			cr_expect_str_neq(other.from, talk.from);
		}
		end_flows();
		later = postern_must("up");
		cr_expect_str_eq(later, "");
		cr_expect_not(is_on_host(talk.from));
	}
}

Test(netns_addresses, an_ipv4_address_stays_on_the_host_until_its_last_flow_has_ended)
{
	removed_address_stays_for_its_flow(&risky, RECEIVER_IPV4);
}

Test(netns_addresses, an_ipv6_address_stays_on_the_host_until_its_last_flow_has_ended)
{
	removed_address_stays_for_its_flow(&risky6, RECEIVER_IPV6);
}

Test(netns_addresses, the_guard_removes_an_address_when_its_last_flow_has_ended)
{
	int receiver = receiver_open(25);
	pid_t guard;

	postern_configure(NULL);
	guard = postern_guard();
	{
		_cleanup_talk_ struct talk talk = TALK_NONE;

		/* The hold of the host ends with the first look. */
		cr_assert(wait_for(
			!talk_open(receiver, &risky, RECEIVER_IPV4, 25, CONNECT_MS, &talk), 5000));
		configure_without(talk.from);
		cr_assert_eq(kill(guard, SIGHUP), 0);
		cr_expect(wait_for(
			host_succeeds(MAIL, "grep -q 'stay until' %s/guard.log", world.directory),
			5000));
		cr_expect(talk_lives(&talk));
		cr_expect(is_on_host(talk.from));
		end_flows();
		cr_expect(wait_for(!is_on_host(talk.from), 10000));
	}
}
