/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links with a smaller MTU than those at both ends. TCP does not fragment, so bulk data arrives
 * only if the ICMP errors arrive, translated. The small link is outside, between the internet's
 * router and the receiver, or inside, between the mail host and its tenant.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_pathmtu, .init = world_init, .fini = world_done, .timeout = 60);

#define BULK	  (1 << 20)
#define SMALL_MTU "1300"

/*
 * Moves the receiver behind a router, which replaces the internet host: from here on INTERNET is
 * the namespace beyond the small link. It has no name, and ends with the test.
 */
static void move_receiver_away(void)
{
	int far;

	cr_assert_eq(unshare(CLONE_NEWNET), 0, "unshare: %s", strerror(errno));
	far = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	cr_assert_geq(far, 0);
	host_leave();
	free(host_must(INTERNET,
		       "set -e; sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1;"
		       "ip address del " RECEIVER_IPV4 "/32 dev lo;"
		       "ip address del " RECEIVER_IPV6 "/128 dev lo;"
		       "ip link add far type veth peer name far netns /proc/%d/fd/%d;"
		       "ip link set far up mtu " SMALL_MTU ";"
		       "ip address add 198.51.100.1/24 dev far;"
		       "ip address add 2001:db8:2::1/64 dev far nodad",
		       getpid(), far));
	world.namespaces[INTERNET] = far;
	/* The receiver's own link is large, so it offers an MSS that the path cannot carry. */
	free(host_must(INTERNET, "set -e; sysctl -qw net.ipv6.conf.all.accept_dad=0;"
				 "ip link set lo up; ip link set far up mtu 1500;"
				 "ip address add " RECEIVER_IPV4 "/24 dev far;"
				 "ip address add " RECEIVER_IPV6 "/64 dev far nodad;"
				 "ip route add default via 198.51.100.1;"
				 "ip route add default via 2001:db8:2::1"));
}

static unsigned long counter(const char *name)
{
	_cleanup_(free_p) char *text = postern_must("-j status | jq '.datapath.counters.%s'", name);

	return strtoul(text, NULL, 10);
}

/* No pointers: Criterion copies a parameter to another process. */
struct way {
	bool forwarded, ipv6, xdp;
};

/* Bulk data one way, with the ICMP errors that it causes. */
static void transfer(const struct way *way, size_t up_bytes, size_t down_bytes)
{
	const char *destination = way->ipv6 ? RECEIVER_IPV6 : RECEIVER_IPV4;
	struct origin origin = {.host = way->forwarded ? TENANT : MAIL};
	int receiver = receiver_open(25);
	struct talk talk;

	postern_begin(&(struct setup){.ingress = way->xdp ? "xdp" : "tc"});
	talk = talk_must(receiver, &origin, destination, 25);
	cr_assert_str_eq(pool_of(talk.from), "normal", "seen from %s", talk.from);
	cr_assert(talk_transfer(&talk, up_bytes, down_bytes), "bytes lost or changed");
	talk_close(&talk);
}

ParameterizedTestParameters(netns_pathmtu, a_small_link_in_front_of_the_receiver)
{
	static struct way ways[] = {
		{.forwarded = false, .ipv6 = false},
		{.forwarded = false, .ipv6 = true},
		{.forwarded = true, .ipv6 = false},
		{.forwarded = true, .ipv6 = true},
		{.forwarded = true, .ipv6 = false, .xdp = true},
		{.forwarded = true, .ipv6 = true, .xdp = true},
	};

	return cr_make_param_array(struct way, ways, sizeof(ways) / sizeof(ways[0]));
}

ParameterizedTest(struct way *way, netns_pathmtu, a_small_link_in_front_of_the_receiver)
{
	move_receiver_away();
	transfer(way, BULK, 0);
	cr_assert_gt(counter("icmp_in"), 0);
	cr_assert_eq(counter("icmp_out"), 0);
}

ParameterizedTestParameters(netns_pathmtu, a_small_link_in_front_of_the_tenant)
{
	static struct way ways[] = {
		{.forwarded = true, .ipv6 = false},
		{.forwarded = true, .ipv6 = true},
	};

	return cr_make_param_array(struct way, ways, sizeof(ways) / sizeof(ways[0]));
}

/* Only at the mail host's end, so that the tenant sends more than the link carries. */
ParameterizedTest(struct way *way, netns_pathmtu, a_small_link_in_front_of_the_tenant)
{
	free(host_must(MAIL, "ip link set lan mtu " SMALL_MTU));
	transfer(way, 0, BULK);
	cr_assert_gt(counter("icmp_out"), 0);
	cr_assert_eq(counter("icmp_in"), 0);
}
