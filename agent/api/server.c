/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the listeners and api_handle(). */
#include "api/server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/http_listener.h"
#include "api/event_stream.h"
#include "api/metric.h"
#include "api/metrics.h"
#include "api/waiting.h"
#include "base/address.h"
#include "base/clock.h"
#include "base/error.h"
#include "process/caller.h"
#include "process/listen.h"

struct server {
	const struct api *api;
	struct event_base *base;
	struct http_listener *listener;
	struct http_listener *scrapers; /* NULL: no metrics over TCP */
	struct event_stream *events;
	struct waiting *waiting;
	char *path;
	struct listen_file file;
};

static enum api_method method_of(const struct evhttp_request *request)
{
	switch (evhttp_request_get_command(request)) {
	case EVHTTP_REQ_GET:
		return API_GET;
	case EVHTTP_REQ_POST:
		return API_POST;
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

/* Consumes the response's body or text. */
static void reply(struct evhttp_request *request, struct api_response *response)
{
	struct evbuffer *buffer = evhttp_request_get_output_buffer(request);
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	const char *type = response->text ? response->text_type : API_CONTENT_TYPE;
	char *text = response->text;
	size_t size;

	if (!text && response->body)
		text = json_dumps(response->body, JSON_COMPACT);
	size = text ? strlen(text) : 0;
	json_decref(response->body);
	evhttp_add_header(headers, "Content-Type", type);
	if (response->allow[0])
		evhttp_add_header(headers, "Allow", response->allow);
	/*
	 * The answer to HEAD has no body: a client would read it as the start of the next answer.
	 */
	if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD)
		free(text);
	else if (text && evbuffer_add_reference(buffer, text, size, free_text, NULL) < 0)
		free(text);
	evhttp_send_reply(request, text ? response->status : 500, NULL, NULL);
}

static void refuse(struct evhttp_request *request, const char *why)
{
	struct api_response full = {.status = 503};

	full.body = json_pack("{s:s}", "error", why);
	reply(request, &full);
}

static void follow(struct server *server, struct evhttp_request *request)
{
	if (!event_stream_add(server->events, request))
		refuse(request, "too many clients follow the events");
}

static void await(struct server *server, struct evhttp_request *request, uint64_t number)
{
	if (!waiting_add(server->waiting, request, number))
		refuse(request, "too many clients wait for the configuration");
}

void server_answer(struct server *server, uint64_t number, int r, struct error *error)
{
	struct evhttp_request *request;

	while ((request = waiting_take(server->waiting, number))) {
		struct api_response response;

		api_reloaded(r, error, &response);
		reply(request, &response);
	}
}

/*
 * A command that was given up has told its user that nothing was changed. Only both directions
 * count as the end: a client may shut down its own after the request.
 */
static bool is_abandoned(int fd)
{
	struct pollfd end = {.fd = fd};

	return poll(&end, 1, 0) > 0 && end.revents & (POLLHUP | POLLERR);
}

static void on_request(void *data, struct evhttp_request *request)
{
	struct server *server = data;
	struct evhttp_connection *connection = evhttp_request_get_connection(request);
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
	struct evbuffer *body = evhttp_request_get_input_buffer(request);
	struct api_request api_request = {
		.method = method_of(request),
		.uri = evhttp_request_get_uri(request),
		.body = (const char *)evbuffer_pullup(body, -1),
		.body_size = evbuffer_get_length(body),
		.now = clock_now(),
		.uid = caller_uid(fd),
		.fd = fd,
		.is_abandoned = is_abandoned(fd),
	};
	struct api_response response;

	api_handle(server->api, &api_request, &response);
	if (response.follows)
		follow(server, request);
	else if (response.reload)
		await(server, request, response.reload);
	else
		reply(request, &response);
}

/* The TCP port has no access control: it serves metrics only. */
static void on_scrape(void *data, struct evhttp_request *request)
{
	struct server *server = data;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	enum evhttp_cmd_type command = evhttp_request_get_command(request);
	struct api_request api_request = {.method = API_GET, .uri = "/metrics", .now = clock_now()};
	struct api_response response;

	if (!path || strcmp(path, "/metrics") != 0) {
		evhttp_send_reply(request, HTTP_NOTFOUND, NULL, NULL);
	} else if (command != EVHTTP_REQ_GET && command != EVHTTP_REQ_HEAD) {
		evhttp_add_header(evhttp_request_get_output_headers(request), "Allow", "GET, HEAD");
		evhttp_send_reply(request, HTTP_BADMETHOD, NULL, NULL);
	} else {
		api_handle(server->api, &api_request, &response);
		reply(request, &response);
	}
}

static int start(struct server *server, struct error *error)
{
	const struct http_listener_options options = {
		.connections_max = SERVER_CONNECTIONS_MAX,
		.idle_sec = SERVER_IDLE_SEC,
		.headers_max_bytes = SERVER_HEADERS_MAX_BYTES,
		.body_max_bytes = SERVER_BODY_MAX_BYTES,
		.handle = on_request,
		.data = server,
	};
	int fd = -1;
	int code = listen_unix(server->path, &fd, error);

	if (code < 0)
		return code;
	listen_note(server->path, &server->file);
	code = http_listener_new(server->base, fd, &options, &server->listener, error);
	if (code < 0)
		return code;
	server->events = event_stream_new(server->listener);
	server->waiting = waiting_new();
	return server->events && server->waiting ? 0 : error_set(error, -ENOMEM, "out of memory");
}

int server_new(struct event_base *base, const char *path, const struct api *api,
	       struct server **ret_server, struct error *error)
{
	struct server *server = calloc(1, sizeof(*server));
	int code;

	if (!server)
		return error_set(error, -ENOMEM, "out of memory");
	server->base = base;
	server->api = api;
	server->path = strdup(path);
	code = server->path ? start(server, error) : error_set(error, -ENOMEM, "out of memory");
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
	waiting_free(server->waiting);
	http_listener_free(server->scrapers);
	http_listener_free(server->listener);
	event_stream_free(server->events);
	listen_remove(&server->file);
	free(server->path);
	free(server);
}

int server_watch(struct server *server, struct error *error)
{
	int fd = -1;
	int code;

	if (!listen_is_lost(&server->file))
		return 0;
	code = listen_unix(server->path, &fd, error);
	if (code < 0)
		return code;
	listen_note(server->path, &server->file);
	code = http_listener_move(server->listener, fd, error);
	return code < 0 ? code : 1;
}

bool server_has_metrics(const struct server *server)
{
	return server->scrapers;
}

int server_serve_metrics(struct server *server, const char *endpoint, struct error *error)
{
	const struct http_listener_options options = {
		.connections_max = SERVER_SCRAPERS_MAX,
		.idle_sec = SERVER_SCRAPE_SEC,
		.headers_max_bytes = SERVER_HEADERS_MAX_BYTES,
		.body_max_bytes = SERVER_HEADERS_MAX_BYTES,
		.handle = on_scrape,
		.data = server,
	};
	struct address address;
	uint16_t port;
	int fd = -1;
	int code = endpoint_parse(endpoint, &address, &port);

	if (code < 0)
		return error_set(error, code, "metrics: found '%s', expected an address and a port",
				 endpoint);
	code = listen_tcp(&address, port, &fd, error);
	if (code < 0)
		return error_prefix(error, code, "metrics");
	return http_listener_new(server->base, fd, &options, &server->scrapers, error);
}

void server_publish(struct server *server, const json_t *event)
{
	event_stream_publish(server->events, event);
}

void server_print_metrics(const struct server *server, FILE *out)
{
	struct event_stream_stats stats;

	event_stream_stats(server->events, &stats);
	metric_one(out, "api_evicted_total", "counter", "connections to the API that were evicted",
		   http_listener_evicted(server->listener));
	metric_one(out, "followers", "gauge", "clients that follow the events", stats.now);
	metric_one(out, "followers_dropped_total", "counter",
		   "clients that read the events too slowly", stats.dropped);
}
