/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets, buffers, and the order in which connections are evicted. */
#include "milter/listener.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "milter/milter.h"
#include "milter/protocol.h"
#include "milter/session.h"

#define MODULE	   "milter"
#define READ_BYTES 16384
#define PAUSE_MS   100 /* after an accept(2) that failed */

struct connection {
	TAILQ_ENTRY(connection) link;
	struct listener *listener;
	int fd;
	struct event *readable, *writable;
	struct evbuffer *in, *out;
	size_t held; /* bytes in `in`, as counted by the listener */
	uint64_t active_ns;
	struct session session;
};

struct listener {
	struct event_base *base;
	struct evconnlistener *accepting;
	struct event *tick, *pause;
	struct session_shared *shared;
	TAILQ_HEAD(, connection) connections; /* idlest first */
	size_t count, count_max, held;
	/* Since the last report: */
	unsigned evicted, broken;
	char why[64]; /* of the last broken one */
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
	if (connection->readable)
		event_free(connection->readable);
	if (connection->writable)
		event_free(connection->writable);
	if (connection->in)
		evbuffer_free(connection->in);
	if (connection->out)
		evbuffer_free(connection->out);
	close(connection->fd);
	free(connection);
}

static void end(struct connection *connection)
{
	struct listener *listener = connection->listener;

	hold(connection, 0);
	TAILQ_REMOVE(&listener->connections, connection, link);
	listener->count--;
	connection_free(connection);
}

/* As soon as there is something; then once in LISTENER_REPORT_SEC. */
static void report(struct listener *listener)
{
	const uint64_t now_ns = clock_monotonic_ns();

	if ((!listener->evicted && !listener->broken) ||
	    (listener->reported_ns &&
	     now_ns - listener->reported_ns < LISTENER_REPORT_SEC * NS_PER_SEC))
		return;
	if (listener->evicted)
		log_warning(MODULE, "%u idle connections evicted: the limit is %zu",
			    listener->evicted, listener->count_max);
	if (listener->broken)
		log_warning(MODULE, "%u connections closed: %s", listener->broken, listener->why);
	listener->evicted = listener->broken = 0;
	listener->reported_ns = now_ns;
}

/* A connection that the MTA would have gone on with. */
static void break_off(struct connection *connection, const char *why)
{
	struct listener *listener = connection->listener;

	listener->broken++;
	snprintf(listener->why, sizeof(listener->why), "%s", why);
	report(listener);
	end(connection);
}

static const char *reason_of(int code)
{
	switch (code) {
	case -ENOMEM:
		return "out of memory";
	case -EOPNOTSUPP:
		return "the MTA lets no filter change headers";
	default:
		return "not the milter protocol";
	}
}

/* ---- packets */

static void touch(struct connection *connection)
{
	struct listener *listener = connection->listener;

	connection->active_ns = clock_monotonic_ns();
	TAILQ_REMOVE(&listener->connections, connection, link);
	TAILQ_INSERT_TAIL(&listener->connections, connection, link);
}

/* 1: taken; 0: it is not complete; else as session_take(). */
static int take_packet(struct connection *connection)
{
	struct evbuffer *in = connection->in;
	uint8_t head[4];
	const char *packet;
	size_t length;
	int r;

	if (evbuffer_copyout(in, head, sizeof(head)) < (ev_ssize_t)sizeof(head))
		return 0;
	length = protocol_length(head);
	if (length == 0)
		return -EPROTO;
	if (evbuffer_get_length(in) < sizeof(head) + length)
		return 0;
	packet = (const char *)evbuffer_pullup(in, (ev_ssize_t)(sizeof(head) + length));
	if (!packet)
		return -ENOMEM;
	packet += sizeof(head);
	r = session_take(&connection->session, packet[0], packet + 1, length - 1);
	evbuffer_drain(in, sizeof(head) + length);
	return r < 0 ? r : 1;
}

/* Writes what the socket takes; false: the connection has ended. */
static bool flush(struct connection *connection)
{
	struct evbuffer *out = connection->out;

	if (evbuffer_get_length(out) > 0 && evbuffer_write(out, connection->fd) < 0 &&
	    errno != EAGAIN && errno != EINTR) {
		end(connection);
		return false;
	}
	if (evbuffer_get_length(out) > LISTENER_OUTPUT_MAX_BYTES) {
		break_off(connection, "the MTA does not read its replies");
		return false;
	}
	if (evbuffer_get_length(out) > 0)
		event_add(connection->writable, NULL);
	return true;
}

/* Takes all complete packets up to one that waits for a decision. */
static void serve(struct connection *connection)
{
	struct listener *listener = connection->listener;
	int r = 1;

	while (r > 0 && !connection->session.deciding &&
	       evbuffer_get_length(connection->out) <= LISTENER_OUTPUT_MAX_BYTES)
		r = take_packet(connection);
	if (connection->session.failed)
		r = -ENOMEM;
	if (r < 0 && r != -ESHUTDOWN) {
		break_off(connection, reason_of(r));
		return;
	}
	if (!flush(connection))
		return;
	hold(connection, evbuffer_get_length(connection->in));
	if (r == -ESHUTDOWN)
		end(connection);
	else if (listener->held > LISTENER_INPUT_MAX_BYTES)
		break_off(connection, "too much input at once");
}

static void on_resume(void *data)
{
	touch(data);
	serve(data);
}

/* ---- sockets */

/* What read(2) says. */
static ssize_t receive(struct connection *connection)
{
	struct evbuffer_iovec space;
	ssize_t got;

	if (evbuffer_reserve_space(connection->in, READ_BYTES, &space, 1) < 1) {
		errno = ENOMEM;
		return -1;
	}
	got = recv(connection->fd, space.iov_base, space.iov_len, 0);
	space.iov_len = got > 0 ? (size_t)got : 0;
	evbuffer_commit_space(connection->in, &space, 1);
	return got;
}

/* While a decision is under way, only the end of the connection is of interest, and one packet. */
static void on_readable(evutil_socket_t fd, short what, void *data)
{
	struct connection *connection = data;
	ssize_t got = receive(connection);

	(void)fd, (void)what;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		end(connection);
		return;
	}
	if (evbuffer_get_length(connection->in) > PROTOCOL_DATA_MAX + 2 * READ_BYTES) {
		break_off(connection, "the MTA does not wait for the decision");
		return;
	}
	touch(connection);
	serve(connection);
}

static void on_writable(evutil_socket_t fd, short what, void *data)
{
	(void)fd, (void)what;
	if (flush(data))
		serve(data);
}

static struct connection *connection_new(struct listener *listener, int fd)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection) {
		close(fd);
		return NULL;
	}
	connection->listener = listener;
	connection->fd = fd;
	connection->in = evbuffer_new();
	connection->out = evbuffer_new();
	connection->readable =
		event_new(listener->base, fd, EV_READ | EV_PERSIST, on_readable, connection);
	connection->writable = event_new(listener->base, fd, EV_WRITE, on_writable, connection);
	session_init(&connection->session, listener->shared, connection->out, on_resume,
		     connection);
	if (!connection->in || !connection->out || !connection->readable || !connection->writable ||
	    event_add(connection->readable, NULL) < 0) {
		connection_free(connection);
		return NULL;
	}
	return connection;
}

/* ---- all connections */

/* False: a decision is under way in every one. */
static bool evict(struct listener *listener)
{
	struct connection *connection = TAILQ_FIRST(&listener->connections);

	while (connection && connection->session.deciding)
		connection = TAILQ_NEXT(connection, link);
	if (!connection)
		return false;
	listener->evicted++;
	end(connection);
	report(listener);
	return true;
}

static void on_connection(struct evconnlistener *accepting, evutil_socket_t fd,
			  struct sockaddr *peer, int size, void *data)
{
	struct listener *listener = data;
	struct connection *connection;

	(void)accepting, (void)peer, (void)size;
	if (listener->count >= listener->count_max && !evict(listener)) {
		close(fd);
		return;
	}
	connection = connection_new(listener, fd);
	if (!connection)
		return;
	connection->active_ns = clock_monotonic_ns();
	TAILQ_INSERT_TAIL(&listener->connections, connection, link);
	listener->count++;
}

/* Usually EMFILE: the process has fewer descriptors than it was promised. */
static void on_accept_error(struct evconnlistener *accepting, void *data)
{
	const struct timeval pause = {.tv_usec = PAUSE_MS * 1000};
	struct listener *listener = data;

	evict(listener);
	evconnlistener_disable(accepting);
	event_add(listener->pause, &pause);
}

static void on_pause_end(evutil_socket_t fd, short what, void *data)
{
	struct listener *listener = data;

	(void)fd, (void)what;
	evconnlistener_enable(listener->accepting);
}

/* The list is by activity, so those that were active lately need no look. */
static void on_tick(evutil_socket_t fd, short what, void *data)
{
	struct listener *listener = data;
	const uint64_t now_ns = clock_monotonic_ns();
	struct connection *connection = TAILQ_FIRST(&listener->connections), *next;

	(void)fd, (void)what;
	for (; connection; connection = next) {
		uint64_t idle_ns = now_ns - connection->active_ns;

		next = TAILQ_NEXT(connection, link);
		if (idle_ns < LISTENER_PROGRESS_SEC * NS_PER_SEC)
			break;
		if (connection->session.deciding) {
			session_progress(&connection->session);
			flush(connection);
		} else if (idle_ns >= MILTER_IDLE_SEC * NS_PER_SEC) {
			end(connection);
		}
	}
	report(listener);
}

/* ---- life */

static int start(struct listener *listener, int fd)
{
	const struct timeval every = {.tv_sec = LISTENER_PROGRESS_SEC};

	listener->tick = event_new(listener->base, -1, EV_PERSIST, on_tick, listener);
	listener->pause = evtimer_new(listener->base, on_pause_end, listener);
	if (!listener->tick || !listener->pause || event_add(listener->tick, &every) < 0) {
		close(fd);
		return -ENOMEM;
	}
	listener->accepting =
		evconnlistener_new(listener->base, on_connection, listener,
				   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!listener->accepting) {
		close(fd);
		return -ENOMEM;
	}
	evconnlistener_set_error_cb(listener->accepting, on_accept_error);
	return 0;
}

int listener_new(struct event_base *base, int fd, struct session_shared *shared,
		 size_t connections_max, struct listener **ret_listener, struct error *error)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (!listener) {
		close(fd);
		return error_set(error, -ENOMEM, "out of memory");
	}
	listener->base = base;
	listener->shared = shared;
	listener->count_max = connections_max;
	TAILQ_INIT(&listener->connections);
	if (start(listener, fd) < 0) {
		listener_free(listener);
		return error_set(error, -ENOMEM, "out of memory");
	}
	*ret_listener = listener;
	return 0;
}

void listener_free(struct listener *listener)
{
	if (!listener)
		return;
	while (!TAILQ_EMPTY(&listener->connections))
		end(TAILQ_FIRST(&listener->connections));
	if (listener->accepting)
		evconnlistener_free(listener->accepting);
	if (listener->tick)
		event_free(listener->tick);
	if (listener->pause)
		event_free(listener->pause);
	free(listener);
}
