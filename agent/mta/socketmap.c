/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections of the socketmap: reading, answering, and who has to go. What is answered is lookup.c's. */
#include "mta/socketmap.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "process/listen.h"
#include "config/config.h"
#include "judge/judge.h"
#include "mta/lookup.h"
#include "mta/netstring.h"

/* Replies that wait for who asked; past it nothing is read from there. */
#define UNSENT_MAX_BYTES (16 << 10)
/* No file is to be had: another try. */
#define ACCEPT_AGAIN_MS 100

struct peer {
	struct socketmap *socketmap;
	struct bufferevent *connection; /* NULL: the place is free */
	uint64_t since_ns;		/* of the last request, or of the beginning */
	bool asked;
	bool ends; /* when its replies are sent */
};

struct socketmap {
	const struct judge *judge;
	char *path; /* NULL: TCP, or not bound yet */
	struct evconnlistener *listener;
	struct event *accept_again;
	struct socketmap_stats stats;
	struct peer peers[SOCKETMAP_CONNECTIONS_MAX];
};

/* ---- one connection */

static void let_go(struct peer *peer)
{
	bufferevent_free(TAKE_PTR(peer->connection));
	peer->socketmap->stats.connections--;
}

static size_t unsent_bytes(const struct peer *peer)
{
	return evbuffer_get_length(bufferevent_get_output(peer->connection));
}

/* Nothing more is read; it ends at once, or when what is under way has arrived. */
static void end(struct peer *peer)
{
	peer->ends = true;
	bufferevent_disable(peer->connection, EV_READ);
	if (unsent_bytes(peer) == 0)
		let_go(peer);
}

static void answer(struct peer *peer, const struct netstring *request)
{
	const struct now now = clock_now();
	char reply[LOOKUP_REPLY_MAX];
	size_t size =
		lookup_reply(peer->socketmap->judge, request->bytes, request->size, &now, reply);

	evbuffer_add_printf(bufferevent_get_output(peer->connection), "%zu:%s,", size, reply);
	peer->asked = true;
	peer->since_ns = now.ns;
	peer->socketmap->stats.requests++;
}

/* As far as the replies have room. False: it is no request. */
static bool answer_all(struct peer *peer)
{
	struct evbuffer *input = bufferevent_get_input(peer->connection);
	long taken = 1;

	while (taken > 0 && unsent_bytes(peer) < UNSENT_MAX_BYTES) {
		size_t size = evbuffer_get_length(input);
		struct netstring request;

		if (size > NETSTRING_ROOM(LOOKUP_REQUEST_MAX))
			size = NETSTRING_ROOM(LOOKUP_REQUEST_MAX);
		taken = netstring_read((const char *)evbuffer_pullup(input, (ssize_t)size), size,
				       LOOKUP_REQUEST_MAX, &request);
		if (taken > 0) {
			answer(peer, &request);
			evbuffer_drain(input, (size_t)taken);
		}
	}
	return taken >= 0;
}

static void go_on(struct peer *peer)
{
	if (!answer_all(peer)) {
		peer->socketmap->stats.cut++;
		end(peer);
	} else if (unsent_bytes(peer) < UNSENT_MAX_BYTES) {
		bufferevent_enable(peer->connection, EV_READ);
	} else {
		bufferevent_disable(peer->connection, EV_READ);
	}
}

static void on_readable(struct bufferevent *connection, void *data)
{
	(void)connection;
	go_on(data);
}

/* All replies are sent. */
static void on_sent(struct bufferevent *connection, void *data)
{
	struct peer *peer = data;

	(void)connection;
	if (peer->ends)
		let_go(peer);
	else
		go_on(peer);
}

/* Whoever has said all that it has to say still hears the answers. */
static void on_end(struct bufferevent *connection, short what, void *data)
{
	struct peer *peer = data;

	(void)connection;
	if (what & BEV_EVENT_TIMEOUT)
		peer->socketmap->stats.cut++;
	if (what & BEV_EVENT_EOF)
		end(peer);
	else
		let_go(peer);
}

/* ---- places */

/* Lower ones go first. */
static uint64_t rank(const struct peer *peer)
{
	return peer->since_ns | (peer->asked ? UINT64_C(1) << 63 : 0);
}

static struct peer *take_place(struct socketmap *socketmap)
{
	struct peer *idlest = &socketmap->peers[0];

	for (size_t i = 0; i < SOCKETMAP_CONNECTIONS_MAX; i++) {
		struct peer *peer = &socketmap->peers[i];

		if (!peer->connection)
			return peer;
		if (rank(peer) < rank(idlest))
			idlest = peer;
	}
	socketmap->stats.evicted++;
	let_go(idlest);
	return idlest;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
		      int size, void *data)
{
	const struct timeval idle = {.tv_sec = SOCKETMAP_IDLE_SEC};
	const struct timeval unread = {.tv_sec = SOCKETMAP_WRITE_SEC};
	struct socketmap *socketmap = data;
	struct bufferevent *connection = bufferevent_socket_new(evconnlistener_get_base(listener),
								fd, BEV_OPT_CLOSE_ON_FREE);
	struct peer *peer;

	(void)from, (void)size;
	if (!connection) {
		close(fd);
		return;
	}
	peer = take_place(socketmap);
	*peer = (struct peer){
		.socketmap = socketmap, .connection = connection, .since_ns = clock_monotonic_ns()};
	socketmap->stats.connections++;
	bufferevent_setcb(connection, on_readable, on_sent, on_end, peer);
	bufferevent_setwatermark(connection, EV_READ, 0, NETSTRING_ROOM(LOOKUP_REQUEST_MAX));
	bufferevent_set_timeouts(connection, &idle, &unread);
	bufferevent_enable(connection, EV_READ | EV_WRITE);
}

/* The connection that could not be taken waits, and would be reported at once again. */
static void on_accept_failed(struct evconnlistener *listener, void *data)
{
	const struct timeval again = {.tv_usec = ACCEPT_AGAIN_MS * 1000};
	struct socketmap *socketmap = data;

	evconnlistener_disable(listener);
	event_add(socketmap->accept_again, &again);
}

static void on_accept_again(evutil_socket_t fd, short what, void *data)
{
	struct socketmap *socketmap = data;

	(void)fd, (void)what;
	evconnlistener_enable(socketmap->listener);
}

/* ---- life */

static int bind_to(struct socketmap *socketmap, const struct config_socket *to, int *ret_fd,
		   struct error *error)
{
	int code;

	if (!to->path)
		return listen_tcp(&to->address, to->port, ret_fd, error);
	code = listen_unix(to->path, ret_fd, error);
	if (code < 0)
		return code;
	socketmap->path = strdup(to->path);
	return socketmap->path ? 0 : error_set(error, -ENOMEM, "out of memory");
}

static int start(struct socketmap *socketmap, struct event_base *base,
		 const struct config_socket *to, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	int code = bind_to(socketmap, to, &fd, error);

	if (code < 0)
		return code;
	socketmap->listener = evconnlistener_new(
		base, on_accept, socketmap, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!socketmap->listener)
		return error_set(error, -ENOMEM, "out of memory");
	TAKE_FD(fd);
	evconnlistener_set_error_cb(socketmap->listener, on_accept_failed);
	socketmap->accept_again = evtimer_new(base, on_accept_again, socketmap);
	return socketmap->accept_again ? 0 : error_set(error, -ENOMEM, "out of memory");
}

int socketmap_new(struct event_base *base, const struct config_socket *to,
		  const struct judge *judge, struct socketmap **ret_socketmap, struct error *error)
{
	struct socketmap *socketmap = calloc(1, sizeof(*socketmap));
	int code;

	if (!socketmap)
		return error_set(error, -ENOMEM, "out of memory");
	socketmap->judge = judge;
	code = start(socketmap, base, to, error);
	if (code < 0)
		socketmap_free(socketmap);
	else
		*ret_socketmap = socketmap;
	return code;
}

void socketmap_free(struct socketmap *socketmap)
{
	if (!socketmap)
		return;
	if (socketmap->listener)
		evconnlistener_free(socketmap->listener);
	if (socketmap->accept_again)
		event_free(socketmap->accept_again);
	for (size_t i = 0; i < SOCKETMAP_CONNECTIONS_MAX; i++)
		if (socketmap->peers[i].connection)
			let_go(&socketmap->peers[i]);
	if (socketmap->path)
		unlink(socketmap->path);
	free(socketmap->path);
	free(socketmap);
}

void socketmap_stats(const struct socketmap *socketmap, struct socketmap_stats *ret_stats)
{
	*ret_stats = socketmap->stats;
}
