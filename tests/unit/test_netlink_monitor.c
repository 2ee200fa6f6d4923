/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of rtnetlink in, changes out: by bytes, and by the kernel in a network namespace. */
#include "netlink/monitor.h"

#include <criterion/criterion.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sched.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "common/patience.h"

/* ---- bytes */

static _Alignas(NLMSG_ALIGNTO) char buffer[4096];
static int used;

static void add(uint16_t type, size_t payload)
{
	struct nlmsghdr header = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(payload), .nlmsg_type = type};

	memcpy(buffer + used, &header, sizeof(header));
	used += (int)NLMSG_SPACE(payload);
}

Test(netlink_monitor, no_message_is_no_change)
{
	cr_expect_eq(monitor_parse(buffer, 0), MONITOR_NOTHING);
	add(NLMSG_NOOP, 0);
	add(NLMSG_DONE, 4);
	cr_expect_eq(monitor_parse(buffer, used), MONITOR_NOTHING);
}

Test(netlink_monitor, each_kind_of_message_is_a_change)
{
	static const uint16_t types[] = {RTM_NEWADDR,	 RTM_DELADDR,	 RTM_NEWROUTE, RTM_DELROUTE,
					 RTM_NEWRULE,	 RTM_DELRULE,	 RTM_NEWQDISC, RTM_DELQDISC,
					 RTM_NEWTFILTER, RTM_DELTFILTER, RTM_DELCHAIN};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		used = 0;
		add(types[i], 64);
		cr_expect_eq(monitor_parse(buffer, used), MONITOR_CHANGE, "type %d", types[i]);
	}
}

Test(netlink_monitor, a_link_among_other_messages_is_urgent)
{
	static const uint16_t links[] = {RTM_NEWLINK, RTM_DELLINK};

	for (size_t i = 0; i < 2; i++) {
		used = 0;
		add(RTM_NEWROUTE, 33);
		add(RTM_DELADDR, 7);
		add(links[i], 100);
		add(RTM_NEWROUTE, 12);
		cr_expect_eq(monitor_parse(buffer, used), MONITOR_LINK, "type %d", links[i]);
	}
}

Test(netlink_monitor, a_message_that_is_cut_short_ends_the_reading)
{
	add(RTM_NEWROUTE, 16);
	add(RTM_NEWLINK, 100);
	cr_expect_eq(monitor_parse(buffer, used - 1), MONITOR_CHANGE);
	cr_expect_eq(monitor_parse(buffer, (int)NLMSG_SPACE(16) + 3), MONITOR_CHANGE);
	cr_expect_eq(monitor_parse(buffer, 15), MONITOR_NOTHING);
}

/* ---- the kernel */

static struct monitor *monitor;

static void run(const char *command)
{
	cr_assert_eq(system(command), 0, "%s", command);
}

static void listen_in_own_namespace(void)
{
	struct error error;

	if (unshare(CLONE_NEWNET) < 0)
		cr_skip_test("no network namespace can be made");
	cr_assert_eq(monitor_open(&monitor, &error), 0, "%s", error.text);
}

static enum monitor_change next_change(void)
{
	struct pollfd ready = {.fd = monitor_fd(monitor), .events = POLLIN};

	cr_assert_eq(poll(&ready, 1, (int)(5000 * test_patience())), 1, "the kernel is silent");
	return monitor_read(monitor);
}

Test(netlink_monitor, the_kernel_tells_of_links_addresses_routes_and_rules)
{
	listen_in_own_namespace();
	cr_expect_eq(monitor_read(monitor), MONITOR_NOTHING);
	run("ip link set lo up");
	cr_expect_eq(next_change(), MONITOR_LINK);
	run("ip address add 192.0.2.10/32 dev lo");
	cr_expect_eq(next_change(), MONITOR_CHANGE);
	run("ip address del 192.0.2.10/32 dev lo");
	cr_expect_eq(next_change(), MONITOR_CHANGE);
	run("ip route add 198.51.100.0/24 dev lo");
	cr_expect_eq(next_change(), MONITOR_CHANGE);
	run("ip -6 route add 2001:db8::/32 dev lo");
	cr_expect_eq(next_change(), MONITOR_CHANGE);
	run("ip rule add from 192.0.2.10 table 100");
	cr_expect_eq(next_change(), MONITOR_CHANGE);
	run("ip link set lo down");
	cr_expect_eq(next_change(), MONITOR_LINK);
	cr_expect_eq(monitor_read(monitor), MONITOR_NOTHING);
	monitor_close(monitor);
}

/* More than the socket holds: what was lost may have been a link. */
Test(netlink_monitor, after_an_overflow_all_is_looked_at_and_nothing_is_left_unread)
{
	listen_in_own_namespace();
	run("ip link set lo up");
	cr_expect_eq(next_change(), MONITOR_LINK);
	run("for a in $(seq 120); do for b in $(seq 250); do "
	    "echo route add 10.$a.$b.0/24 dev lo; done; done | ip -batch -");
	cr_expect_eq(next_change(), MONITOR_LINK);
	cr_expect_eq(monitor_read(monitor), MONITOR_NOTHING);
	run("ip address add 192.0.2.10/32 dev lo");
	cr_expect_eq(next_change(), MONITOR_CHANGE);
	monitor_close(monitor);
}
