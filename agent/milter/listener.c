/* SPDX-License-Identifier: BSD-2-Clause */
/* Accepts connections, cuts their input into packets, and reports those it had to close. */
#include "milter/listener.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "milter/protocol.h"
#include "milter/session.h"
#include "process/peers.h"

#define MODULE		"milter"
#define PACKET_MAX	(PROTOCOL_HEAD_BYTES + PROTOCOL_DATA_MAX)
#define ACCEPT_AGAIN_MS 100

struct connection {
	struct listener *listener;
	struct bufferevent *stream;
	struct peer *peer;
	size_t held; /* bytes of its input, as far as the listener counts them */
	struct session session;
};

struct listener {
	struct evconnlistener *accepting;
	struct event *accept_again, *tick;
	struct session_shared *shared;
	struct peers *peers; /* of struct connection */
	size_t held;
	unsigned closed; /* since the last report, by the listener */
	const char *why; /* the last of them */
	uint64_t reported_ns;
};

/* ---- the end of a connection */

static void hold(struct connection *connection, size_t bytes)
{
	connection->listener->held += bytes - connection->held;
	connection->held = bytes;
}

static void connection_free(struct connection *connection)
{
	session_done(&connection->session);
	hold(connection, 0);
	if (connection->peer)
		peers_remove(connection->listener->peers, connection->peer);
	bufferevent_free(connection->stream);
	free(connection);
}

/* The first one at once, then once in LISTENER_REPORT_SEC. */
static void report(struct listener *listener)
{
	const uint64_t now_ns = clock_monotonic_ns();

	if (!listener->closed ||
	    (listener->reported_ns &&
	     now_ns - listener->reported_ns < LISTENER_REPORT_SEC * NS_PER_SEC))
		return;
	log_warning(MODULE, "%u connections of the MTA closed, the last one because %s",
		    listener->closed, listener->why);
	listener->closed = 0;
	listener->reported_ns = now_ns;
}

static void break_off(struct connection *connection, const char *why)
{
	struct listener *listener = connection->listener;

	connection_free(connection);
	listener->closed++;
	listener->why = why;
	report(listener);
}

/* `code` as of session_take(). */
static void end(struct connection *connection, int code)
{
	if (code == -ESHUTDOWN)
		connection_free(connection);
	else if (code == -ENOMEM)
		break_off(connection, "there was no memory");
	else if (code == -EOPNOTSUPP)
		break_off(connection, "it lets no filter change headers");
	else
		break_off(connection, "it broke the milter protocol");
}

/* ---- packets */

/* 1: taken; 0: not complete yet; negative: as session_take(). */
static int take_packet(struct connection *connection)
{
	struct evbuffer *in = bufferevent_get_input(connection->stream);
	const char *packet;
	long size = protocol_peek(in, &packet);
	int r;

	if (size <= 0)
		return (int)size;
	r = session_take(&connection->session, packet, (size_t)size);
	evbuffer_drain(in, (size_t)size);
	return r < 0 ? r : 1;
}

/* Takes all packets, up to one that waits for a decision. */
static void serve(struct connection *connection)
{
	struct listener *listener = connection->listener;
	struct bufferevent *stream = connection->stream;
	const struct evbuffer *out = bufferevent_get_output(stream);
	int r = connection->session.failed ? -ENOMEM : 1;

	while (r > 0 && !connection->session.deciding &&
	       evbuffer_get_length(out) < LISTENER_OUTPUT_MAX_BYTES)
		r = take_packet(connection);
	if (r < 0) {
		end(connection, r);
		return;
	}
	peer_asked(connection->peer, clock_monotonic_ns());
	(connection->session.deciding ? peer_keep : peer_release)(connection->peer);
	hold(connection, evbuffer_get_length(bufferevent_get_input(stream)));
	if (listener->held > LISTENER_INPUT_MAX_BYTES)
		break_off(connection, "all hold too much input");
}

static void on_decided(void *data)
{
	serve(data);
}

/* Input has come, or all replies are sent: packets may have waited for that. */
static void on_ready(struct bufferevent *stream, void *data)
{
	(void)stream;
	serve(data);
}

/* The MTA closed it, or a time passed. A decision under way is nothing that times out. */
static void on_end(struct bufferevent *stream, short what, void *data)
{
	struct connection *connection = data;

	if ((what & BEV_EVENT_TIMEOUT) && connection->session.deciding)
		bufferevent_enable(stream, EV_READ | EV_WRITE);
	else
		connection_free(connection);
}

/* ---- connections */

static void evict(struct listener *listener)
{
	const struct peer *idlest = peers_evict(listener->peers);

	if (idlest)
		break_off(idlest->connection, "it was the idlest of too many");
}

static struct connection *connection_new(struct listener *listener, evutil_socket_t fd)
{
	struct event_base *base = evconnlistener_get_base(listener->accepting);
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection)
		connection->stream = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!connection || !connection->stream) {
		free(connection);
		close(fd);
		return NULL;
	}
	connection->listener = listener;
	session_init(&connection->session, listener->shared,
		     bufferevent_get_output(connection->stream), on_decided, connection);
	return connection;
}

static void on_accept(struct evconnlistener *accepting, evutil_socket_t fd, struct sockaddr *from,
		      int size, void *data)
{
	const struct timeval idle = {.tv_sec = LISTENER_IDLE_SEC};
	const struct timeval unread = {.tv_sec = LISTENER_WRITE_SEC};
	struct listener *listener = data;
	struct connection *connection = connection_new(listener, fd);

	(void)accepting, (void)from, (void)size;
	if (!connection)
		return;
	if (listener->peers->count == listener->peers->max)
		evict(listener);
	connection->peer = peers_add(listener->peers, connection, clock_monotonic_ns());
	if (!connection->peer) {
		break_off(connection, "all others wait for a decision");
		return;
	}
	bufferevent_setcb(connection->stream, on_ready, on_ready, on_end, connection);
	bufferevent_setwatermark(connection->stream, EV_READ, 0, PACKET_MAX);
	bufferevent_set_timeouts(connection->stream, &idle, &unread);
	bufferevent_enable(connection->stream, EV_READ | EV_WRITE);
}

/* Usually EMFILE. The connection stays in the backlog, and would be reported again at once. */
static void on_accept_failed(struct evconnlistener *accepting, void *data)
{
	const struct timeval again = {.tv_usec = ACCEPT_AGAIN_MS * 1000};
	struct listener *listener = data;

	evict(listener);
	evconnlistener_disable(accepting);
	event_add(listener->accept_again, &again);
}

static void on_accept_again(evutil_socket_t fd, short what, void *data)
{
	struct listener *listener = data;

	(void)fd, (void)what;
	evconnlistener_enable(listener->accepting);
}

static void on_tick(evutil_socket_t fd, short what, void *data)
{
	struct listener *listener = data;
	const uint64_t now_ns = clock_monotonic_ns();

	(void)fd, (void)what;
	for (size_t i = 0; i < listener->peers->max; i++) {
		struct peer *peer = &listener->peers->places[i];
		struct connection *connection = peer->connection;

		if (!connection || !connection->session.deciding ||
		    now_ns - peer->since_ns < LISTENER_PROGRESS_SEC * NS_PER_SEC)
			continue;
		session_progress(&connection->session);
		peer_asked(peer, now_ns);
	}
	report(listener);
}

/* ---- life */

static int accept_at(struct listener *listener, struct event_base *base, int fd)
{
	struct evconnlistener *accepting = evconnlistener_new(
		base, on_accept, listener, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);

	if (!accepting) {
		close(fd);
		return -ENOMEM;
	}
	evconnlistener_set_error_cb(accepting, on_accept_failed);
	if (listener->accepting)
		evconnlistener_free(listener->accepting);
	listener->accepting = accepting;
	return 0;
}

static int start(struct listener *listener, struct event_base *base, int fd)
{
	const struct timeval every = {.tv_sec = 1};

	if (accept_at(listener, base, fd) < 0)
		return -ENOMEM;
	listener->accept_again = evtimer_new(base, on_accept_again, listener);
	listener->tick = event_new(base, -1, EV_PERSIST, on_tick, listener);
	if (!listener->accept_again || !listener->tick || !listener->peers)
		return -ENOMEM;
	return event_add(listener->tick, &every) < 0 ? -ENOMEM : 0;
}

int listener_new(struct event_base *base, int fd, size_t connections_max,
		 struct session_shared *shared, struct listener **ret_listener, struct error *error)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (!listener) {
		close(fd);
		return error_set(error, -ENOMEM, "out of memory");
	}
	listener->shared = shared;
	listener->peers = peers_new(connections_max);
	if (start(listener, base, fd) < 0) {
		listener_free(listener);
		return error_set(error, -ENOMEM, "out of memory");
	}
	*ret_listener = listener;
	return 0;
}

int listener_move(struct listener *listener, int fd, struct error *error)
{
	if (accept_at(listener, evconnlistener_get_base(listener->accepting), fd) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	return 0;
}

void listener_free(struct listener *listener)
{
	if (!listener)
		return;
	for (size_t i = 0; listener->peers && i < listener->peers->max; i++)
		if (listener->peers->places[i].connection)
			connection_free(listener->peers->places[i].connection);
	if (listener->accepting)
		evconnlistener_free(listener->accepting);
	if (listener->accept_again)
		event_free(listener->accept_again);
	if (listener->tick)
		event_free(listener->tick);
	peers_free(listener->peers);
	free(listener);
}
