/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Serves lookup.h to Postfix on the caller's event loop: netstrings on a unix socket of mode
 * 0660, or on TCP of loopback. A client may send requests without waiting; they are answered in
 * order.
 *
 *   a client that                                  is
 *   sends no netstring, or too long a one          disconnected after the answers to earlier
 *                                                  requests
 *   sends nothing for SOCKETMAP_IDLE_SEC           disconnected; Postfix disconnects earlier
 *   does not read its answers                      not read from, and disconnected after
 *                                                  SOCKETMAP_WRITE_SEC
 *   exceeds SOCKETMAP_CONNECTIONS_MAX              accepted; the idlest is evicted
 *                                                  (process/peers.h)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct config_socket;
struct error;
struct event_base;
struct judge;
struct socketmap;

/* Together with the API's connections below RLIMIT_NOFILE's default of 1024. */
#define SOCKETMAP_CONNECTIONS_MAX 256
#define SOCKETMAP_IDLE_SEC	  100
#define SOCKETMAP_WRITE_SEC	  10

/*
 * Borrows all arguments for its life. Replaces an existing socket file: the caller's lock proves
 * that no other process serves it. Errors as in listen.h; -ENOMEM.
 */
int socketmap_new(struct event_base *base, const struct config_socket *socket,
		  const struct judge *judge, struct socketmap **ret_socketmap, struct error *error);
/* Its file was removed or replaced: clients need a new one. */
bool socketmap_is_lost(const struct socketmap *socketmap);
/* Also removes the socket file. NULL is fine. */
void socketmap_free(struct socketmap *socketmap);

struct socketmap_stats {
	uint64_t requests;
	uint64_t connections; /* now */
	uint64_t evicted;
	uint64_t cut; /* sent no request, or read too slowly */
};
void socketmap_stats(const struct socketmap *socketmap, struct socketmap_stats *ret_stats);
