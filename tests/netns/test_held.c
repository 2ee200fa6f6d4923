/* SPDX-License-Identifier: BSD-2-Clause */
/* What `postern guard` holds beyond the host's own connections, and what it leaves alone. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_held, .init = world_init, .fini = world_done, .timeout = 120);

static const struct origin local = {.host = MAIL};
static const struct origin tenant = {.host = TENANT};

/* 0, or -errno of a connection that is closed again. */
static int try_to(int receiver, const struct origin *origin, const char *destination, uint16_t port)
{
	struct talk talk = TALK_NONE;
	int r = talk_open(receiver, origin, destination, port, REFUSE_MS, &talk);

	talk_close(&talk);
	return r;
}

static pid_t guard_with(const char *egress, const char *interface)
{
	const char *conf = postern_configure(&(struct setup){.egress = egress});
	const char *const argv[] = {getenv("POSTERN"), "-c", conf, "guard", NULL};

	free(host_must(MAIL, "sed -i 's/^interfaces.*/interfaces = { \"%s\" }/' %s", interface,
		       conf));
	return host_start(MAIL, "guard", argv);
}

static void await(const char *interface, const char *state)
{
	_cleanup_(free_p) char *log = NULL;

	if (wait_for(postern_host_has(interface, state, 0), 40000))
		return;
	log = host_must(MAIL, "cat %s/guard.log; bpftool map dump pinned $pin_path/postern_host",
			world.directory);
	cr_assert_fail("'%s' is not %s: %s", interface, state, log);
}

static void before_up(const char *egress)
{
	int receiver = receiver_open(25), other = receiver_open(26);
	int own = receiver_open_on(MAIL, 25);
	pid_t guard = guard_with(egress, "ppp0");

	cr_assert(wait_for(try_to(receiver, &local, RECEIVER_IPV4, 25) == -ECONNREFUSED, 5000));
	cr_assert(wait_for(try_to(receiver, &tenant, RECEIVER_IPV4, 25) == -ETIMEDOUT, 5000));
	cr_expect_eq(try_to(receiver, &tenant, RECEIVER_IPV6, 25), -ETIMEDOUT);
	cr_expect_eq(try_to(other, &tenant, RECEIVER_IPV4, 26), 0);
	cr_expect_eq(try_to(own, &local, MAIL_IPV4, 25), 0);
	cr_expect_eq(try_to(own, &local, MAIL_IPV6, 25), 0);
	cr_expect_eq(try_to(own, &local, "10.1.7.1", 25), 0);
	free(host_must(MAIL, "sed -i s/ppp0/wan/ %s/postern.conf", world.directory));
	kill(guard, SIGHUP);
	await("wan", "PRESENT");
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
	expect_pool(receiver, &local, RECEIVER_IPV6, "normal");
}

Test(netns_held, before_the_first_up_forwarded_mail_is_held_by_clsact)
{
	before_up("clsact");
}

Test(netns_held, before_the_first_up_forwarded_mail_is_held_by_tcx)
{
	NEEDS_TCX();
	before_up("tcx");
}

Test(netns_held, forwarded_mail_by_a_default_route_elsewhere_is_held_while_it_is_one)
{
	int receiver = receiver_open(25);

	guard_with(NULL, "lan");
	await("wan", "REFUSED");
	cr_assert(wait_for(try_to(receiver, &tenant, RECEIVER_IPV4, 25) == -ETIMEDOUT, 5000));
	free(host_must(MAIL, "ip route add 198.51.100.0/24 via 192.0.2.1; ip route del default;"
			     "ip -6 route del default"));
	cr_assert(wait_for(try_to(receiver, &tenant, RECEIVER_IPV4, 25) == 0, 10000));
	free(postern_must("down"));
	cr_expect(!host_succeeds(MAIL, "[ -e %s ]", world.pin_path));
}
