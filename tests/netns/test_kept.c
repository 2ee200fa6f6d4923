/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A handle is no address for the wire: what is bound to one leaves by its pool, or not at all. The
 * hooked interface is wan; `tenant`, behind lan, is an internal host.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_kept, .init = world_init, .fini = world_done, .timeout = 60);

#define RELAY_PORT 587

static const char *const handles[] = {HANDLE_HIGH_RISK, HANDLE_HIGH_RISK6};

static void expect_kept_from(int receiver, const char *const destinations[2], uint16_t port)
{
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		const struct origin bound = {.host = MAIL, .bind = handles[ipv6]};
		const struct origin unbound = {.host = MAIL};
		uint64_t before = now_ms();
		struct talk talk;
		int r = talk_open(receiver, &bound, destinations[ipv6], port, CONNECT_MS, &talk);

		cr_expect_eq(r, -ECONNREFUSED, "%s port %u: %s", destinations[ipv6], port,
			     strerror(-r));
		cr_expect_lt(now_ms() - before, 1000 * test_patience());
		talk = talk_must(receiver, &unbound, destinations[ipv6], port);
		talk_close(&talk);
	}
}

static void expect_left_alone(int receiver, const char *const destinations[2], uint16_t port)
{
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		const struct origin bound = {.host = MAIL, .bind = handles[ipv6]};
		_cleanup_talk_ struct talk talk =
			talk_must(receiver, &bound, destinations[ipv6], port);

		cr_expect(talk_lives(&talk));
	}
}

#define MARKER_PORT 9

/* Each host's own packets to MARKER_PORT come behind those that may not leave. */
static void watch_for_handles(enum host host, const char *interface)
{
	host_start(host, interface,
		   (const char *const[]){"tcpdump", "-lnti", interface, "-Q", "in",
					 "udp dst port 9 or src net 100.127.0.0/16 or "
					 "src net fd70::/16",
					 NULL});
	cr_assert(wait_for(
		host_succeeds(host, "grep -q listening %s/%s.log", world.directory, interface),
		5000));
}

static void send_from(const char *bound, const char *destination)
{
	int family = strchr(destination, ':') ? AF_INET6 : AF_INET;
	struct sockaddr_storage from = {.ss_family = family}, to = {.ss_family = family};
	struct sockaddr_in6 *from6 = (struct sockaddr_in6 *)&from;
	struct sockaddr_in6 *to6 = (struct sockaddr_in6 *)&to;
	bool ipv6 = family == AF_INET6;
	_cleanup_(close_fd_p) int fd = -1;

	inet_pton(family, bound,
		  ipv6 ? (void *)&from6->sin6_addr
		       : (void *)&((struct sockaddr_in *)&from)->sin_addr);
	inet_pton(family, destination,
		  ipv6 ? (void *)&to6->sin6_addr : (void *)&((struct sockaddr_in *)&to)->sin_addr);
	to6->sin6_port = htons(MARKER_PORT); /* at the same place in both */
	host_enter(MAIL);
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	host_leave();
	cr_assert_eq(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0, "%s", strerror(errno));
	/* The drop may show: ENOBUFS. */
	(void)sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
}

static void expect_nothing_seen(const char *interface, const char *const destinations[2])
{
	send_from(HANDLE_NORMAL, destinations[0]);
	send_from(HANDLE_NORMAL6, destinations[1]);
	send_from("0.0.0.0", destinations[0]);
	send_from("::", destinations[1]);
	cr_assert(wait_for(host_succeeds(MAIL, "grep -c '[.]9: UDP' %s/%s.log | grep -qx 2",
					 world.directory, interface),
			   5000),
		  "%s", interface);
	cr_expect(host_succeeds(MAIL, "! grep -E 'IP6? (100.127|fd70)' %s/%s.log", world.directory,
				interface),
		  "a handle was seen by %s", interface);
}

static const char *const outside[] = {RECEIVER_IPV4, RECEIVER_IPV6};
static const char *const inside[] = {TENANT_IPV4, TENANT_IPV6};
static const char *const own[] = {MAIL_IPV4, MAIL_IPV6};

static long dropped(void)
{
	_cleanup_(free_p) char *text =
		postern_must("-j status | jq .datapath.counters.dropped_handle");

	return strtol(text, NULL, 10);
}

static void expect_kept(const char *egress)
{
	int receiver = receiver_open(25), relay = receiver_open(RELAY_PORT);
	int internal = receiver_open_on(TENANT, 25), other = receiver_open_on(TENANT, RELAY_PORT);
	int local = receiver_open_on(MAIL, RELAY_PORT);

	watch_for_handles(INTERNET, "wan");
	watch_for_handles(TENANT, "lan");
	postern_begin(&(struct setup){.egress = egress});
	expect_pool(receiver, &(struct origin){.host = MAIL, .bind = HANDLE_HIGH_RISK},
		    RECEIVER_IPV4, "high-risk");
	expect_kept_from(relay, outside, RELAY_PORT);
	expect_kept_from(internal, inside, 25);
	expect_kept_from(other, inside, RELAY_PORT);
	expect_left_alone(local, own, RELAY_PORT);
	cr_expect_eq(dropped(), 6);
	expect_nothing_seen("wan", outside);
	expect_nothing_seen("lan", inside);
}

Test(netns_kept, by_tcx_nothing_leaves_from_a_handle_but_by_its_pool)
{
	NEEDS_TCX();
	expect_kept("tcx");
}

Test(netns_kept, by_clsact_nothing_leaves_from_a_handle_but_by_its_pool)
{
	expect_kept("clsact");
}

static bool has_pin(const char *interface, const char *hook)
{
	return host_succeeds(MAIL, "[ -e $pin_path/link_%s_%s ]", interface, hook);
}

/* wan2 appears, gets a default route, and goes. */
Test(netns_kept, the_guard_follows_interfaces_that_carry_no_mail)
{
	NEEDS_TCX();
	postern_configure(&(struct setup){.egress = "tcx"});
	free(host_must(MAIL, "sed -i '/^interfaces = /d' %s/postern.conf", world.directory));
	postern_guard();
	cr_expect(has_pin("lan", "handles"));
	cr_expect(!has_pin("wan", "handles"));
	free(host_must(MAIL, "ip link add wan2 type veth peer name far2 && ip link set wan2 up &&"
			     "ip link set far2 up && ip address add 203.0.113.2/24 dev wan2"));
	cr_assert(wait_for(has_pin("wan2", "handles") && has_pin("far2", "handles"), 3000));
	free(host_must(MAIL, "ip route add default via 203.0.113.1 metric 9"));
	cr_assert(wait_for(has_pin("wan2", "egress") && !has_pin("wan2", "handles"), 3000));
	free(host_must(MAIL, "ip link del far2"));
	cr_assert(wait_for(!has_pin("far2", "handles"), 3000));
	cr_expect(!host_succeeds(MAIL, "grep far2 %s/run/journal", world.directory));
	free(postern_must("down"));
	cr_expect(!host_succeeds(MAIL, "[ -e $pin_path ]"));
}
