/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to the agent's API over its unix socket, by libcurl. The CLI and the milter use it. */
#pragma once

#include "api/api.h"

struct error;

#define CLIENT_CONNECT_SEC 5
#define CLIENT_TOTAL_SEC   60
#define CLIENT_PROBE_MS	   700

/*
 * 0: the process at the socket answers at all; it may be an agent of any version. -ETIMEDOUT: its
 * loop has stood still for CLIENT_PROBE_MS; others as below. So a person need not wait
 * CLIENT_TOTAL_SEC, which a long list may need.
 */
int client_probe(const char *socket_path, struct error *error);

/*
 * `body` may be NULL. The document is the caller's. A status of 400 or above is an error with the
 * agent's text: -ENOENT for 404, -EINVAL for 400, -EPERM for 403, -EBUSY for 503, -EREMOTEIO for
 * others. -ECONNREFUSED: no agent is running; -EACCES: no permission to connect; -ETIMEDOUT;
 * -EPROTO: the answer is not JSON; -ENOMEM.
 */
int client_request(const char *socket_path, enum api_method method, const char *uri,
		   const json_t *body, json_t **ret_document, struct error *error);

/*
 * Many requests over one connection, which is reopened if the agent has closed it. One request at a
 * time; a thread has its own client, and then curl_global_init() must have run.
 */
struct client;
int client_new(const char *socket_path, struct client **ret_client, struct error *error);
void client_free(struct client *client); /* NULL is fine */

struct client_limits {
	unsigned time_ms; /* for the whole request */
	size_t size;	  /* of the answer, in bytes; a longer one is -EPROTO */
};

/*
 * A request in two steps, for a caller that runs the transfer in an event loop of its own:
 * libcurl's handle (CURL *), borrowed, with the request set; and the answer, by the transfer's
 * result (CURLcode).
 */
int client_begin(struct client *client, enum api_method method, const char *uri, const json_t *body,
		 const struct client_limits *limits, struct error *error);
void *client_handle(struct client *client);
int client_end(struct client *client, int result, json_t **ret_document, struct error *error);

/*
 * Visits an endless answer line by line, without newlines. The result is the first value other
 * than 0 that `visit` returns, or 0 when the agent ends the answer. Errors as above.
 */
typedef int (*client_visitor)(void *data, const char *line);
int client_follow(const char *socket_path, const char *uri, client_visitor visit, void *data,
		  struct error *error);

/*
 * A name, percent-encoded as one segment of a path; the caller's, to free(). NULL: out of memory.
 */
char *client_escape(const char *name);
