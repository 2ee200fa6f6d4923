/* SPDX-License-Identifier: BSD-2-Clause */
/* evhttp neither counts connections nor reports their end: peers.h counts, a sweep finds ends. */
#include "api/http_listener.h"

#include <assert.h>
#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "process/peers.h"

#define SWEEP_AFTER_MS 5
/* Many at once: the end of a connection takes a round of the loop, and a thousand may wait. */
#define EVICT_SHARE 4
/* evhttp reads nothing during an answer; this much is read anyway, to notice a close. */
#define UNREAD_MAX_BYTES 4096

struct http_listener {
	struct http_listener_options options;
	struct event_base *base;
	struct evhttp *http;
	struct evconnlistener *listener; /* owned by http; NULL after a failed move */
	struct evhttp_bound_socket *bound;
	struct event *sweep;
	struct peers *peers; /* of struct bufferevent, a reference each */
};

/*
 * libevent 2.1 has no callback for the end of a connection without a request. bufferevent_free()
 * clears the callbacks, and our reference keeps the structure.
 */
static bool is_freed(struct bufferevent *connection)
{
	bufferevent_event_cb on_event;

	bufferevent_getcb(connection, NULL, NULL, &on_event, NULL);
	return !on_event;
}

/* Removes connections that ended. */
static void sweep(struct peers *peers)
{
	for (size_t i = 0; i < peers->max; i++) {
		struct peer *peer = &peers->places[i];
		struct bufferevent *connection = peer->connection;

		if (!connection || !is_freed(connection))
			continue;
		peers_remove(peers, peer);
		bufferevent_decref(connection);
	}
}

static bool is_full(const struct http_listener *listener)
{
	return listener->peers->count == listener->peers->max;
}

/* evhttp sees the end of the stream and frees the connection in a later round of the loop. */
static void end(struct bufferevent *connection)
{
	shutdown(bufferevent_getfd(connection), SHUT_RDWR);
}

static void evict(struct peers *peers)
{
	size_t wanted = peers->max / EVICT_SHARE + 1;
	const struct peer *idlest;

	while (wanted-- > 0 && (idlest = peers_evict(peers)))
		end(idlest->connection);
}

static void on_sweep(evutil_socket_t fd, short what, void *data)
{
	const struct timeval again = {.tv_usec = SWEEP_AFTER_MS * 1000};
	struct http_listener *listener = data;

	(void)fd, (void)what;
	sweep(listener->peers);
	if (is_full(listener))
		event_add(listener->sweep, &again);
	else if (listener->listener)
		evconnlistener_enable(listener->listener);
}

/* The listener is enabled only while the table has space. */
static struct bufferevent *on_connection(struct event_base *base, void *data)
{
	struct http_listener *listener = data;
	struct bufferevent *connection = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	struct peer *peer;

	if (!connection)
		return NULL;
	sweep(listener->peers);
	peer = peers_add(listener->peers, connection, clock_monotonic_ns());
	assert(peer);
	bufferevent_incref(connection);
	if (!is_full(listener))
		return connection;
	evconnlistener_disable(listener->listener);
	evict(listener->peers);
	event_active(listener->sweep, EV_TIMEOUT, 0);
	return connection;
}

static struct bufferevent *connection_of(struct evhttp_request *request)
{
	return evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
}

static void on_request(struct evhttp_request *request, void *data)
{
	struct http_listener *listener = data;
	struct peer *peer = peers_find(listener->peers, connection_of(request));

	if (peer)
		peer_asked(peer, clock_monotonic_ns());
	listener->options.handle(listener->options.data, request);
}

void http_listener_keep(struct http_listener *listener, struct evhttp_request *request)
{
	struct bufferevent *connection = connection_of(request);
	struct peer *peer = peers_find(listener->peers, connection);

	if (peer)
		peer_keep(peer);
	bufferevent_setwatermark(connection, EV_READ, 0, UNREAD_MAX_BYTES);
	bufferevent_set_timeouts(connection, NULL, NULL);
}

void http_listener_end(struct evhttp_request *request)
{
	end(connection_of(request));
}

uint64_t http_listener_evicted(const struct http_listener *listener)
{
	return listener->peers->evicted;
}

static void configure(struct http_listener *listener)
{
	const struct http_listener_options *options = &listener->options;

	evhttp_set_timeout(listener->http, options->idle_sec);
	evhttp_set_max_headers_size(listener->http, (ev_ssize_t)options->headers_max_bytes);
	evhttp_set_max_body_size(listener->http, (ev_ssize_t)options->body_max_bytes);
	/* All: the routes answer a method that a path does not have. */
	evhttp_set_allowed_methods(listener->http, UINT16_MAX);
	evhttp_set_default_content_type(listener->http, NULL);
	evhttp_set_gencb(listener->http, on_request, listener);
	evhttp_set_bevcb(listener->http, on_connection, listener);
}

static int accept_at(struct http_listener *listener, int fd)
{
	_cleanup_(close_fd_p) int socket = fd;

	listener->listener =
		evconnlistener_new(listener->base, NULL, NULL,
				   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, socket);
	if (!listener->listener)
		return -ENOMEM;
	TAKE_FD(socket);
	listener->bound = evhttp_bind_listener(listener->http, listener->listener);
	if (listener->bound)
		return 0;
	evconnlistener_free(TAKE_PTR(listener->listener));
	return -ENOMEM;
}

static int start(struct http_listener *listener, int fd)
{
	_cleanup_(close_fd_p) int socket = fd;

	listener->http = evhttp_new(listener->base);
	listener->sweep = evtimer_new(listener->base, on_sweep, listener);
	listener->peers = peers_new(listener->options.connections_max);
	if (!listener->http || !listener->sweep || !listener->peers)
		return -ENOMEM;
	configure(listener);
	return accept_at(listener, TAKE_FD(socket));
}

/* A full table enables the new one again, too, when it has space. */
int http_listener_move(struct http_listener *listener, int fd, struct error *error)
{
	if (listener->bound)
		evhttp_del_accept_socket(listener->http, TAKE_PTR(listener->bound));
	listener->listener = NULL;
	if (accept_at(listener, fd) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	if (is_full(listener))
		evconnlistener_disable(listener->listener);
	return 0;
}

int http_listener_new(struct event_base *base, int fd, const struct http_listener_options *options,
		      struct http_listener **ret_listener, struct error *error)
{
	struct http_listener *listener = calloc(1, sizeof(*listener));

	if (!listener) {
		close(fd);
		return error_set(error, -ENOMEM, "out of memory");
	}
	listener->options = *options;
	listener->base = base;
	if (start(listener, fd) < 0) {
		http_listener_free(listener);
		return error_set(error, -ENOMEM, "out of memory");
	}
	*ret_listener = listener;
	return 0;
}

void http_listener_free(struct http_listener *listener)
{
	if (!listener)
		return;
	if (listener->sweep)
		event_free(listener->sweep);
	if (listener->http)
		evhttp_free(listener->http);
	if (listener->peers)
		sweep(listener->peers);
	peers_free(listener->peers);
	free(listener);
}
