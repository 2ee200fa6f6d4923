/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kinds of links that not every kernel has: a VLAN, a bond, a VRF, a dummy. `make test-vm` has
 * them.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_links, .init = world_init, .fini = world_done, .timeout = 60);

static void needs(const char *kind, const char *options)
{
	if (!host_succeeds(MAIL, "ip link add probe %s type %s %s && ip link del probe",
			   *options == 'i' ? "link wan" : "", kind, options))
		cr_skip_test("this kernel has no such link");
}

static void begin(const char *egress, const char *interfaces, const char *more)
{
	const char *conf = postern_configure(&(struct setup){.egress = egress, .more = more});

	free(host_must(MAIL, "sed -i 's/^interfaces = .*/interfaces = { %s }/' %s", interfaces,
		       conf));
	free(postern_must("up"));
	postern_agent();
}

static const struct origin handle = {.host = MAIL, .bind = HANDLE_HIGH_RISK};
static const struct origin handle6 = {.host = MAIL, .bind = HANDLE_HIGH_RISK6};
static const struct origin tenant = {.host = TENANT};

static bool has_flows(unsigned count)
{
	return host_succeeds(MAIL, "%s -c %s/postern.conf -j flow list | jq -e 'length == %u'",
			     getenv("POSTERN"), world.directory, count);
}

/* One translation each, and no other source on the wire. */
static void expect_steered(int receiver)
{
	struct capture *capture = capture_start();

	free(postern_must("sender set tenant-7 high-risk"));
	expect_pool(receiver, &handle, RECEIVER_IPV4, "high-risk");
	expect_pool(receiver, &handle6, RECEIVER_IPV6, "high-risk");
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
	expect_pool(receiver, &tenant, RECEIVER_IPV6, "high-risk");
	cr_expect(has_flows(4), "a connection has a second flow");
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &handle, RECEIVER_IPV4, 25);

		cr_assert(talk_transfer(&talk, 1 << 20, 1 << 20), "bytes lost or changed");
	}
	expect_pools_only(capture);
}

/* The host's own addresses and routes, on whatever link `wan` is now. */
#define ADDRESSES_OF_INTERNET                                                                      \
	"ip address add 192.0.2.1/24 dev wan && ip address add 2001:db8:1::1/64 dev wan nodad && " \
	"ip link set wan up && ip route add 10.1.0.0/16 via " MAIL_IPV4                            \
	" && ip route add fd00:7::/64 via " MAIL_IPV6
#define ADDRESSES_OF_MAIL                                                                          \
	"ip address add " MAIL_IPV4 "/24 dev wan && ip address add " MAIL_IPV6                     \
	"/64 dev wan nodad && ip link set wan up && ip route add default via 192.0.2.1 dev wan "   \
	"&& ip route add default via 2001:db8:1::1 dev wan"

#define WAN_BECOMES(name)                                                                          \
	"ip link set wan down && ip address flush dev wan && ip link set wan name " name           \
	" && ip link set " name " up && "

/* ---- a VLAN on a parent that has hooks, too */

static void vlan(const char *egress)
{
	int receiver;

	needs("vlan", "id 7");
	free(host_must(INTERNET, WAN_BECOMES("base") "ip link add link base name wan type vlan id "
						     "7 && " ADDRESSES_OF_INTERNET));
	free(host_must(MAIL, WAN_BECOMES("base") "ip link add link base name wan type vlan id 7 "
						 "&& " ADDRESSES_OF_MAIL));
	receiver = receiver_open(25);
	begin(egress, "\"wan\", \"base\"", NULL);
	expect_steered(receiver);
}

Test(netns_links, through_a_vlan_on_a_hooked_parent_a_packet_is_translated_once)
{
	vlan("auto");
}

Test(netns_links, through_a_vlan_on_a_hooked_parent_a_packet_is_translated_once_by_clsact)
{
	vlan("clsact");
}

/* ---- a bond whose ports come and go */

static void bond_interfaces(void)
{
	free(host_must(INTERNET,
		       WAN_BECOMES("port1") "ip link add wan type bridge && ip link set "
					    "port1 master wan && " ADDRESSES_OF_INTERNET));
	free(host_must(
		MAIL,
		WAN_BECOMES("port1") "ip link add wan type bond mode active-backup "
				     "miimon 10 && ip link add port2 type veth peer "
				     "name port2 netns $name-internet && "
				     "ip -n $name-internet link set port2 master wan "
				     "up && for i in 1 2; do ip link set port$i down; "
				     "ip link set port$i master wan; done && " ADDRESSES_OF_MAIL));
}

static bool is_active(const char *port)
{
	return host_succeeds(
		MAIL,
		"ip -j -d link show wan | jq -e '.[0].linkinfo.info_data.active_slave == \"%s\"'",
		port);
}

Test(netns_links, on_a_bond_connections_go_on_while_its_ports_come_and_go)
{
	int receiver;

	needs("bond", "");
	bond_interfaces();
	receiver = receiver_open(25);
	begin("auto", "\"wan\"", NULL);
	expect_steered(receiver);
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &handle, RECEIVER_IPV4, 25);

		free(host_must(MAIL, "ip link set port1 down"));
		cr_assert(wait_for(is_active("port2"), 5000));
		cr_assert(talk_lives(&talk));
		free(host_must(MAIL, "ip link set port1 nomaster; ip link set port1 master wan;"
				     "ip link set port2 nomaster"));
		cr_assert(wait_for(is_active("port1"), 5000));
		cr_assert(talk_lives(&talk));
	}
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
}

/* ---- an uplink in a VRF: handles and MTA are outside of it */

Test(netns_links, by_an_uplink_in_a_vrf_handles_of_the_default_vrf_are_steered)
{
	int receiver = receiver_open(25);

	needs("vrf", "table 77");
	free(host_must(MAIL, "ip link add blue type vrf table 77 && ip link set blue up &&"
			     "ip link set wan master blue &&"
			     "ip address add " MAIL_IPV6 "/64 dev wan nodad;"
			     "for table in 77 main; do"
			     "	ip route replace default via 192.0.2.1 dev wan table $table;"
			     "	ip -6 route replace default via 2001:db8:1::1 dev wan table $table;"
			     "done;"
			     "ip route add 10.1.0.0/16 dev lan table 77;"
			     "ip -6 route add fd00:7::/64 dev lan table 77;"
			     "sysctl -qw net.ipv4.tcp_l3mdev_accept=1"));
	begin("auto", "\"wan\"", NULL);
	expect_steered(receiver);
}

/* ---- addresses that the host itself keeps on a dummy */

Test(netns_links, pool_addresses_on_a_dummy_are_steered_by)
{
	int receiver = receiver_open(25);

	needs("dummy", "");
	free(host_must(MAIL, "ip link add pools type dummy && ip link set pools up && "
			     "for i in 10 11 20 21 30; do"
			     "	ip address add 192.0.2.$i/32 dev pools;"
			     "	ip address add 2001:db8:1::$i/128 dev pools nodad;"
			     "done"));
	free(host_must(INTERNET, "for i in 10 11 20 21 30; do"
				 "	ip route add 192.0.2.$i via " MAIL_IPV4 ";"
				 "	ip route add 2001:db8:1::$i via " MAIL_IPV6 ";"
				 "done"));
	begin("auto", "\"wan\"", "plumb = false\n");
	free(host_must(MAIL, "ip address add " HANDLE_HIGH_RISK "/32 dev lo;"
			     "ip address add " HANDLE_HIGH_RISK6 "/128 dev lo nodad"));
	expect_steered(receiver);
}
