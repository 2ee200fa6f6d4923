/* SPDX-License-Identifier: BSD-2-Clause */
/* The hold with real sockets: what it refuses, how fast, and what it leaves alone. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "datapath/hold.h"
#include "datapath/pins.h"
#include "netns/postern.h"

TestSuite(netns_hold, .init = world_init, .fini = world_done, .timeout = 60);

#define RECEIVER_MAPPED "::ffff:" RECEIVER_IPV4
#define OWN_MAPPED	"::ffff:" MAIL_IPV4
#define QUIET_MS	300

/* A hold of the mail host, which holds nothing yet. */
static struct hold *hold_made(void)
{
	struct hold_options options = {.pin_path = world.pin_path, .ports = {25, 587}};
	struct error error = {0};
	struct hold *hold = NULL;
	int r;

	host_enter(MAIL);
	r = hold_open(&options, &hold, &error);
	host_leave();
	cr_assert_eq(r, 0, "%s", error.text);
	return hold;
}

static void set_scope(struct hold *hold, uint32_t scope)
{
	struct error error;

	cr_assert_eq(hold_set_scope(hold, scope, &error), 0, "%s", error.text);
}

static int index_of(enum host host, const char *interface)
{
	int index;

	host_enter(host);
	index = if_nametoindex(interface);
	host_leave();
	cr_assert_gt(index, 0);
	return index;
}

static void set_interface(struct hold *hold, const char *name, enum hold_interface_state state)
{
	struct error error;

	cr_assert_eq(hold_set_interface(hold, index_of(MAIL, name), name, state, &error), 0, "%s",
		     error.text);
}

static int visit_held(void *data, int index, const struct hold_interface *interface,
		      const struct held *held)
{
	struct held *sum = data;

	(void)index, (void)interface;
	sum->connections += held->connections;
	sum->packets += held->packets;
	sum->forwarded += held->forwarded;
	return 0;
}

static struct held held_sum(void)
{
	struct held sum = {0};
	struct error error;

	cr_assert_eq(hold_walk(world.pin_path, visit_held, &sum, &error), 0, "%s", error.text);
	return sum;
}

/* ---- attempts to connect */

enum way { BLOCKING, NONBLOCKING, MPTCP, FAST_OPEN_SEND, FAST_OPEN_CONNECT, WAYS };
static const char *const way_names[WAYS] = {"blocking", "non-blocking", "MPTCP", "MSG_FASTOPEN",
					    "TCP_FASTOPEN_CONNECT"};

static socklen_t destination_of(const char *text, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)ret;

	memset(ret, 0, sizeof(*ret));
	if (strchr(text, ':')) {
		*ipv6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
		cr_assert_eq(inet_pton(AF_INET6, text, &ipv6->sin6_addr), 1);
		return sizeof(*ipv6);
	}
	*ipv4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
	cr_assert_eq(inet_pton(AF_INET, text, &ipv4->sin_addr), 1);
	return sizeof(*ipv4);
}

static int socket_for(enum host host, enum way way, const char *destination)
{
	int family = strchr(destination, ':') ? AF_INET6 : AF_INET;
	int type = SOCK_STREAM | SOCK_CLOEXEC | (way == NONBLOCKING ? SOCK_NONBLOCK : 0);
	int one = 1, fd;

	host_enter(host);
	fd = socket(family, type, way == MPTCP ? IPPROTO_MPTCP : 0);
	host_leave();
	if (fd < 0 && way == MPTCP)
		cr_skip_test("this kernel has no MPTCP");
	cr_assert_geq(fd, 0);
	if (way == FAST_OPEN_CONNECT)
		cr_assert_eq(setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof(one)),
			     0);
	return fd;
}

/* 0 or errno of the first call that connects. `ret_fd` stays open. */
static int attempt(enum host host, enum way way, const char *text, uint16_t port, int *ret_fd)
{
	struct sockaddr_storage storage;
	const struct sockaddr *destination = (const struct sockaddr *)&storage;
	socklen_t size = destination_of(text, port, &storage);
	int fd = socket_for(host, way, text);
	int r = way == FAST_OPEN_SEND ? sendto(fd, "x", 1, MSG_FASTOPEN, destination, size) < 0
				      : connect(fd, destination, size) < 0;

	*ret_fd = fd;
	return r ? errno : 0;
}

static void expect_attempt(enum host host, enum way way, const char *text, uint16_t port,
			   int expected)
{
	_cleanup_(close_fd_p) int fd = -1;
	uint64_t before = now_ms();
	int r = attempt(host, way, text, port, &fd);

	cr_assert_eq(r, expected, "%s to %s port %u: %s", way_names[way], text, port, strerror(r));
	cr_assert_lt(now_ms() - before, 1000 * test_patience(), "%s to %s", way_names[way], text);
}

static size_t packets_of(struct capture *capture)
{
	size_t count = 0;

	capture_stop(capture, &count);
	capture_free(capture);
	return count;
}

/* ---- the whole host */

static const char *const outside[] = {RECEIVER_IPV4, RECEIVER_IPV6, RECEIVER_MAPPED};

static void is_refused(enum way way)
{
	struct capture *capture = capture_start();
	struct hold *hold = hold_made();

	receiver_open(25);
	set_scope(hold, HOLD_HOST);
	for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++)
		expect_attempt(MAIL, way, outside[i], 25, ECONNREFUSED);
	cr_expect_eq(packets_of(capture), 0, "packets on the wire");
	cr_expect_eq(held_sum().connections, 3);
	hold_free(hold);
}

Test(netns_hold, a_held_host_refuses_at_once)
{
	is_refused(BLOCKING);
}

Test(netns_hold, a_held_host_refuses_a_non_blocking_connect)
{
	is_refused(NONBLOCKING);
}

Test(netns_hold, a_held_host_refuses_fast_open_by_sendto)
{
	is_refused(FAST_OPEN_SEND);
}

Test(netns_hold, a_held_host_refuses_fast_open_by_connect)
{
	is_refused(FAST_OPEN_CONNECT);
}

Test(netns_hold, a_held_host_refuses_mptcp)
{
	is_refused(MPTCP);
}

Test(netns_hold, a_held_host_leaves_all_but_its_steered_ports_outside_alone)
{
	static const char *const own[] = {
		"127.0.0.1", "::1",	"0.0.0.0",  "::",      "::ffff:127.0.0.1",
		MAIL_IPV4,   MAIL_IPV6, OWN_MAPPED, "10.1.7.1"};
	const struct origin tenant = {.host = TENANT};
	struct hold *hold = hold_made();
	struct net nets[] = {
		{.prefix_length = 128}, {.prefix_length = 128}, {.prefix_length = 120}};
	struct error error;
	int receiver = receiver_open(25);

	receiver_open(26);
	receiver_open_on(MAIL, 25);
	inet_pton(AF_INET6, OWN_MAPPED, nets[0].address);
	inet_pton(AF_INET6, MAIL_IPV6, nets[1].address);
	inet_pton(AF_INET6, "::ffff:10.1.7.0", nets[2].address);
	cr_assert_eq(hold_set_own(hold, nets, 3, &error), 0, "%s", error.text);
	set_scope(hold, HOLD_HOST);
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		expect_attempt(MAIL, BLOCKING, own[i], 25, 0);
	for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++)
		expect_attempt(MAIL, BLOCKING, outside[i], 26, 0);
	/* Another network namespace below the same root cgroup, from here and forwarded. */
	expect_attempt(INTERNET, BLOCKING, MAIL_IPV4, 25, 0);
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);

		cr_expect(talk_lives(&talk));
	}
	cr_expect_eq(held_sum().connections + held_sum().packets, 0);
	hold_free(hold);
}

Test(netns_hold, addresses_that_left_the_host_are_refused)
{
	struct hold *hold = hold_made();
	struct net net = {.prefix_length = 128};
	struct error error;

	receiver_open_on(MAIL, 25);
	set_scope(hold, HOLD_HOST);
	inet_pton(AF_INET6, OWN_MAPPED, net.address);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(hold_set_own(hold, &net, 1, &error), 0, "%s", error.text);
		expect_attempt(MAIL, BLOCKING, MAIL_IPV4, 25, 0);
		cr_assert_eq(hold_set_own(hold, &net, 0, &error), 0, "%s", error.text);
		expect_attempt(MAIL, BLOCKING, MAIL_IPV4, 25, ECONNREFUSED);
	}
	hold_free(hold);
}

Test(netns_hold, connections_that_exist_outlive_the_hold)
{
	const struct origin local = {.host = MAIL};
	int receiver = receiver_open(25);
	_cleanup_talk_ struct talk talk = talk_must(receiver, &local, RECEIVER_IPV4, 25);
	struct hold *hold = hold_made();

	set_scope(hold, HOLD_HOST);
	cr_expect(talk_lives(&talk));
	hold_free(hold);
}

/* ---- interfaces */

Test(netns_hold, an_interface_that_is_held_gives_up_after_seconds)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct capture *capture = capture_start();
	struct hold *hold = hold_made();
	uint64_t before = now_ms();

	receiver_open(25);
	set_interface(hold, "wan", HOLD_INTERFACE_HELD);
	cr_expect_eq(attempt(MAIL, BLOCKING, RECEIVER_IPV4, 25, &fd), ETIMEDOUT);
	cr_expect_lt(now_ms() - before, 20000 * test_patience());
	cr_expect_eq(packets_of(capture), 0, "packets on the wire");
	cr_expect_gt(held_sum().packets, 0);
	hold_free(hold);
}

static bool is_writable(int fd, int within_ms)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLOUT};

	return poll(&pollfd, 1, within_ms) == 1;
}

static void expect_held(enum way way, const char *destination, int *ret_fd)
{
	uint64_t before = held_sum().packets;

	cr_expect_eq(attempt(MAIL, way, destination, 25, ret_fd), EINPROGRESS, "%s", destination);
	cr_expect_not(is_writable(*ret_fd, QUIET_MS), "%s", destination);
	cr_expect_gt(held_sum().packets, before, "%s", destination);
}

Test(netns_hold, an_unknown_interface_holds_until_it_may_pass)
{
	struct hold *hold = hold_made();

	receiver_open(25);
	receiver_open(26);
	receiver_open_on(MAIL, 25);
	set_scope(hold, HOLD_NEW_INTERFACES);
	for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++) {
		_cleanup_(close_fd_p) int fd = -1;

		expect_held(NONBLOCKING, outside[i], &fd);
		expect_attempt(MAIL, BLOCKING, outside[i], 26, 0);
	}
	expect_attempt(MAIL, BLOCKING, MAIL_IPV4, 25, 0);
	expect_attempt(MAIL, BLOCKING, "::1", 25, 0);
	set_interface(hold, "wan", HOLD_INTERFACE_PASS);
	for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++)
		expect_attempt(MAIL, BLOCKING, outside[i], 25, 0);
	hold_free(hold);
}

Test(netns_hold, an_interface_that_is_forgotten_is_unknown)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct hold *hold = hold_made();
	struct error error;

	receiver_open(25);
	set_scope(hold, HOLD_NEW_INTERFACES);
	set_interface(hold, "wan", HOLD_INTERFACE_PASS);
	expect_attempt(MAIL, BLOCKING, RECEIVER_IPV4, 25, 0);
	cr_assert_eq(hold_forget_interface(hold, index_of(MAIL, "wan"), &error), 0);
	cr_assert_eq(hold_forget_interface(hold, index_of(MAIL, "wan"), &error), 0);
	expect_held(NONBLOCKING, RECEIVER_IPV4, &fd);
	hold_free(hold);
}

Test(netns_hold, interfaces_of_other_namespaces_are_never_held)
{
	struct hold *hold = hold_made();
	struct error error;

	receiver_open_on(MAIL, 25);
	set_scope(hold, HOLD_NEW_INTERFACES);
	for (int index = 2; index < 100; index++)
		cr_assert_eq(hold_set_interface(hold, index, "x", HOLD_INTERFACE_HELD, &error), 0);
	expect_attempt(INTERNET, BLOCKING, MAIL_IPV4, 25, 0);
	expect_attempt(INTERNET, BLOCKING, MAIL_IPV6, 25, 0);
	expect_attempt(TENANT, BLOCKING, "10.1.7.1", 25, 0);
	cr_expect_eq(held_sum().packets, 0);
	hold_free(hold);
}

static void forwarded(enum hook_kind kind)
{
	const struct origin tenant = {.host = TENANT};
	struct hook_interface wan = {.name = "wan", .index = index_of(MAIL, "wan"), true, true};
	struct hold *hold = hold_made();
	const struct hook hook = {HOOK_EGRESS, kind};
	int receiver = receiver_open(25), other = receiver_open(26);
	struct error error = {0};
	struct talk talk;

	if (kind == HOOK_CLSACT)
		free(host_must(MAIL, "tc qdisc add dev wan clsact"));
	host_enter(MAIL);
	cr_expect_eq(hold_hook_attach(hold, world.pin_path, &wan, hook, &error), 0, "%s",
		     error.text);
	cr_expect_eq(hold_hook_attach(hold, world.pin_path, &wan, hook, &error), 0, "%s",
		     error.text);
	host_leave();
	cr_expect_eq(talk_open(receiver, &tenant, RECEIVER_IPV4, 25, REFUSE_MS, &talk), -ETIMEDOUT);
	cr_expect_eq(talk_open(receiver, &tenant, RECEIVER_IPV6, 25, REFUSE_MS, &talk), -ETIMEDOUT);
	cr_expect_geq(held_sum().forwarded, 2);
	talk = talk_must(other, &tenant, RECEIVER_IPV4, 26);
	talk_close(&talk);
	host_enter(MAIL);
	cr_expect_eq(hook_detach(world.pin_path, &wan, hook, &error), 0, "%s", error.text);
	host_leave();
	talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);
	talk_close(&talk);
	hold_free(hold);
}

Test(netns_hold, forwarded_mail_is_held_by_clsact)
{
	forwarded(HOOK_CLSACT);
}

Test(netns_hold, forwarded_mail_is_held_by_tcx)
{
	NEEDS_TCX();
	forwarded(HOOK_TCX);
}

/* ---- its life */

Test(netns_hold, it_needs_no_process_and_is_taken_over_and_goes_as_a_whole)
{
	struct hold *hold = hold_made();
	struct hold_settings settings;
	struct error error;
	uint32_t scope = 0;

	receiver_open(25);
	set_scope(hold, HOLD_HOST);
	set_interface(hold, "wan", HOLD_INTERFACE_PASS);
	hold_free(hold);
	expect_attempt(MAIL, BLOCKING, RECEIVER_IPV4, 25, ECONNREFUSED);
	hold = hold_made();
	cr_assert_eq(hold_get_scope(hold, &scope, &error), 0);
	cr_expect_eq(scope, HOLD_HOST);
	expect_attempt(MAIL, BLOCKING, RECEIVER_IPV4, 25, ECONNREFUSED);
	cr_assert_eq(hold_read(world.pin_path, &settings, &error), 0);
	cr_expect_eq(settings.scope, HOLD_HOST);
	cr_expect_eq(settings.ports[1], 587);
	cr_expect_eq(hold_release(world.pin_path, &error), 0, "%s", error.text);
	hold_free(hold);
	expect_attempt(MAIL, BLOCKING, RECEIVER_IPV4, 25, 0);
	cr_expect(!host_succeeds(MAIL, "[ -e %s ]", world.pin_path));
	cr_expect_eq(hold_read(world.pin_path, &settings, &error), -ENOENT);
	cr_expect_eq(hold_release(world.pin_path, &error), 0, "%s", error.text);
}

Test(netns_hold, up_ends_the_hold_of_the_host_and_down_takes_all_of_it_away)
{
	struct hold *hold = hold_made();
	struct hold_settings settings;
	struct error error;

	set_scope(hold, HOLD_HOST);
	hold_free(hold);
	receiver_open(25);
	postern_configure(NULL);
	expect_attempt(MAIL, BLOCKING, RECEIVER_IPV4, 25, ECONNREFUSED);
	free(postern_must("up"));
	expect_attempt(MAIL, BLOCKING, RECEIVER_IPV4, 25, 0);
	cr_assert_eq(hold_read(world.pin_path, &settings, &error), 0, "%s", error.text);
	cr_expect_eq(settings.scope, HOLD_NEW_INTERFACES);
	free(postern_must("down"));
	cr_expect_eq(hold_read(world.pin_path, &settings, &error), -ENOENT);
	expect_attempt(MAIL, BLOCKING, RECEIVER_IPV4, 25, 0);
	cr_expect(!host_succeeds(MAIL, "[ -e %s ]", world.pin_path));
}
