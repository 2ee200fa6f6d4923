/* SPDX-License-Identifier: BSD-2-Clause */
/* evhttp does not count its connections and does not tell when they end: a table of them does. */
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

#define SWEEP_AFTER_MS 5
/* Room is made for several at once, as ending a connection takes a round of the loop. */
#define EVICT_SHARE 8
/* Nobody reads what comes in while an answer is under way; a close must still be noticed. */
#define UNREAD_MAX_BYTES 4096

struct place {
	struct bufferevent *connection; /* NULL: free; a reference */
	uint64_t since_ns;		/* of the last request, or of the beginning */
	bool asked;
	bool kept;
	bool ended;
};

struct door {
	struct door_options options;
	struct evhttp *http;
	struct evconnlistener *listener; /* owned by http */
	struct event *sweep;
	uint64_t evicted;
	struct place places[];
};

/* evhttp does not tell when it frees a connection, but then its callbacks are gone. */
static bool is_freed(struct bufferevent *connection)
{
	bufferevent_event_cb on_event;

	bufferevent_getcb(connection, NULL, NULL, &on_event, NULL);
	return !on_event;
}

/* Lets go of those that ended; returns a free place or NULL. */
static struct place *find_place(struct door *door)
{
	struct place *found = NULL;

	for (size_t i = 0; i < door->options.connections_max; i++) {
		struct place *place = &door->places[i];

		if (place->connection && is_freed(place->connection))
			bufferevent_decref(TAKE_PTR(place->connection));
		if (!place->connection)
			found = place;
	}
	return found;
}

static struct place *place_of(struct door *door, const struct bufferevent *connection)
{
	for (size_t i = 0; i < door->options.connections_max; i++)
		if (door->places[i].connection == connection)
			return &door->places[i];
	return NULL;
}

/* Does `a` have to make room before `b`? */
static bool is_idler(const struct place *a, const struct place *b)
{
	return a->asked == b->asked ? a->since_ns < b->since_ns : !a->asked;
}

/* evhttp sees the end of the stream and frees the connection in a later round of the loop. */
static void end(struct bufferevent *connection)
{
	shutdown(bufferevent_getfd(connection), SHUT_RDWR);
}

static void evict(struct door *door)
{
	size_t wanted = door->options.connections_max / EVICT_SHARE + 1;

	while (wanted-- > 0) {
		struct place *idlest = NULL;

		for (size_t i = 0; i < door->options.connections_max; i++) {
			struct place *place = &door->places[i];

			if (!place->kept && !place->ended && (!idlest || is_idler(place, idlest)))
				idlest = place;
		}
		if (!idlest)
			return;
		idlest->ended = true;
		door->evicted++;
		end(idlest->connection);
	}
}

static void on_sweep(evutil_socket_t fd, short what, void *data)
{
	const struct timeval again = {.tv_usec = SWEEP_AFTER_MS * 1000};
	struct door *door = data;

	(void)fd, (void)what;
	if (find_place(door))
		evconnlistener_enable(door->listener);
	else
		event_add(door->sweep, &again);
}

/* The listener is only enabled while there is a place. */
static struct bufferevent *on_connection(struct event_base *base, void *data)
{
	struct door *door = data;
	struct place *place = find_place(door);
	struct bufferevent *connection = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);

	if (!connection)
		return NULL;
	assert(place);
	bufferevent_incref(connection);
	*place = (struct place){.connection = connection, .since_ns = clock_monotonic_ns()};
	if (place_of(door, NULL))
		return connection;
	evconnlistener_disable(door->listener);
	evict(door);
	event_active(door->sweep, EV_TIMEOUT, 0);
	return connection;
}

static struct bufferevent *connection_of(struct evhttp_request *request)
{
	return evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
}

static void on_request(struct evhttp_request *request, void *data)
{
	struct door *door = data;
	struct place *place = place_of(door, connection_of(request));

	if (place) {
		place->asked = true;
		place->since_ns = clock_monotonic_ns();
	}
	door->options.handle(door->options.data, request);
}

void door_keep(struct door *door, struct evhttp_request *request)
{
	struct bufferevent *connection = connection_of(request);
	struct place *place = place_of(door, connection);

	if (place)
		place->kept = true;
	bufferevent_setwatermark(connection, EV_READ, 0, UNREAD_MAX_BYTES);
	bufferevent_set_timeouts(connection, NULL, NULL);
}

void door_end(struct evhttp_request *request)
{
	end(connection_of(request));
}

uint64_t door_evicted(const struct door *door)
{
	return door->evicted;
}

static void configure(struct door *door)
{
	const struct door_options *options = &door->options;

	evhttp_set_timeout(door->http, options->idle_sec);
	evhttp_set_max_headers_size(door->http, (ev_ssize_t)options->headers_max_bytes);
	evhttp_set_max_body_size(door->http, (ev_ssize_t)options->body_max_bytes);
	/* All of them: what a path does not have is answered by whoever knows the paths. */
	evhttp_set_allowed_methods(door->http, UINT16_MAX);
	evhttp_set_default_content_type(door->http, NULL);
	evhttp_set_gencb(door->http, on_request, door);
	evhttp_set_bevcb(door->http, on_connection, door);
}

static int start(struct door *door, struct event_base *base, int fd)
{
	_cleanup_(close_fd_p) int socket = fd;

	door->http = evhttp_new(base);
	door->sweep = evtimer_new(base, on_sweep, door);
	if (!door->http || !door->sweep)
		return -ENOMEM;
	configure(door);
	door->listener = evconnlistener_new(
		base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, socket);
	if (!door->listener)
		return -ENOMEM;
	TAKE_FD(socket);
	if (!evhttp_bind_listener(door->http, door->listener)) {
		evconnlistener_free(door->listener);
		return -ENOMEM;
	}
	return 0;
}

int door_new(struct event_base *base, int fd, const struct door_options *options,
	     struct door **ret_door, struct error *error)
{
	struct door *door =
		calloc(1, sizeof(*door) + options->connections_max * sizeof(struct place));

	if (!door) {
		close(fd);
		return error_set(error, -ENOMEM, "out of memory");
	}
	door->options = *options;
	if (start(door, base, fd) < 0) {
		door_free(door);
		return error_set(error, -ENOMEM, "out of memory");
	}
	*ret_door = door;
	return 0;
}

void door_free(struct door *door)
{
	if (!door)
		return;
	if (door->sweep)
		event_free(door->sweep);
	if (door->http)
		evhttp_free(door->http);
	find_place(door);
	free(door);
}
