/* SPDX-License-Identifier: BSD-2-Clause */
/* Chunked answers of evhttp. on_close() releases the request of a connection that ended. */
#include "api/event_stream.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "api/http_listener.h"
#include "base/cleanup.h"

struct follower {
	struct event_stream *stream;
	struct evhttp_request *request; /* NULL: the place is free */
	bool dropped;			/* its connection is about to end */
};

struct event_stream {
	struct http_listener *listener;
	struct follower places[EVENT_STREAM_MAX];
	uint64_t dropped;
};

struct event_stream *event_stream_new(struct http_listener *listener)
{
	struct event_stream *stream = calloc(1, sizeof(*stream));

	if (stream)
		stream->listener = listener;
	return stream;
}

void event_stream_free(struct event_stream *stream)
{
	free(stream);
}

/*
 * When the peer disconnects, evhttp detaches the request in progress, and only
 * evhttp_send_reply_end() frees it. When the server is freed, the request is still attached and
 * freed with the connection.
 */
static void on_close(struct evhttp_connection *connection, void *data)
{
	struct follower *follower = data;
	struct evhttp_request *request = TAKE_PTR(follower->request);

	(void)connection;
	if (request && !evhttp_request_get_connection(request))
		evhttp_send_reply_end(request);
}

bool event_stream_add(struct event_stream *stream, struct evhttp_request *request)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);
	size_t i = 0;

	while (i < EVENT_STREAM_MAX && stream->places[i].request)
		i++;
	if (i == EVENT_STREAM_MAX)
		return false;
	stream->places[i] = (struct follower){stream, request, false};
	http_listener_keep(stream->listener, request);
	evhttp_connection_set_closecb(connection, on_close, &stream->places[i]);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
			  "application/x-ndjson");
	evhttp_send_reply_start(request, 200, NULL);
	return true;
}

static size_t backlog_of(struct evhttp_request *request)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);

	return connection ? evbuffer_get_length(bufferevent_get_output(
				    evhttp_connection_get_bufferevent(connection)))
			  : 0;
}

static void send_line(struct follower *follower, const char *line, size_t size)
{
	struct evbuffer *buffer;

	if (backlog_of(follower->request) + size > EVENT_STREAM_BACKLOG_BYTES) {
		follower->dropped = true;
		follower->stream->dropped++;
		http_listener_end(follower->request);
		return;
	}
	buffer = evbuffer_new();
	if (buffer && evbuffer_add(buffer, line, size) == 0)
		evhttp_send_reply_chunk(follower->request, buffer);
	if (buffer)
		evbuffer_free(buffer);
}

void event_stream_publish(struct event_stream *stream, const json_t *event)
{
	_cleanup_(free_p) char *text = NULL;
	size_t size = 0;

	for (size_t i = 0; i < EVENT_STREAM_MAX; i++) {
		struct follower *follower = &stream->places[i];

		if (!follower->request || follower->dropped)
			continue;
		if (!text) {
			text = json_dumps(event, JSON_COMPACT);
			if (!text)
				return;
			size = strlen(text);
			text[size++] = '\n'; /* replaces the NUL */
		}
		send_line(follower, text, size);
	}
}

void event_stream_stats(const struct event_stream *stream, struct event_stream_stats *ret_stats)
{
	*ret_stats = (struct event_stream_stats){.dropped = stream->dropped};
	for (size_t i = 0; i < EVENT_STREAM_MAX; i++)
		ret_stats->now += stream->places[i].request != NULL;
}
