/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Containers at the uplink. One on its bridge: its packets keep its sockets, whose users and marks
 * are not this host's. One with a macvlan of it: a host of its own, next to this one.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "netns/hostile.h"
#include "netns/postern.h"

TestSuite(netns_container, .init = world_init, .fini = world_done, .timeout = 60);

#define CONTAINER_IPV4 "192.0.2.50"
#define CONTAINER_IPV6 "2001:db8:1::50"

/* The tenant becomes a container on the bridge that has the uplink as a port. */
static void bridge(void)
{
	free(host_must(MAIL, "set -e\n"
			     "sysctl -qw net.bridge.bridge-nf-call-iptables=0\n"
			     "sysctl -qw net.bridge.bridge-nf-call-ip6tables=0\n"
			     "ip link add br0 type bridge\n"
			     "ip link set lan master br0\n"
			     "ip link set wan master br0\n"
			     "ip link set br0 up\n"
			     "ip address del 192.0.2.2/24 dev wan\n"
			     "ip address add 192.0.2.2/24 dev br0\n"
			     "ip address del 2001:db8:1::2/64 dev wan\n"
			     "ip address add 2001:db8:1::2/64 dev br0 nodad\n"
			     /* A port of a bridge answers no neighbour solicitation. */
			     "for i in 10 11 20 21; do\n"
			     "	ip address add 2001:db8:1::$i/128 dev br0 nodad\n"
			     "done\n"
			     "ip route replace default via 192.0.2.1\n"
			     "ip route replace default via 2001:db8:1::1\n"));
	free(host_must(TENANT,
		       "set -e\n"
		       "ip address add " CONTAINER_IPV4 "/24 dev lan\n"
		       "ip address add " CONTAINER_IPV6 "/64 dev lan nodad\n"
		       "ip route replace default via 192.0.2.1 src " CONTAINER_IPV4 "\n"
		       "ip route replace default via 2001:db8:1::1 src " CONTAINER_IPV6 "\n"));
}

static void expect_default(int receiver, struct origin origin)
{
	origin.bind = CONTAINER_IPV4;
	expect_pool(receiver, &origin, RECEIVER_IPV4, "high-risk");
	origin.bind = CONTAINER_IPV6;
	expect_pool(receiver, &origin, RECEIVER_IPV6, "high-risk");
}

Test(netns_container, its_uid_and_mark_are_not_those_of_this_host)
{
	static const struct origin user = {.host = TENANT, .uid = SENDER_UID};
	static const struct origin marked = {.host = TENANT, .mark = SENDER_MARK};
	static const struct origin own = {.host = MAIL, .uid = SENDER_UID};
	static const struct origin own_marked = {.host = MAIL, .mark = SENDER_MARK};
	int receiver = receiver_open(25);
	struct capture *capture;

	NOT_HOSTILE("its router answers no ARP request of a bridge");
	bridge();
	postern_begin(&(struct setup){.fallback = "high-risk"});
	free(postern_must("sender set webmail normal"));
	free(postern_must("sender set marked normal"));
	capture = capture_start();
	expect_pool(receiver, &own, RECEIVER_IPV4, "normal");
	expect_pool(receiver, &own_marked, RECEIVER_IPV4, "normal");
	expect_default(receiver, user);
	expect_default(receiver, marked);
	expect_pools_only(capture);
}

/* The tenant becomes a container with a macvlan on the uplink. */
static void add_macvlan(void)
{
	free(host_must(MAIL, "ip link add child link wan type macvlan mode bridge &&"
			     "ip link set child netns $name-tenant"));
	free(host_must(TENANT,
		       "set -e; ip link set child up\n"
		       "ip address add " CONTAINER_IPV4 "/24 dev child\n"
		       "ip address add " CONTAINER_IPV6 "/64 dev child nodad\n"
		       "ip route replace default via 192.0.2.1 src " CONTAINER_IPV4 "\n"
		       "ip route replace default via 2001:db8:1::1 src " CONTAINER_IPV6 "\n"));
}

static void expect_own_address(int receiver, uint16_t port)
{
	static const char *const destinations[] = {RECEIVER_IPV4, RECEIVER_IPV6};
	static const struct origin container = {.host = TENANT};

	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		_cleanup_talk_ struct talk talk =
			talk_must(receiver, &container, destinations[ipv6], port);

		cr_expect_str_eq(talk.from, ipv6 ? CONTAINER_IPV6 : CONTAINER_IPV4);
		cr_expect(talk_transfer(&talk, 1 << 20, 1 << 20), "bytes lost or changed");
	}
}

static void leave_macvlan_alone(const char *egress)
{
	static const struct origin own = {.host = MAIL};
	int receiver = receiver_open(25);

	add_macvlan();
	expect_own_address(receiver, 25);
	postern_begin(&(struct setup){.egress = egress,
				      .more = "sender \"child\" { source = { \"" CONTAINER_IPV4
					      "\" } }"});
	free(postern_must("sender set child high-risk"));
	expect_own_address(receiver, 25);
	expect_pool(receiver, &own, RECEIVER_IPV4, "normal");
	expect_pool(receiver, &own, RECEIVER_IPV6, "normal");
}

Test(netns_container, with_a_macvlan_it_goes_on_as_a_host_of_its_own_by_tcx)
{
	NEEDS_TCX();
	leave_macvlan_alone("tcx");
}

Test(netns_container, with_a_macvlan_it_goes_on_as_a_host_of_its_own_by_clsact)
{
	leave_macvlan_alone("clsact");
}
