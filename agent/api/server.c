// SPDX-License-Identifier: BSD-2-Clause
/* libevent's evhttp between a unix socket and api_handle(). */
#include "api/server.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"

#define SWEEP_AFTER_MS 20

struct server {
	const struct api *api;
	struct evhttp *http;
	struct evconnlistener *listener; /* owned by http */
	char *path;
	bool bound;
	struct bufferevent *connections[SERVER_CONNECTIONS_MAX]; /* NULL: free; a reference each */
	struct event *sweep;
};

static enum api_method method_of(const struct evhttp_request *request)
{
	switch (evhttp_request_get_command(request)) {
	case EVHTTP_REQ_GET:
		return API_GET;
	case EVHTTP_REQ_PUT:
		return API_PUT;
	case EVHTTP_REQ_PATCH:
		return API_PATCH;
	case EVHTTP_REQ_DELETE:
		return API_DELETE;
	default:
		return API_OTHER;
	}
}

static void free_text(const void *text, size_t size, void *data)
{
	(void)size, (void)data;
	free((void *)text);
}

/* Takes the response's body over. */
static void reply(struct evhttp_request *request, struct api_response *response)
{
	struct evbuffer *buffer = evhttp_request_get_output_buffer(request);
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	char *text = response->body ? json_dumps(response->body, JSON_COMPACT) : NULL;
	size_t size = text ? strlen(text) : 0;

	json_decref(response->body);
	evhttp_add_header(headers, "Content-Type", "application/json");
	if (response->allow[0])
		evhttp_add_header(headers, "Allow", response->allow);
	/* What a HEAD is answered with has no body, and a client would take one for the next answer. */
	if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD)
		free(text);
	else if (text && evbuffer_add_reference(buffer, text, size, free_text, NULL) < 0)
		free(text);
	evhttp_send_reply(request, text ? response->status : 500, NULL, NULL);
}

static void on_request(struct evhttp_request *request, void *data)
{
	const struct server *server = data;
	struct evbuffer *body = evhttp_request_get_input_buffer(request);
	struct api_request api_request = {
		.method = method_of(request),
		.uri = evhttp_request_get_uri(request),
		.body = (const char *)evbuffer_pullup(body, -1),
		.body_size = evbuffer_get_length(body),
		.now_ns = clock_monotonic_ns(),
		.now_sec = clock_wall_sec(),
	};
	struct api_response response;

	api_handle(server->api, &api_request, &response);
	reply(request, &response);
}

/* evhttp does not tell when it frees a connection, but then its callbacks are gone. */
static bool is_freed(struct bufferevent *connection)
{
	bufferevent_event_cb on_event;

	bufferevent_getcb(connection, NULL, NULL, &on_event, NULL);
	return !on_event;
}

/* Lets go of those that ended; returns a free place or NULL. */
static struct bufferevent **find_place(struct server *server)
{
	struct bufferevent **place = NULL;

	for (size_t i = 0; i < SERVER_CONNECTIONS_MAX; i++) {
		struct bufferevent **connection = &server->connections[i];

		if (*connection && is_freed(*connection))
			bufferevent_decref(TAKE_PTR(*connection));
		if (!*connection)
			place = connection;
	}
	return place;
}

static void on_sweep(evutil_socket_t fd, short what, void *data)
{
	const struct timeval again = {.tv_usec = SWEEP_AFTER_MS * 1000};
	struct server *server = data;

	(void)fd, (void)what;
	if (find_place(server))
		evconnlistener_enable(server->listener);
	else
		event_add(server->sweep, &again);
}

/* The listener is only enabled while there is a place. */
static struct bufferevent *on_connection(struct event_base *base, void *data)
{
	struct server *server = data;
	struct bufferevent **place = find_place(server);
	struct bufferevent *connection = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);

	if (!connection)
		return NULL;
	assert(place);
	bufferevent_incref(connection);
	*place = connection;
	for (size_t i = 0; i < SERVER_CONNECTIONS_MAX; i++)
		if (!server->connections[i])
			return connection;
	evconnlistener_disable(server->listener);
	event_active(server->sweep, EV_TIMEOUT, 0);
	return connection;
}

/* Nobody can connect before listen(), so the mode is right for the first one. */
static int bind_socket(const char *path, int *ret_fd, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(error, -ENAMETOOLONG, "socket '%s': path too long", path);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(error, -errno, "socket: %s", strerror(errno));
	if (unlink(path) < 0 && errno != ENOENT)
		return error_set(error, -errno, "stale socket '%s': %s", path, strerror(errno));
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, 0660) < 0 || listen(fd, SOMAXCONN) < 0)
		return error_set(error, -errno, "socket '%s': %s", path, strerror(errno));
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static void configure(struct server *server)
{
	evhttp_set_timeout(server->http, SERVER_IDLE_SEC);
	evhttp_set_max_headers_size(server->http, SERVER_HEADERS_MAX_BYTES);
	evhttp_set_max_body_size(server->http, SERVER_BODY_MAX_BYTES);
	/* All of them: what a path does not have is answered by api_handle(), with JSON. */
	evhttp_set_allowed_methods(server->http, UINT16_MAX);
	evhttp_set_default_content_type(server->http, NULL);
	evhttp_set_gencb(server->http, on_request, server);
	evhttp_set_bevcb(server->http, on_connection, server);
}

static int start(struct server *server, struct event_base *base, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	int code = bind_socket(server->path, &fd, error);

	if (code < 0)
		return code;
	server->bound = true;
	server->http = evhttp_new(base);
	server->sweep = evtimer_new(base, on_sweep, server);
	if (!server->http || !server->sweep)
		return error_set(error, -ENOMEM, "out of memory");
	configure(server);
	server->listener = evconnlistener_new(base, NULL, NULL,
					      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!server->listener)
		return error_set(error, -ENOMEM, "out of memory");
	TAKE_FD(fd);
	if (!evhttp_bind_listener(server->http, server->listener)) {
		evconnlistener_free(server->listener);
		return error_set(error, -ENOMEM, "out of memory");
	}
	return 0;
}

int server_new(struct event_base *base, const char *path, const struct api *api,
	       struct server **ret_server, struct error *error)
{
	struct server *server = calloc(1, sizeof(*server));
	int code;

	if (!server)
		return error_set(error, -ENOMEM, "out of memory");
	server->api = api;
	server->path = strdup(path);
	code = server->path ? start(server, base, error)
			    : error_set(error, -ENOMEM, "out of memory");
	if (code < 0)
		server_free(server);
	else
		*ret_server = server;
	return code;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	if (server->sweep)
		event_free(server->sweep);
	if (server->http)
		evhttp_free(server->http);
	find_place(server);
	if (server->bound)
		unlink(server->path);
	free(server->path);
	free(server);
}
