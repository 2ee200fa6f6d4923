/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connections of one listener, bounded: when the table is full, the idlest is evicted. First go
 * connections that never asked anything, oldest first, then connections by their last request. So a
 * peer that asks at once is answered, however many others only hold a connection.
 *
 * The table does no I/O and reads no clock: its owner ends an evicted connection and removes it. An
 * evicted connection keeps its place until then, and is not evicted twice.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One place; only peers.c writes it. */
struct peer {
	void *connection;  /* the owner's; NULL: the place is free */
	uint64_t since_ns; /* of the last request, or of the beginning */
	bool asked;
	bool kept;
	bool evicted;
};

struct peers {
	size_t max;
	size_t count;
	uint64_t evicted; /* so far */
	struct peer places[];
};

/* `max` at least 1. NULL: out of memory. */
struct peers *peers_new(size_t max);
/* The connections stay their owner's. NULL is fine. */
void peers_free(struct peers *peers);

/* NULL: the table is full. The place stays where it is until it is removed. */
struct peer *peers_add(struct peers *peers, void *connection, uint64_t now_ns);
void peers_remove(struct peers *peers, struct peer *peer);
/* NULL: not in the table. */
struct peer *peers_find(struct peers *peers, const void *connection);

/* The peer sent a request. */
void peer_asked(struct peer *peer, uint64_t now_ns);
/* The peer is not evicted until it is released. */
void peer_keep(struct peer *peer);
void peer_release(struct peer *peer);

/* Marks the idlest as evicted. NULL: all are kept or evicted. */
struct peer *peers_evict(struct peers *peers);
