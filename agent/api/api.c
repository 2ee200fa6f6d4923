/* SPDX-License-Identifier: BSD-2-Clause */
/* Parses a request, finds its route, and answers every failure with a status and a JSON text. */
#include "api/api.h"

#include <errno.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "wire/event.h"
#include "wire/json_fields.h"
#include "api/routes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "process/caller.h"

static const char *const method_names[] = {
	[API_GET] = "GET",     [API_POST] = "POST",	[API_PUT] = "PUT",
	[API_PATCH] = "PATCH", [API_DELETE] = "DELETE", [API_OTHER] = "OTHER",
};

const char *api_method_name(enum api_method method)
{
	return method_names[method];
}

/* The segment of a path for one '*'. */
struct span {
	const char *text;
	size_t size;
};

static bool match(const char *pattern, const char *path, struct span names[ROUTE_NAMES_MAX])
{
	while (*pattern) {
		if (*pattern == '*') {
			names->text = path;
			names->size = strcspn(path, "/");
			if (names->size == 0)
				return false;
			path += names->size;
			names++;
			pattern++;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *path == '\0';
}

static const struct route *find_route(enum api_method method, const char *path,
				      struct span names[ROUTE_NAMES_MAX])
{
	for (size_t i = 0; i < n_routes; i++)
		if (routes[i].method == method && match(routes[i].path, path, names))
			return &routes[i];
	return NULL;
}

/* The methods of a path in the form of the header Allow; "": no such path. */
static void list_methods(const char *path, char *allow, size_t size)
{
	size_t used = 0;

	allow[0] = '\0';
	for (enum api_method method = API_GET; method < API_OTHER; method++) {
		struct span names[ROUTE_NAMES_MAX];

		if (find_route(method, path, names))
			used += snprintf(allow + used, size - used, "%s%s", used ? ", " : "",
					 api_method_name(method));
	}
}

static int decode_name(const struct span *span, char **ret_name, struct error *error)
{
	_cleanup_(free_p) char *encoded = strndup(span->text, span->size);
	_cleanup_(free_p) char *name = NULL;
	size_t size;

	if (encoded)
		name = evhttp_uridecode(encoded, 0, &size);
	if (!name)
		return error_set(error, -ENOMEM, "out of memory");
	if (strlen(name) != size)
		return error_set(error, -EINVAL, "path: a name has a NUL byte in it");
	*ret_name = TAKE_PTR(name);
	return 0;
}

static int check_query(const struct route *route, const struct evkeyvalq *query,
		       struct error *error)
{
	const struct evkeyval *parameter;

	for (parameter = TAILQ_FIRST(query); parameter; parameter = TAILQ_NEXT(parameter, next)) {
		const char *const *known = route->query;

		while (*known && strcmp(*known, parameter->key) != 0)
			known++;
		if (!*known)
			return error_set(error, -EINVAL, "unknown parameter '%.64s'",
					 parameter->key);
	}
	return 0;
}

/* Who changed what stands in the log. */
static void announce(const struct call *call, const struct route *route)
{
	const struct api_request *request = call->request;
	_cleanup_(free_p) char *body =
		call->body ? json_dumps(call->body, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	char name[CALLER_NAME_SIZE];

	if (route->right != RIGHT_COMMAND || !call->api->on_order)
		return;
	call->api->on_order(call->api->data,
			    &(struct wire_event){
				    .kind = WIRE_EVENT_ORDER,
				    .now_sec = request->now.sec,
				    .order = {caller_name(request->uid, name), request->uid,
					      api_method_name(request->method), request->uri, body},
			    });
}

/* Decodes names, query and body, calls the route, releases them. */
static int call_route(const struct api *api, const struct api_request *request,
		      const struct route *route, const struct span spans[ROUTE_NAMES_MAX],
		      const char *query_text, struct api_response *response, struct error *error)
{
	struct evkeyvalq query = {0};
	struct call call = {.api = api, .request = request, .query = &query, .response = response};
	int code = 0;

	TAILQ_INIT(&query);
	for (int i = 0; code == 0 && i < ROUTE_NAMES_MAX && spans[i].text; i++)
		code = decode_name(&spans[i], &call.names[i], error);
	if (code == 0 && query_text && evhttp_parse_query_str(query_text, &query) < 0)
		code = error_set(error, -EINVAL, "query: found '%.64s', expected name=value",
				 query_text);
	if (code == 0)
		code = check_query(route, &query, error);
	if (code == 0 && route->takes_body)
		code = json_fields_parse(request->body, request->body_size, &call.body, error);
	if (code == 0)
		code = route->handle(&call, &response->body, error);
	if (code == 0)
		announce(&call, route);

	json_decref(call.body);
	evhttp_clear_headers(&query);
	for (int i = 0; i < ROUTE_NAMES_MAX; i++)
		free(call.names[i]);
	return code;
}

static int status_of(int code)
{
	switch (code) {
	case 0:
		return 200;
	case -EINVAL:
		return 400;
	case -ENOENT:
		return 404;
	case -EOPNOTSUPP:
	case -EBUSY:
	case -ESTALE:
		return 503;
	default:
		return 500;
	}
}

/* 0, or the status of a refusal. */
static int check_caller(const struct api *api, const struct api_request *request,
			const struct route *route, struct error *error)
{
	char name[CALLER_NAME_SIZE];

	if (!rights_allow(api->rights, request->uid, request->fd ? request->fd : -1,
			  route->right)) {
		error_set(error, 0, "user '%s' may not %s; root, the agent's user and %s may",
			  caller_name(request->uid, name),
			  route->right == RIGHT_TELL ? "report" : "command",
			  route->right == RIGHT_TELL ? "'commanders' and 'tellers'"
						     : "'commanders'");
		return 403;
	}
	if (request->is_abandoned && route->right == RIGHT_COMMAND) {
		error_set(error, 0, "the client has left; nothing was changed");
		return 503;
	}
	return 0;
}

/* Returns the status; from 400 on, the error is set. */
static int handle(const struct api *api, const struct api_request *request,
		  const struct evhttp_uri *uri, struct api_response *response, struct error *error)
{
	struct span names[ROUTE_NAMES_MAX] = {{NULL, 0}};
	const char *path = evhttp_uri_get_path(uri);
	const struct route *route = find_route(request->method, path, names);
	int code;

	if (!route) {
		list_methods(path, response->allow, sizeof(response->allow));
		if (response->allow[0]) {
			error_set(error, 0, "method not allowed, expected one of %s",
				  response->allow);
			return 405;
		}
		error_set(error, 0, "no such path");
		return 404;
	}
	if (request->body_size > API_BODY_MAX_BYTES) {
		error_set(error, 0, "body: found %zu bytes, expected %d at most",
			  request->body_size, API_BODY_MAX_BYTES);
		return 413;
	}
	code = check_caller(api, request, route, error);
	if (code)
		return code;
	code = call_route(api, request, route, names, evhttp_uri_get_query(uri), response, error);
	return status_of(code);
}

/*
 * The text may quote input that is not UTF-8, which jansson refuses: then only its ASCII is kept.
 */
static json_t *error_body(char *text)
{
	json_t *string = json_string(text);

	for (char *c = text; !string && *c; c++)
		if (*c & 0x80)
			*c = '?';
	if (!string)
		string = json_string(text);
	return json_pack("{s:o}", "error", string);
}

void api_handle(const struct api *api, const struct api_request *request,
		struct api_response *ret_response)
{
	struct evhttp_uri *uri = evhttp_uri_parse(request->uri);
	struct api_response response = {.status = 400};
	struct error error = {"path: not a valid URI"};

	if (uri) {
		response.status = handle(api, request, uri, &response, &error);
		evhttp_uri_free(uri);
	}
	if (response.status >= 400)
		response.body = error_body(error.text);
	*ret_response = response;
}

void api_reloaded(int r, struct error *error, struct api_response *ret_response)
{
	*ret_response = (struct api_response){.status = status_of(r)};
	ret_response->body = r < 0 ? error_body(error->text) : json_pack("{s:b}", "reloaded", 1);
}
