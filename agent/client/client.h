/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to the agent's API over its unix socket (libcurl), for the CLI and the milter. */
#pragma once

#include "api/api.h"

struct error;

#define CLIENT_CONNECT_SEC 5
#define CLIENT_TOTAL_SEC   60

/*
 * `body` may be NULL. The document is the caller's; statuses of 400 and above become errors with the
 * agent's own words: -ENOENT 404, -EINVAL 400, -EREMOTEIO others. Besides: -ECONNREFUSED: no agent
 * there; -EACCES: not allowed to connect; -ETIMEDOUT; -EPROTO: what came back is no JSON; -ENOMEM.
 */
int client_request(const char *socket_path, enum api_method method, const char *uri,
		   const json_t *body, json_t **ret_document, struct error *error);

/*
 * The same again and again over one connection, which is kept and made anew where the agent has ended
 * it. One request at a time: threads have one each. Needs curl_global_init() where there are threads.
 */
struct client;
int client_new(const char *socket_path, struct client **ret_client, struct error *error);
void client_free(struct client *client); /* NULL is fine */

struct client_limits {
	unsigned time_ms; /* for the whole of it */
	size_t size;	  /* of the answer; what is longer is -EPROTO */
};
int client_ask(struct client *client, enum api_method method, const char *uri, const json_t *body,
	       const struct client_limits *limits, json_t **ret_document, struct error *error);

/*
 * client_ask() in two steps, for a caller that runs the transfer in an event loop of its own: libcurl's
 * handle (CURL *), borrowed, with the request set; and the answer, by the transfer's result (CURLcode).
 */
int client_begin(struct client *client, enum api_method method, const char *uri, const json_t *body,
		 const struct client_limits *limits, struct error *error);
void *client_handle(struct client *client);
int client_end(struct client *client, int result, json_t **ret_document, struct error *error);

/*
 * An answer that does not end, line by line without their newlines, until `visit` returns other than 0,
 * which is then the result, or the agent ends it: 0. Errors as above.
 */
typedef int (*client_visitor)(void *data, const char *line);
int client_follow(const char *socket_path, const char *uri, client_visitor visit, void *data,
		  struct error *error);

/* A name as one segment of a path; freed by free(). NULL: out of memory. */
char *client_escape(const char *name);
