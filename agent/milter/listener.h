/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MTA's connections, in the event loop, with bounds:
 *
 *   connections   as many as the caller allows; for a new one, the idlest without a decision under
 *                 way is evicted (process/peers.h)
 *   input         one packet for each, LISTENER_INPUT_MAX_BYTES for all together: the connection
 *                 that exceeds it is closed
 *   output        no packet is taken while LISTENER_OUTPUT_MAX_BYTES of replies are unread
 *   time          LISTENER_IDLE_SEC without a packet, LISTENER_WRITE_SEC with an unread reply
 *
 * A connection that breaks the protocol is closed, and the others go on. The log says so once in
 * LISTENER_REPORT_SEC, with the number of connections.
 */
#pragma once

#include <stddef.h>

struct error;
struct event_base;
struct listener;
struct session_shared;

#define LISTENER_INPUT_MAX_BYTES  (64 << 20)
#define LISTENER_OUTPUT_MAX_BYTES (64 << 10)
#define LISTENER_IDLE_SEC	  3600 /* the limits of MTAs are lower */
#define LISTENER_WRITE_SEC	  300
#define LISTENER_PROGRESS_SEC	  5 /* the MTA hears so often of a decision that takes long */
#define LISTENER_REPORT_SEC	  60

/* Takes the listening, non-blocking socket over, also when it fails; borrows `shared`. -ENOMEM. */
int listener_new(struct event_base *base, int fd, size_t connections_max,
		 struct session_shared *shared, struct listener **ret_listener,
		 struct error *error);
/* Accepts at another socket from now on, taken over as above. Its connections live on. -ENOMEM. */
int listener_move(struct listener *listener, int fd, struct error *error);
/* Closes all connections at once: undecided messages stay with the MTA. NULL is fine. */
void listener_free(struct listener *listener);
