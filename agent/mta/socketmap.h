/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Serves lookup.h to Postfix: netstrings on a unix socket of mode 0660, or on TCP of loopback, on the
 * caller's event loop. Requests may come one behind the other without waiting; they are answered in order.
 *
 *   who                                              what becomes of it
 *   sends no netstring, or a long one                cut off, when what it asked before is answered
 *   sends nothing for SOCKETMAP_IDLE_SEC             cut off: Postfix hangs up earlier, and connects
 *                                                    again when it has to
 *   does not read its answers                        nothing more is read from it, and it is cut off
 *                                                    after SOCKETMAP_WRITE_SEC
 *   comes when SOCKETMAP_CONNECTIONS_MAX are there   takes the place of the idlest: who never asked
 *                                                    goes first, then who asked longest ago
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

struct config_socket;
struct error;
struct event_base;
struct judge;
struct socketmap;

/* With those of the API they fit into the 1024 files that a process may have open by default. */
#define SOCKETMAP_CONNECTIONS_MAX 256
#define SOCKETMAP_IDLE_SEC	  100
#define SOCKETMAP_WRITE_SEC	  10

/*
 * Borrows all for its life. A socket file that is there is replaced: the caller holds the lock that says
 * nobody else serves it. Errors as of listen.h; -ENOMEM.
 */
int socketmap_new(struct event_base *base, const struct config_socket *socket,
		  const struct judge *judge, struct socketmap **ret_socketmap, struct error *error);
/* Also removes the socket file. NULL is fine. */
void socketmap_free(struct socketmap *socketmap);

struct socketmap_stats {
	uint64_t requests;
	uint64_t connections; /* now */
	uint64_t evicted;     /* had to make room */
	uint64_t cut;	      /* sent what is no request, or were too slow */
};
void socketmap_stats(const struct socketmap *socketmap, struct socketmap_stats *ret_stats);
