/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GET /v1/events: an answer that does not end, one line of JSON per event. At most
 * EVENT_STREAM_MAX clients follow; a client with EVENT_STREAM_BACKLOG_BYTES still unread when the
 * next event comes is dropped.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct event_stream;
struct evhttp_request;
struct http_listener;

#define EVENT_STREAM_MAX	   16
#define EVENT_STREAM_BACKLOG_BYTES (256 << 10)

struct event_stream *event_stream_new(struct http_listener *listener); /* NULL: out of memory */
/* After http_listener_free(), which still reports ended connections here. */
void event_stream_free(struct event_stream *stream);

/* Begins the answer. False: EVENT_STREAM_MAX clients follow already; nothing was answered. */
bool event_stream_add(struct event_stream *stream, struct evhttp_request *request);
void event_stream_publish(struct event_stream *stream, const json_t *event);

struct event_stream_stats {
	uint32_t now;
	uint64_t dropped;
};
void event_stream_stats(const struct event_stream *stream, struct event_stream_stats *ret_stats);
