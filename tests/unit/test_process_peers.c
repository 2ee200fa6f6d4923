/* SPDX-License-Identifier: BSD-2-Clause */
#include "process/peers.h"

#include <criterion/criterion.h>

#define MAX 4

static struct peers *peers;
static char connections[MAX + 1]; /* their addresses stand for connections */

static void start(void)
{
	peers = peers_new(MAX);
	cr_assert_not_null(peers);
}

static void stop(void)
{
	peers_free(peers);
}

TestSuite(process_peers, .init = start, .fini = stop);

static struct peer *add(size_t index)
{
	return peers_add(peers, &connections[index], 100 + index);
}

static void fill(void)
{
	for (size_t i = 0; i < MAX; i++)
		cr_assert_not_null(add(i));
}

static void evicts(size_t index)
{
	const struct peer *peer = peers_evict(peers);

	cr_assert_not_null(peer);
	cr_assert_eq(peer->connection, &connections[index], "%td instead of %zu",
		     (char *)peer->connection - connections, index);
}

Test(process_peers, a_full_table_takes_no_more_until_one_is_removed)
{
	fill();
	cr_assert_null(add(MAX));
	cr_assert_eq(peers->count, MAX);
	peers_remove(peers, peers_find(peers, &connections[2]));
	cr_assert_eq(peers->count, MAX - 1);
	cr_assert_null(peers_find(peers, &connections[2]));
	cr_assert_not_null(add(MAX));
	cr_assert_null(add(2));
}

Test(process_peers, connections_without_a_request_are_evicted_first_oldest_first)
{
	fill();
	peer_asked(peers_find(peers, &connections[0]), 1);
	peer_asked(peers_find(peers, &connections[2]), 1000);
	evicts(1);
	evicts(3);
	evicts(0);
	evicts(2);
	cr_assert_null(peers_evict(peers));
	cr_assert_eq(peers->evicted, MAX);
	cr_assert_eq(peers->count, MAX, "an evicted connection keeps its place");
}

Test(process_peers, a_kept_connection_is_never_evicted)
{
	fill();
	peer_keep(peers_find(peers, &connections[0]));
	for (size_t i = 1; i < MAX; i++)
		evicts(i);
	cr_assert_null(peers_evict(peers));
}

Test(process_peers, a_place_that_is_taken_again_has_no_past)
{
	fill();
	peer_asked(peers_find(peers, &connections[0]), 2000);
	peer_keep(peers_find(peers, &connections[0]));
	peers_remove(peers, peers_find(peers, &connections[0]));
	peers_add(peers, &connections[0], 1);
	evicts(0);
}
