/* SPDX-License-Identifier: BSD-2-Clause */
/* Linear searches: a listener has some hundred places. */
#include "process/peers.h"

#include <stdlib.h>

struct peers *peers_new(size_t max)
{
	struct peers *peers = calloc(1, sizeof(*peers) + max * sizeof(peers->places[0]));

	if (peers)
		peers->max = max;
	return peers;
}

void peers_free(struct peers *peers)
{
	free(peers);
}

struct peer *peers_find(struct peers *peers, const void *connection)
{
	for (size_t i = 0; i < peers->max; i++)
		if (peers->places[i].connection == connection)
			return &peers->places[i];
	return NULL;
}

struct peer *peers_add(struct peers *peers, void *connection, uint64_t now_ns)
{
	struct peer *peer = peers_find(peers, NULL);

	if (!peer)
		return NULL;
	*peer = (struct peer){.connection = connection, .since_ns = now_ns};
	peers->count++;
	return peer;
}

void peers_remove(struct peers *peers, struct peer *peer)
{
	*peer = (struct peer){.connection = NULL};
	peers->count--;
}

void peer_asked(struct peer *peer, uint64_t now_ns)
{
	peer->asked = true;
	peer->since_ns = now_ns;
}

void peer_keep(struct peer *peer)
{
	peer->kept = true;
}

void peer_release(struct peer *peer)
{
	peer->kept = false;
}

static bool is_idler(const struct peer *a, const struct peer *b)
{
	return a->asked == b->asked ? a->since_ns < b->since_ns : !a->asked;
}

struct peer *peers_evict(struct peers *peers)
{
	struct peer *idlest = NULL;

	for (size_t i = 0; i < peers->max; i++) {
		struct peer *peer = &peers->places[i];

		if (peer->connection && !peer->kept && !peer->evicted &&
		    (!idlest || is_idler(peer, idlest)))
			idlest = peer;
	}
	if (!idlest)
		return NULL;
	idlest->evicted = true;
	peers->evicted++;
	return idlest;
}
