/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * First connections through a strict router, and addresses that somebody takes away and that come
 * back from another host. Must be zero: connections that fail, or by another pool.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "netns/postern.h"
#include "soak/count.h"

#define CONNECTIONS 100
#define MOVES	    12 /* of two addresses: the guard puts each back ten times in ten minutes */

TestSuite(soak_addresses, .init = world_init, .fini = world_done, .timeout = 180);

static const struct origin risky = {.host = MAIL, .bind = HANDLE_HIGH_RISK};

static long long is_wrong(int receiver)
{
	struct talk talk = TALK_NONE;
	bool wrong = talk_open(receiver, &risky, RECEIVER_IPV4, 25, CONNECT_MS, &talk) ||
		     strcmp(pool_of(talk.from), "high-risk");

	talk_close(&talk);
	return wrong;
}

Test(soak_addresses, arp)
{
	int receiver = receiver_open(25);
	long long wrong = 0;

	postern_configure(NULL);
	free(postern_must("up"));
	free(host_must(INTERNET, "sysctl -qw net.ipv4.conf.wan.arp_ignore=2"));
	for (int i = 0; i < CONNECTIONS; i++) {
		free(host_must(MAIL, "ip neigh flush dev wan"));
		wrong += is_wrong(receiver);
	}
	count_add("first connections through a strict router", CONNECTIONS);
	count_add_zero("first connections that failed", wrong);
}

static bool is_on_host(unsigned last)
{
	return host_succeeds(MAIL, "ip -o address show dev wan | grep -q ' 192.0.2.%u/'", last);
}

Test(soak_addresses, moves)
{
	int receiver = receiver_open(25);
	long long wrong = 0;

	free(host_must(INTERNET, "sysctl -qw net.ipv4.neigh.wan.base_reachable_time_ms=3600000"));
	postern_configure(NULL);
	postern_guard();
	for (unsigned i = 0; i < MOVES; i++) {
		unsigned last = 20 + i % 2;

		free(host_must(INTERNET,
			       "ip neigh replace 192.0.2.%u lladdr 02:00:00:00:00:01 dev wan "
			       "nud reachable",
			       last));
		free(host_must(MAIL, "ip address del 192.0.2.%u/32 dev wan", last));
		poll(NULL, 0, (int)count_random(50));
		cr_assert(wait_for(is_on_host(last), 5000), "192.0.2.%u is not put back", last);
		for (int j = 0; j < 3; j++)
			wrong += is_wrong(receiver);
	}
	count_add("addresses that moved", MOVES);
	count_add_zero("connections after a move that failed", wrong);
}
