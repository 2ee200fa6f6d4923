/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP/1.1 (libevent's evhttp) on one listening socket, behind a bounded number of connections. When
 * all places are taken the idlest connections are ended to make room: first those that never asked
 * anything, longest there first, then those whose last request is longest ago. So whoever asks at once
 * is answered, however many others only hold a connection.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct door;
struct error;
struct event_base;
struct evhttp_request;

struct door_options {
	size_t connections_max;
	int idle_sec; /* without a byte: the connection ends */
	size_t headers_max_bytes;
	size_t body_max_bytes;
	/* Must answer, now or later. Every method comes here. */
	void (*handle)(void *data, struct evhttp_request *request);
	void *data;
};

/* Takes the listening, non-blocking socket over, also when it fails. -ENOMEM. */
int door_new(struct event_base *base, int fd, const struct door_options *options,
	     struct door **ret_door, struct error *error);
void door_free(struct door *door); /* NULL is fine */

/* This request's connection is in use for as long as it lives: it never makes room and never times out. */
void door_keep(struct door *door, struct evhttp_request *request);

/* Ends the connection of a request that is still being answered, soon and from outside of its callbacks. */
void door_end(struct evhttp_request *request);

uint64_t door_evicted(const struct door *door); /* connections that had to make room */
