/* SPDX-License-Identifier: BSD-2-Clause */
/* libcurl's multi interface on libevent. */
#include "milter/agent_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "client/client.h"
#include "wire/decision.h"
#include "wire/facts.h"

#define NS_PER_MS (NS_PER_SEC / 1000)

TAILQ_HEAD(questions, agent_question);

struct agent_connection {
	struct client *client;
	bool busy;
	struct agent_question *question; /* NULL while busy: cancelled */
	bool probes;			 /* of the question, cancelled or not */
};

struct agent_client {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;	  /* libcurl's */
	struct event *expiry;	  /* of the first question that waits */
	struct questions waiting; /* for a connection; by until_ns */
	/*
	 * The last question had no answer in time; one question finds out whether that is still so.
	 */
	bool silent, probing;
	struct agent_connection connections[AGENT_CONNECTIONS_MAX];
};

/* ---- questions */

static void close_question(struct agent_question *question)
{
	json_decref(question->facts);
	question->facts = NULL;
	question->client = NULL;
	question->connection = NULL;
}

static void fail(struct agent_question *question, int code, const struct error *error)
{
	question->client->probing &= !question->probes;
	close_question(question);
	question->done(question->data, code, NULL, error);
}

static void set_timer(struct event *timer, uint64_t left_ns)
{
	const struct timeval left = {.tv_sec = (time_t)(left_ns / NS_PER_SEC),
				     .tv_usec = (suseconds_t)(left_ns % NS_PER_SEC / 1000)};

	evtimer_add(timer, &left);
}

static void wait_for_connection(struct agent_client *client, struct agent_question *question)
{
	TAILQ_INSERT_TAIL(&client->waiting, question, link);
	if (!evtimer_pending(client->expiry, NULL))
		set_timer(client->expiry, question->until_ns - clock_monotonic_ns() + NS_PER_MS);
}

/* Ends the questions whose time has passed at `now_ns`. */
static void fail_waiting(struct agent_client *client, uint64_t now_ns)
{
	struct agent_question *first;
	struct error error;

	error_set(&error, 0, "the agent does not answer");
	while ((first = TAILQ_FIRST(&client->waiting)) && first->until_ns <= now_ns) {
		TAILQ_REMOVE(&client->waiting, first, link);
		fail(first, -ETIMEDOUT, &error);
	}
	if (first && !evtimer_pending(client->expiry, NULL))
		set_timer(client->expiry, first->until_ns - now_ns + NS_PER_MS);
}

static void on_expiry(evutil_socket_t fd, short what, void *data)
{
	(void)fd, (void)what;
	fail_waiting(data, clock_monotonic_ns());
}

static struct agent_connection *find_free(struct agent_client *client)
{
	for (size_t i = 0; i < AGENT_CONNECTIONS_MAX; i++)
		if (!client->connections[i].busy)
			return &client->connections[i];
	return NULL;
}

static int send_question(struct agent_connection *connection, struct agent_question *question,
			 struct error *error)
{
	struct agent_client *client = question->client;
	const uint64_t now_ns = clock_monotonic_ns();
	struct client_limits limits = {.size = AGENT_ANSWER_MAX_BYTES};
	CURL *curl = client_handle(connection->client);
	int r;

	/* 0 would be no limit. */
	limits.time_ms = question->until_ns > now_ns
				 ? (unsigned)((question->until_ns - now_ns) / NS_PER_MS) + 1
				 : 1;
	r = client_begin(connection->client, API_POST, "/v1/messages", question->facts, &limits,
			 error);
	if (r < 0)
		return r;
	curl_easy_setopt(curl, CURLOPT_PRIVATE, connection);
	if (curl_multi_add_handle(client->multi, curl) != CURLM_OK)
		return error_set(error, -ENOMEM, "out of memory");
	connection->busy = true;
	connection->question = question;
	connection->probes = question->probes;
	question->connection = connection;
	return 0;
}

/* While the agent is silent, no question waits: they all fail now. */
static void send_waiting(struct agent_client *client)
{
	struct agent_connection *connection;
	struct agent_question *first;
	struct error error;
	int r;

	if (client->silent)
		fail_waiting(client, UINT64_MAX);
	while ((first = TAILQ_FIRST(&client->waiting)) && (connection = find_free(client))) {
		TAILQ_REMOVE(&client->waiting, first, link);
		r = send_question(connection, first, &error);
		if (r < 0)
			fail(first, r, &error);
	}
}

int agent_client_ask(struct agent_client *client, const struct message_facts *message,
		     struct agent_question *question, struct error *error)
{
	/* Questions that wait come first. */
	struct agent_connection *connection =
		TAILQ_EMPTY(&client->waiting) ? find_free(client) : NULL;
	unsigned time_ms = AGENT_TIME_MS;
	int r = 0;

	question->probes = client->silent && !client->probing;
	if (client->silent && !question->probes)
		return error_set(error, -ETIMEDOUT, "the agent does not answer");
	if (question->probes)
		time_ms = AGENT_PROBE_MS;
	r = facts_write(message, &question->facts, error);
	if (r < 0)
		return r;
	question->client = client;
	question->until_ns = clock_monotonic_ns() + time_ms * NS_PER_MS;
	if (connection)
		r = send_question(connection, question, error);
	else
		wait_for_connection(client, question);
	if (r < 0)
		close_question(question);
	else
		client->probing |= question->probes;
	return r;
}

void agent_client_cancel(struct agent_question *question)
{
	if (!question->client)
		return;
	if (question->connection) {
		question->connection->question = NULL;
	} else {
		TAILQ_REMOVE(&question->client->waiting, question, link);
		question->client->probing &= !question->probes;
	}
	close_question(question);
}

/* ---- transfers */

static void finish(struct agent_client *client, struct agent_connection *connection, int result)
{
	struct agent_question *question = connection->question;
	struct received_decision decision;
	json_t *document = NULL;
	struct error error;
	int r = client_end(connection->client, result, &document, &error);

	connection->busy = false;
	connection->question = NULL;
	if (r == 0)
		r = decision_read(document, &decision, &error);
	json_decref(document);
	client->silent = r == -ETIMEDOUT;
	client->probing &= !connection->probes;
	if (!question)
		return;
	close_question(question);
	question->done(question->data, r, r < 0 ? NULL : &decision, &error);
}

static void finish_all(struct agent_client *client)
{
	struct agent_connection *connection;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left))) {
		CURL *curl = message->easy_handle;
		int result = (int)message->data.result;

		curl_easy_getinfo(curl, CURLINFO_PRIVATE, &connection);
		curl_multi_remove_handle(client->multi, curl);
		finish(client, connection, result);
	}
	send_waiting(client);
}

static void on_socket_ready(evutil_socket_t fd, short what, void *data)
{
	struct agent_client *client = data;
	int action =
		(what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	curl_multi_socket_action(client->multi, fd, action, &running);
	finish_all(client);
}

static void on_timer(evutil_socket_t fd, short what, void *data)
{
	struct agent_client *client = data;
	int running;

	(void)fd, (void)what;
	curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finish_all(client);
}

/* libcurl's: it wants to know when `fd` is ready. `data` is the event that was assigned to it. */
static int watch_socket(CURL *curl, curl_socket_t fd, int what, void *client_data, void *data)
{
	struct agent_client *client = client_data;
	struct event *event = data;
	short events = EV_PERSIST;

	(void)curl;
	if (event)
		event_free(event);
	event = NULL;
	if (what != CURL_POLL_REMOVE) {
		events |= (what & CURL_POLL_IN) ? EV_READ : 0;
		events |= (what & CURL_POLL_OUT) ? EV_WRITE : 0;
		event = event_new(client->base, fd, events, on_socket_ready, client);
		if (event)
			event_add(event, NULL);
	}
	curl_multi_assign(client->multi, fd, event);
	return 0;
}

/* libcurl's; -1: no timer. */
static int watch_time(CURLM *multi, long time_ms, void *data)
{
	struct agent_client *client = data;

	(void)multi;
	if (time_ms < 0)
		evtimer_del(client->timer);
	else
		set_timer(client->timer, (uint64_t)time_ms * NS_PER_MS);
	return 0;
}

/* ---- life */

static int start(struct agent_client *client, const char *socket_path, struct error *error)
{
	int r = 0;

	client->multi = curl_multi_init();
	client->timer = evtimer_new(client->base, on_timer, client);
	client->expiry = evtimer_new(client->base, on_expiry, client);
	if (!client->multi || !client->timer || !client->expiry)
		return error_set(error, -ENOMEM, "out of memory");
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, watch_time);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)AGENT_CONNECTIONS_MAX);
	for (size_t i = 0; r == 0 && i < AGENT_CONNECTIONS_MAX; i++)
		r = client_new(socket_path, &client->connections[i].client, error);
	return r;
}

int agent_client_new(const char *socket_path, struct event_base *base,
		     struct agent_client **ret_client, struct error *error)
{
	struct agent_client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return error_set(error, -ENOMEM, "out of memory");
	client->base = base;
	TAILQ_INIT(&client->waiting);
	r = start(client, socket_path, error);
	if (r < 0)
		agent_client_free(client);
	else
		*ret_client = client;
	return r;
}

/* A transfer whose question was cancelled may still run. */
void agent_client_free(struct agent_client *client)
{
	if (!client)
		return;
	for (size_t i = 0; i < AGENT_CONNECTIONS_MAX; i++) {
		struct agent_connection *connection = &client->connections[i];

		if (connection->busy)
			curl_multi_remove_handle(client->multi, client_handle(connection->client));
		client_free(connection->client);
	}
	curl_multi_cleanup(client->multi);
	if (client->timer)
		event_free(client->timer);
	if (client->expiry)
		event_free(client->expiry);
	free(client);
}
