/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MTA's connections: a bounded number of them, with bounded memory, in the event loop.
 *
 *   connections   LISTENER_CONNECTIONS_MAX, or what the process may open: the idlest without a decision
 *                 under way is evicted for a new one
 *   input         one packet and what came with it, for each; LISTENER_INPUT_MAX_BYTES for all together:
 *                 the connection that exceeds it ends
 *   output        LISTENER_OUTPUT_MAX_BYTES for each: an MTA that does not read its replies loses its
 *                 connection
 *   time          MILTER_IDLE_SEC without a packet
 *
 * A connection that breaks the protocol ends, and the others go on. The log says so once in
 * LISTENER_REPORT_SEC, with their number.
 */
#pragma once

#include <stddef.h>

struct error;
struct event_base;
struct listener;
struct session_shared;

#define LISTENER_CONNECTIONS_MAX  16384
#define LISTENER_INPUT_MAX_BYTES  (64 << 20)
#define LISTENER_OUTPUT_MAX_BYTES 65536
#define LISTENER_PROGRESS_SEC	  5 /* how often an MTA that waits for a decision hears of it */
#define LISTENER_REPORT_SEC	  60

/*
 * Takes the listening, non-blocking socket over, also when it fails; borrows `shared`. Serves at most
 * `connections_max` connections. -ENOMEM.
 */
int listener_new(struct event_base *base, int fd, struct session_shared *shared,
		 size_t connections_max, struct listener **ret_listener, struct error *error);
/* Ends all connections at once; messages without a decision stay with the MTA. NULL is fine. */
void listener_free(struct listener *listener);
