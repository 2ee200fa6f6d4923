/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The API's transport, on the caller's event loop: HTTP/1.1 on a unix socket of mode 0660, and on a TCP
 * listener that knows GET /metrics and nothing else.
 *
 * Limits: SERVER_CONNECTIONS_MAX at a time (http_listener.h says who gives way), SERVER_IDLE_SEC without a byte
 * end a connection, SERVER_HEADERS_MAX_BYTES of request line and headers. A body over
 * SERVER_BODY_MAX_BYTES is cut off by the transport itself; API_BODY_MAX_BYTES is api.h's. For metrics
 * SERVER_SCRAPERS_MAX and SERVER_SCRAPE_SEC. Followers: event_stream.h.
 */
#pragma once

#include "api/api.h"

struct error;
struct event_base;
struct server;

#define SERVER_CONNECTIONS_MAX	 512
#define SERVER_IDLE_SEC		 30
#define SERVER_HEADERS_MAX_BYTES (8 << 10)
#define SERVER_BODY_MAX_BYTES	 (1 << 20)
#define SERVER_SCRAPERS_MAX	 16
#define SERVER_SCRAPE_SEC	 10

/*
 * Replaces a socket file that is there: the caller holds the lock that says nobody else serves it.
 * Borrows base and api. -ENAMETOOLONG: over the 107 bytes that a unix socket's path may have.
 */
int server_new(struct event_base *base, const char *path, const struct api *api,
	       struct server **ret_server, struct error *error);
/* Also removes the socket file. NULL is fine. */
void server_free(struct server *server);

/* Serves metrics at "127.0.0.1:9525" or "[::1]:9525". -EADDRINUSE and what else bind(2) says. */
int server_serve_metrics(struct server *server, const char *endpoint, struct error *error);

/* To all who follow; borrows the event. */
void server_publish(struct server *server, const json_t *event);

/* What the server counts of itself (api.metrics). */
void server_print_metrics(const struct server *server, FILE *out);
