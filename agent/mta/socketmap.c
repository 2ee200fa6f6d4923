/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections of the socketmap; lookup.c has the answers. */
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
#include "config/config.h"
#include "judge/judge.h"
#include "mta/lookup.h"
#include "mta/netstring.h"
#include "process/listen.h"
#include "process/peers.h"

/* Unsent replies per client; above, the client is not read from. */
#define UNSENT_MAX_BYTES (16 << 10)
/* accept(2) failed, for want of file descriptors: retry. */
#define ACCEPT_AGAIN_MS 100

struct socketmap_client {
	struct socketmap *socketmap;
	struct bufferevent *connection;
	struct peer *peer;
	bool ends; /* when its replies are sent */
};

struct socketmap {
	const struct judge *judge;
	struct listen_file file; /* none: TCP, or not bound yet */
	struct evconnlistener *listener;
	struct event *accept_again;
	struct socketmap_stats stats;
	struct peers *peers; /* of struct socketmap_client */
};

/* ---- one connection */

static void let_go(struct socketmap_client *client)
{
	peers_remove(client->socketmap->peers, client->peer);
	bufferevent_free(client->connection);
	free(client);
}

static size_t unsent_bytes(const struct socketmap_client *client)
{
	return evbuffer_get_length(bufferevent_get_output(client->connection));
}

/* Ends the connection once the pending replies are sent; reads nothing more. */
static void end(struct socketmap_client *client)
{
	client->ends = true;
	bufferevent_disable(client->connection, EV_READ);
	if (unsent_bytes(client) == 0)
		let_go(client);
}

static void answer(struct socketmap_client *client, const struct netstring *request)
{
	const struct now now = clock_now();
	char reply[LOOKUP_REPLY_MAX];
	size_t size =
		lookup_reply(client->socketmap->judge, request->bytes, request->size, &now, reply);

	evbuffer_add_printf(bufferevent_get_output(client->connection), "%zu:%s,", size, reply);
	peer_asked(client->peer, now.ns);
	client->socketmap->stats.requests++;
}

/* Until the limit of unsent replies. False: not a request. */
static bool answer_all(struct socketmap_client *client)
{
	struct evbuffer *input = bufferevent_get_input(client->connection);
	long taken = 1;

	while (taken > 0 && unsent_bytes(client) < UNSENT_MAX_BYTES) {
		size_t size = evbuffer_get_length(input);
		struct netstring request;

		if (size > NETSTRING_SPACE(LOOKUP_REQUEST_MAX))
			size = NETSTRING_SPACE(LOOKUP_REQUEST_MAX);
		taken = netstring_read((const char *)evbuffer_pullup(input, (ssize_t)size), size,
				       LOOKUP_REQUEST_MAX, &request);
		if (taken > 0) {
			answer(client, &request);
			evbuffer_drain(input, (size_t)taken);
		}
	}
	return taken >= 0;
}

static void go_on(struct socketmap_client *client)
{
	if (!answer_all(client)) {
		client->socketmap->stats.cut++;
		end(client);
	} else if (unsent_bytes(client) < UNSENT_MAX_BYTES) {
		bufferevent_enable(client->connection, EV_READ);
	} else {
		bufferevent_disable(client->connection, EV_READ);
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
	struct socketmap_client *client = data;

	(void)connection;
	if (client->ends)
		let_go(client);
	else
		go_on(client);
}

/* A client that shut down its sending side still gets the answers. */
static void on_end(struct bufferevent *connection, short what, void *data)
{
	struct socketmap_client *client = data;

	(void)connection;
	if (what & BEV_EVENT_TIMEOUT)
		client->socketmap->stats.cut++;
	if (what & BEV_EVENT_EOF)
		end(client);
	else
		let_go(client);
}

/* ---- accepting */

static void evict(struct socketmap *socketmap)
{
	const struct peer *idlest = peers_evict(socketmap->peers);

	if (idlest)
		let_go(idlest->connection);
}

/* NULL: out of memory; `fd` is closed. */
static struct socketmap_client *add_client(struct socketmap *socketmap, evutil_socket_t fd)
{
	struct event_base *base = evconnlistener_get_base(socketmap->listener);
	struct socketmap_client *client = calloc(1, sizeof(*client));

	if (client)
		client->connection = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!client || !client->connection) {
		free(client);
		close(fd);
		return NULL;
	}
	if (socketmap->peers->count == socketmap->peers->max)
		evict(socketmap);
	client->socketmap = socketmap;
	client->peer = peers_add(socketmap->peers, client, clock_monotonic_ns());
	return client;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
		      int size, void *data)
{
	const struct timeval idle = {.tv_sec = SOCKETMAP_IDLE_SEC};
	const struct timeval unread = {.tv_sec = SOCKETMAP_WRITE_SEC};
	struct socketmap_client *client = add_client(data, fd);
	struct bufferevent *connection;

	(void)listener, (void)from, (void)size;
	if (!client)
		return;
	connection = client->connection;
	bufferevent_setcb(connection, on_readable, on_sent, on_end, client);
	bufferevent_setwatermark(connection, EV_READ, 0, NETSTRING_SPACE(LOOKUP_REQUEST_MAX));
	bufferevent_set_timeouts(connection, &idle, &unread);
	bufferevent_enable(connection, EV_READ | EV_WRITE);
}

/* The pending connection would make the listener ready again at once: pause. */
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
	listen_note(to->path, &socketmap->file);
	return 0;
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
	socketmap->peers = peers_new(SOCKETMAP_CONNECTIONS_MAX);
	code = socketmap->peers ? start(socketmap, base, to, error)
				: error_set(error, -ENOMEM, "out of memory");
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
	for (size_t i = 0; socketmap->peers && i < SOCKETMAP_CONNECTIONS_MAX; i++)
		if (socketmap->peers->places[i].connection)
			let_go(socketmap->peers->places[i].connection);
	peers_free(socketmap->peers);
	listen_remove(&socketmap->file);
	free(socketmap);
}

bool socketmap_is_lost(const struct socketmap *socketmap)
{
	return listen_is_lost(&socketmap->file);
}

void socketmap_stats(const struct socketmap *socketmap, struct socketmap_stats *ret_stats)
{
	*ret_stats = socketmap->stats;
	ret_stats->connections = socketmap->peers->count;
	ret_stats->evicted = socketmap->peers->evicted;
}
