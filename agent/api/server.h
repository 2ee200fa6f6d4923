/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The API's transport: HTTP/1.1 (libevent) on a unix socket of mode 0660, on the caller's event loop.
 *
 * Limits: SERVER_CONNECTIONS_MAX at a time (the next wait in the listen queue), SERVER_IDLE_SEC
 * without a byte end a connection, SERVER_HEADERS_MAX_BYTES of request line and headers. A body over
 * SERVER_BODY_MAX_BYTES is cut off by the transport itself; API_BODY_MAX_BYTES is api.h's.
 */
#pragma once

#include "api/api.h"

struct error;
struct event_base;
struct server;

#define SERVER_CONNECTIONS_MAX	 64
#define SERVER_IDLE_SEC		 30
#define SERVER_HEADERS_MAX_BYTES (8 << 10)
#define SERVER_BODY_MAX_BYTES	 (1 << 20)

/*
 * Replaces a socket file that is there: the caller holds the lock that says nobody else serves it.
 * Borrows base and api. -ENAMETOOLONG: over the 107 bytes that a unix socket's path may have.
 */
int server_new(struct event_base *base, const char *path, const struct api *api,
	       struct server **ret_server, struct error *error);
/* Also removes the socket file. NULL is fine. */
void server_free(struct server *server);
