/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections through a real datapath: every byte arrives, and the receiver sees only pool
 * addresses. Local mail with GSO and CHECKSUM_PARTIAL, forwarded mail of a tenant, both families.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_tcp, .init = world_init, .fini = world_done, .timeout = 60);

static void transfer(enum host host, const char *destination)
{
	struct origin origin = {.host = host};
	struct capture *capture;
	int receiver = receiver_open(25);

	postern_begin(NULL);
	capture = capture_start();
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &origin, destination, 25);

		cr_assert_str_eq(pool_of(talk.from), "normal", "seen from %s", talk.from);
		cr_assert(talk_transfer(&talk, 200 << 20, 40 << 20), "bytes lost or changed");
	}
	expect_pools_only(capture);
}

Test(netns_tcp, local_200_mb_over_ipv4_arrive_byte_for_byte_from_a_pool_address)
{
	transfer(MAIL, RECEIVER_IPV4);
}

Test(netns_tcp, local_200_mb_over_ipv6_arrive_byte_for_byte_from_a_pool_address)
{
	transfer(MAIL, RECEIVER_IPV6);
}

Test(netns_tcp,
     local_200_mb_arrive_where_the_interface_takes_64_kb_packets_with_unfinished_checksums)
{
	free(host_must(MAIL, "ethtool -K wan tx on tso on"));
	free(host_must(INTERNET, "ethtool -K wan tx on tso on"));
	transfer(MAIL, RECEIVER_IPV4);
}

Test(netns_tcp, forwarded_200_mb_arrive_where_the_tenant_finishes_its_checksums)
{
	free(host_must(TENANT, "ethtool -K lan tx off"));
	transfer(TENANT, RECEIVER_IPV6);
}

Test(netns_tcp, forwarded_200_mb_over_ipv4_arrive_byte_for_byte_from_a_pool_address)
{
	transfer(TENANT, RECEIVER_IPV4);
}

Test(netns_tcp, forwarded_200_mb_over_ipv6_arrive_byte_for_byte_from_a_pool_address)
{
	transfer(TENANT, RECEIVER_IPV6);
}

/* Three senders and two addresses: at least two share an address and differ only by port. */
Test(netns_tcp, senders_with_one_source_port_and_one_destination_all_get_through)
{
	static const struct origin origins[] = {
		{.host = MAIL, .bind = MAIL_IPV4, .port = 40000},
		{.host = TENANT, .bind = TENANT_IPV4, .port = 40000},
		{.host = TENANT, .bind = TENANT_OTHER, .port = 40000},
	};
	struct talk talks[3] = {TALK_NONE, TALK_NONE, TALK_NONE};
	struct capture *capture;
	int receiver = receiver_open(25);

	postern_begin(NULL);
	capture = capture_start();
	for (int i = 0; i < 3; i++) {
		talks[i] = talk_must(receiver, &origins[i], RECEIVER_IPV4, 25);
		for (int j = 0; j < i; j++)
			cr_assert(strcmp(talks[i].from, talks[j].from) ||
					  talks[i].from_port != talks[j].from_port,
				  "two connections from %s port %u", talks[i].from,
				  talks[i].from_port);
	}
	for (int i = 0; i < 3; i++)
		cr_assert(talk_transfer(&talks[i], 1 << 20, 1 << 20));
	for (int i = 0; i < 3; i++)
		talk_close(&talks[i]);
	expect_pools_only(capture);
}

Test(netns_tcp, a_source_port_is_kept_where_it_is_free)
{
	struct origin origin = {.host = MAIL, .port = 40123};
	int receiver = receiver_open(25);

	postern_begin(NULL);
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &origin, RECEIVER_IPV4, 25);

		cr_assert_eq(talk.from_port, 40123);
	}
}

Test(netns_tcp, a_hundred_connections_at_once_all_carry_their_own_bytes)
{
	struct talk talks[100];
	struct capture *capture;
	int receiver = receiver_open(25);

	postern_begin(NULL);
	capture = capture_start();
	for (int i = 0; i < 100; i++) {
		struct origin origin = {.host = i % 2 ? TENANT : MAIL};

		talks[i] = talk_must(receiver, &origin, i % 3 ? RECEIVER_IPV4 : RECEIVER_IPV6, 25);
	}
	for (int i = 0; i < 100; i++)
		cr_assert(talk_lives(&talks[i]), "connection %d", i);
	for (int i = 0; i < 100; i++)
		talk_close(&talks[i]);
	expect_pools_only(capture);
}

Test(netns_tcp, a_port_that_is_not_steered_keeps_its_own_address)
{
	static const struct {
		struct origin origin;
		const char *to, *from;
	} cases[] = {
		{{.host = MAIL}, RECEIVER_IPV4, MAIL_IPV4},
		{{.host = MAIL}, RECEIVER_IPV6, MAIL_IPV6},
		{{.host = TENANT}, RECEIVER_IPV4, TENANT_IPV4},
		{{.host = TENANT}, RECEIVER_IPV6, TENANT_IPV6},
	};
	int receiver = receiver_open(587);

	postern_begin(NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_talk_ struct talk talk =
			talk_must(receiver, &cases[i].origin, cases[i].to, 587);

		cr_assert_str_eq(talk.from, cases[i].from);
		cr_assert(talk_transfer(&talk, 1 << 20, 1 << 20));
	}
}

static bool tcpdump_shows(const char *text)
{
	return host_succeeds(MAIL, "grep -q '%s' %s/tcpdump.log", text, world.directory);
}

Test(netns_tcp, udp_to_port_25_keeps_its_own_address)
{
	postern_begin(NULL);
	host_start(INTERNET, "tcpdump",
		   (const char *const[]){"tcpdump", "-lnti", "wan", "-Q", "in", "udp dst port 25",
					 NULL});
	cr_assert(wait_for(tcpdump_shows("listening"), 5000));
	free(host_must(MAIL, "exec bash -c 'echo x >/dev/udp/" RECEIVER_IPV4 "/25'"));
	free(host_must(TENANT, "exec bash -c 'echo x >/dev/udp/" RECEIVER_IPV4 "/25'"));
	cr_assert(wait_for(tcpdump_shows("IP " MAIL_IPV4 "."), 5000));
	cr_assert(wait_for(tcpdump_shows("IP " TENANT_IPV4 "."), 5000));
}
