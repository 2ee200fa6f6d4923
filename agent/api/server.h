/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The API's transport on the caller's event loop: HTTP/1.1 on a unix socket of mode 0660, and a TCP
 * listener that serves GET /metrics and nothing else.
 *
 * Limits of the socket: SERVER_CONNECTIONS_MAX connections (process/peers.h evicts the idlest),
 * each ended after SERVER_IDLE_SEC without a byte; SERVER_HEADERS_MAX_BYTES of request line and
 * headers. The transport refuses a body over SERVER_BODY_MAX_BYTES, the API one over
 * API_BODY_MAX_BYTES. The TCP listener has SERVER_SCRAPERS_MAX and SERVER_SCRAPE_SEC.
 * event_stream.h limits the followers.
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
#define SERVER_SCRAPERS_MAX	 64
#define SERVER_SCRAPE_SEC	 10

/*
 * Replaces an existing socket file: the caller's lock proves that no other process serves it.
 * Borrows `base` and `api`. -ENAMETOOLONG: a path of more than 107 bytes (unix(7)); else
 * listen_unix().
 */
int server_new(struct event_base *base, const char *path, const struct api *api,
	       struct server **ret_server, struct error *error);
/* Also removes the socket file. NULL is fine. */
void server_free(struct server *server);

/*
 * 1: the socket's file was removed or replaced, and is there again; 0: it is there. Errors:
 * listen_unix(); -ENOMEM.
 */
int server_watch(struct server *server, struct error *error);

/* False: server_serve_metrics() has not succeeded yet. */
bool server_has_metrics(const struct server *server);
/* Serves metrics at "127.0.0.1:9525" or "[::1]:9525". -EADDRINUSE and other errors of bind(2). */
int server_serve_metrics(struct server *server, const char *endpoint, struct error *error);

/* To all that wait for a reload up to `number`: it has ended with `r`. The error may be changed. */
void server_answer(struct server *server, uint64_t number, int r, struct error *error);

/* To all followers; borrows the event. */
void server_publish(struct server *server, const json_t *event);

/* The server's own metrics, for struct api's metrics(). */
void server_print_metrics(const struct server *server, FILE *out);
