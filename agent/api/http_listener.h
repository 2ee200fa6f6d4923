/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP/1.1 (libevent's evhttp) on one listening socket, with a bounded number of connections.
 * When the bound is reached, the idlest are evicted (process/peers.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_listener;
struct error;
struct event_base;
struct evhttp_request;

struct http_listener_options {
	size_t connections_max;
	int idle_sec; /* a connection ends after so long without a byte */
	size_t headers_max_bytes;
	size_t body_max_bytes;
	/* Called for every method; must answer, now or later. */
	void (*handle)(void *data, struct evhttp_request *request);
	void *data;
};

/* Owns the listening, non-blocking socket from the call on, also on failure. -ENOMEM. */
int http_listener_new(struct event_base *base, int fd, const struct http_listener_options *options,
		      struct http_listener **ret_listener, struct error *error);
/* Accepts at another socket from now on, owned as above. Its connections live on. -ENOMEM. */
int http_listener_move(struct http_listener *listener, int fd, struct error *error);
void http_listener_free(struct http_listener *listener); /* NULL is fine */

/* The connection of this request is never evicted and never times out. */
void http_listener_keep(struct http_listener *listener, struct evhttp_request *request);

/* Ends the connection of a request that is still being answered, in a later round of the loop. */
void http_listener_end(struct evhttp_request *request);

uint64_t http_listener_evicted(const struct http_listener *listener);
