// SPDX-License-Identifier: BSD-2-Clause
/* libevent's evhttp between a unix socket and api_handle(). */
#include "api/server.h"

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

#define LISTEN_QUEUE 128

struct server {
	const struct api *api;
	struct evhttp *http;
	struct evconnlistener *listener; /* owned by http */
	char *path;
	bool bound;
	unsigned connections;
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
	if (text && evbuffer_add_reference(buffer, text, size, free_text, NULL) < 0)
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

static void on_connection_freed(void *data)
{
	struct server *server = data;

	if (server->connections-- == SERVER_CONNECTIONS_MAX && server->listener)
		evconnlistener_enable(server->listener);
}

/* evhttp tells of a new connection but not of its end; a filter that changes nothing does. */
static struct bufferevent *on_connection(struct event_base *base, void *data)
{
	struct server *server = data;
	struct bufferevent *filter;
	struct bufferevent *socket_event = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);

	if (!socket_event)
		return NULL;
	filter = bufferevent_filter_new(socket_event, NULL, NULL, BEV_OPT_CLOSE_ON_FREE,
					on_connection_freed, server);
	if (!filter) {
		bufferevent_free(socket_event);
		return NULL;
	}
	if (++server->connections == SERVER_CONNECTIONS_MAX)
		evconnlistener_disable(server->listener);
	return filter;
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
	    chmod(path, 0660) < 0 || listen(fd, LISTEN_QUEUE) < 0)
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
	if (!server->http)
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
	/* Freeing http frees the listener first, then the connections, which must not look at it. */
	server->listener = NULL;
	if (server->http)
		evhttp_free(server->http);
	if (server->bound)
		unlink(server->path);
	free(server->path);
	free(server);
}
