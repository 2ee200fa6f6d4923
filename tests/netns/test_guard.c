/* SPDX-License-Identifier: BSD-2-Clause */
/* `postern guard`: the host's losses come back, and nothing leaves by another source meanwhile. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

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
