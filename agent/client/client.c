/* SPDX-License-Identifier: BSD-2-Clause */
/* libcurl's easy interface; its failures in terms of the agent. */
#include "client/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

static void curl_cleanup_p(CURL **curl)
{
	if (*curl)
		curl_easy_cleanup(*curl);
}

static void set_options(CURL *curl, const char *socket_path, enum api_method method,
			const char *url)
{
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, api_method_name(method));
	/* Names are opaque: a sender named ".." is not the parent directory. */
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	/* Ignore http_proxy of the environment. */
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CLIENT_CONNECT_SEC);
}

static int transport_error(CURL *curl, CURLcode result, const char *socket_path,
			   struct error *error)
{
	long os_errno = 0;

	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_errno);
	if (result == CURLE_OPERATION_TIMEDOUT)
		return error_set(error, -ETIMEDOUT, "the agent at '%s' does not answer",
				 socket_path);
	if (result == CURLE_OUT_OF_MEMORY)
		return error_set(error, -ENOMEM, "out of memory");
	if (result != CURLE_COULDNT_CONNECT)
		return error_set(error, -EREMOTEIO, "the agent at '%s': %s", socket_path,
				 curl_easy_strerror(result));
	switch (os_errno) {
	case ENOENT:
	case ECONNREFUSED:
		return error_set(error, -ECONNREFUSED, "agent not running at '%s'", socket_path);
	case EACCES:
	case EPERM:
		return error_set(error, -EACCES, "socket '%s': permission denied", socket_path);
	case EAGAIN: /* nobody takes connections from the full queue */
		return error_set(error, -ETIMEDOUT, "the agent at '%s' does not answer",
				 socket_path);
	default:
		return error_set(error, -EREMOTEIO, "the agent at '%s': %s", socket_path,
				 strerror((int)os_errno));
	}
}

/* The agent's answer, or its reason as an error. */
static int read_answer(long status, const char *text, size_t size, json_t **ret_document,
		       struct error *error)
{
	json_t *document = size ? json_loadb(text, size, 0, NULL) : NULL;
	const char *reason = json_string_value(json_object_get(document, "error"));
	int code = status == 404   ? -ENOENT
		   : status == 400 ? -EINVAL
		   : status == 403 ? -EPERM
		   : status == 503 ? -EBUSY
				   : -EREMOTEIO;

	if (status >= 400)
		code = reason ? error_set(error, code, "%s", reason)
			      : error_set(error, code, "the agent answered with status %ld",
					  status);
	else if (!document)
		code = error_set(error, -EPROTO, "the agent's answer is not JSON");
	else
		code = 0;
	if (code < 0)
		json_decref(document);
	else
		*ret_document = document;
	return code;
}

/* ---- one connection */

struct client {
	CURL *curl;
	struct curl_slist *headers;
	char *socket_path;
	char *request; /* the body; libcurl reads it until the answer is complete */
	/* The answer so far. */
	char *text;
	size_t used, space, max;
	bool too_long;
};

void client_free(struct client *client)
{
	if (!client)
		return;
	if (client->curl)
		curl_easy_cleanup(client->curl);
	curl_slist_free_all(client->headers);
	free(client->socket_path);
	free(client->request);
	free(client->text);
	free(client);
}

static void client_free_p(struct client **client)
{
	client_free(*client);
}

int client_new(const char *socket_path, struct client **ret_client, struct error *error)
{
	_cleanup_(client_free_p) struct client *client = calloc(1, sizeof(*client));

	if (client) {
		client->curl = curl_easy_init();
		client->headers = curl_slist_append(NULL, "Content-Type: application/json");
		client->socket_path = strdup(socket_path);
	}
	if (!client || !client->curl || !client->headers || !client->socket_path)
		return error_set(error, -ENOMEM, "out of memory");
	*ret_client = TAKE_PTR(client);
	return 0;
}

/* libcurl passes received bytes; a result below `size` ends the transfer. */
static size_t take_bytes(char *bytes, size_t one, size_t size, void *data)
{
	struct client *client = data;
	size_t space = client->used + size;
	char *text;

	(void)one;
	if (size > client->max - client->used) {
		client->too_long = true;
		return 0;
	}
	if (space > client->space) {
		text = realloc(client->text, 2 * space);
		if (!text)
			return 0;
		client->text = text;
		client->space = 2 * space;
	}
	memcpy(client->text + client->used, bytes, size);
	client->used += size;
	return size;
}

int client_begin(struct client *client, enum api_method method, const char *uri, const json_t *body,
		 const struct client_limits *limits, struct error *error)
{
	_cleanup_(free_p) char *url = NULL;
	CURL *curl = client->curl;

	free(client->request);
	client->request = body ? json_dumps(body, JSON_COMPACT) : NULL;
	if ((body && !client->request) || asprintf(&url, "http://localhost%s", uri) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	client->used = 0;
	client->max = limits->size;
	client->too_long = false;
	curl_easy_reset(curl); /* resets options only, connections stay open */
	set_options(curl, client->socket_path, method, url);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)limits->time_ms);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
	if (client->request) {
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->headers);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, client->request);
	}
	return 0;
}

void *client_handle(struct client *client)
{
	return client->curl;
}

int client_end(struct client *client, int result, json_t **ret_document, struct error *error)
{
	long status = 0;

	if (client->too_long)
		return error_set(error, -EPROTO, "the agent's answer has more than %zu bytes",
				 client->max);
	if (result != CURLE_OK)
		return transport_error(client->curl, (CURLcode)result, client->socket_path, error);
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	return read_answer(status, client->text, client->used, ret_document, error);
}

static int ask(struct client *client, enum api_method method, const char *uri, const json_t *body,
	       const struct client_limits *limits, json_t **ret_document, struct error *error)
{
	int code = client_begin(client, method, uri, body, limits, error);

	return code < 0 ? code
			: client_end(client, curl_easy_perform(client->curl), ret_document, error);
}

int client_probe(const char *socket_path, struct error *error)
{
	static const struct client_limits limits = {CLIENT_PROBE_MS, SIZE_MAX};
	_cleanup_(client_free_p) struct client *client = NULL;
	json_t *document = NULL;
	int code = client_new(socket_path, &client, error);

	if (code == 0)
		code = ask(client, API_GET, "/v1/alive", NULL, &limits, &document, error);
	json_decref(document);
	return code == -ENOENT ? 0 : code; /* an older agent lacks the path, and answers that */
}

int client_request(const char *socket_path, enum api_method method, const char *uri,
		   const json_t *body, json_t **ret_document, struct error *error)
{
	static const struct client_limits limits = {CLIENT_TOTAL_SEC * 1000, SIZE_MAX};
	_cleanup_(client_free_p) struct client *client = NULL;
	int code = client_new(socket_path, &client, error);

	return code < 0 ? code : ask(client, method, uri, body, &limits, ret_document, error);
}

/* ---- an endless answer */

#define LINE_MAX_BYTES (64 << 10)

struct following {
	client_visitor visit;
	void *data;
	CURL *curl;
	int result;
	size_t used;
	char line[LINE_MAX_BYTES]; /* or the whole body of an error */
};

static long status_of(CURL *curl)
{
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* As take_bytes(). */
static size_t take_lines(char *bytes, size_t one, size_t size, void *data)
{
	struct following *following = data;
	bool is_error = status_of(following->curl) >= 400;

	(void)one;
	for (size_t i = 0; i < size && following->result == 0; i++) {
		if (following->used == LINE_MAX_BYTES - 1)
			return 0;
		if (bytes[i] != '\n' || is_error) {
			following->line[following->used++] = bytes[i];
			continue;
		}
		following->line[following->used] = '\0';
		following->used = 0;
		following->result = following->visit(following->data, following->line);
	}
	return following->result == 0 ? size : 0;
}

static int end_of_following(struct following *following, CURLcode code, const char *socket_path,
			    struct error *error)
{
	long status = status_of(following->curl);
	json_t *ignored = NULL;

	if (following->result)
		return following->result;
	if (code != CURLE_OK)
		return transport_error(following->curl, code, socket_path, error);
	return status >= 400
		       ? read_answer(status, following->line, following->used, &ignored, error)
		       : 0;
}

int client_follow(const char *socket_path, const char *uri, client_visitor visit, void *data,
		  struct error *error)
{
	_cleanup_(curl_cleanup_p) CURL *curl = curl_easy_init();
	_cleanup_(free_p) struct following *following = calloc(1, sizeof(*following));
	_cleanup_(free_p) char *url = NULL;

	if (!curl || !following || asprintf(&url, "http://localhost%s", uri) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	*following = (struct following){.visit = visit, .data = data, .curl = curl};
	set_options(curl, socket_path, API_GET, url);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_lines);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, following);
	return end_of_following(following, curl_easy_perform(curl), socket_path, error);
}

char *client_escape(const char *name)
{
	char *escaped = curl_easy_escape(NULL, name, 0);
	char *copy = escaped ? strdup(escaped) : NULL;

	curl_free(escaped);
	return copy;
}
