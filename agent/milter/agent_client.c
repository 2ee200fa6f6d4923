/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections to the agent, lent to who asks; and what its answers must look like to be believed. */
#include "milter/ask.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/client.h"
#include "wire/decision.h"
#include "wire/facts.h"
#include "base/clock.h"
#include "base/error.h"

#define NS_PER_MS (NS_PER_SEC / 1000)

struct asker {
	pthread_mutex_t mutex;
	pthread_cond_t returned;
	/* The first n_free are lent to nobody: a stack, so that few connections stay warm. */
	struct client *clients[ASK_CONNECTIONS_MAX];
	unsigned n_free;
	/* The last question was not answered in time; and somebody finds out whether that is still so. */
	bool silent;
	bool probing;
};

/* ---- connections */

/* Waiting is by the monotonic clock: nobody waits longer because somebody has set the time. */
static int init_waiting(struct asker *asker)
{
	pthread_condattr_t attributes;
	int r = pthread_condattr_init(&attributes);

	if (r == 0)
		r = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	if (r == 0)
		r = pthread_cond_init(&asker->returned, &attributes);
	if (r == 0)
		r = pthread_mutex_init(&asker->mutex, NULL);
	return -r;
}

int asker_new(const char *socket_path, struct asker **ret_asker, struct error *error)
{
	struct asker *asker = calloc(1, sizeof(*asker));
	int r = asker ? init_waiting(asker) : -ENOMEM;

	if (r < 0) {
		free(asker);
		return error_set(error, r, "asking the agent: %s", strerror(-r));
	}
	while (r == 0 && asker->n_free < ASK_CONNECTIONS_MAX) {
		r = client_new(socket_path, &asker->clients[asker->n_free], error);
		asker->n_free += r == 0;
	}
	if (r < 0) {
		asker_free(asker);
		return r;
	}
	*ret_asker = asker;
	return 0;
}

void asker_free(struct asker *asker)
{
	if (!asker)
		return;
	while (asker->n_free > 0)
		client_free(asker->clients[--asker->n_free]);
	pthread_cond_destroy(&asker->returned);
	pthread_mutex_destroy(&asker->mutex);
	free(asker);
}

/* ---- an agent that is silent */

/* How long this question may take; 0: it is not asked, as another one is finding out. */
static unsigned begin(struct asker *asker, bool *ret_probes)
{
	unsigned time_ms = ASK_TIME_MS;

	pthread_mutex_lock(&asker->mutex);
	*ret_probes = asker->silent && !asker->probing;
	if (asker->silent)
		time_ms = *ret_probes ? ASK_PROBE_MS : 0;
	asker->probing |= *ret_probes;
	pthread_mutex_unlock(&asker->mutex);
	return time_ms;
}

/* Whoever waits for a connection waits no longer when the agent has turned out to be silent. */
static void end(struct asker *asker, bool probed, int code)
{
	pthread_mutex_lock(&asker->mutex);
	asker->silent = code == -ETIMEDOUT;
	asker->probing &= !probed;
	if (asker->silent)
		pthread_cond_broadcast(&asker->returned);
	pthread_mutex_unlock(&asker->mutex);
}

/* NULL: none came back in time, or none is worth waiting for. */
static struct client *borrow(struct asker *asker, bool probes, uint64_t until_ns)
{
	const struct timespec until = {.tv_sec = (time_t)(until_ns / NS_PER_SEC),
				       .tv_nsec = (long)(until_ns % NS_PER_SEC)};
	struct client *client = NULL;
	int r = 0;

	pthread_mutex_lock(&asker->mutex);
	while (asker->n_free == 0 && (probes || !asker->silent) && r == 0)
		r = pthread_cond_timedwait(&asker->returned, &asker->mutex, &until);
	if (asker->n_free > 0)
		client = asker->clients[--asker->n_free];
	pthread_mutex_unlock(&asker->mutex);
	return client;
}

static void give_back(struct asker *asker, struct client *client)
{
	pthread_mutex_lock(&asker->mutex);
	asker->clients[asker->n_free++] = client;
	pthread_cond_signal(&asker->returned);
	pthread_mutex_unlock(&asker->mutex);
}

/* ---- questions */

static int ask(struct client *client, uint64_t until_ns, const json_t *facts,
	       struct received_decision *ret_answer, struct error *error)
{
	const uint64_t now_ns = clock_monotonic_ns();
	struct client_limits limits = {.size = ASK_ANSWER_MAX_BYTES};
	json_t *document = NULL;
	int code;

	/* 0 would be no limit. */
	limits.time_ms = until_ns > now_ns ? (unsigned)((until_ns - now_ns) / NS_PER_MS) + 1 : 1;
	code = client_ask(client, API_POST, "/v1/messages", facts, &limits, &document, error);
	if (code == 0)
		code = decision_read(document, ret_answer, error);
	json_decref(document);
	return code;
}

/* With a connection of its own for that time. */
static int ask_in_time(struct asker *asker, bool probes, unsigned time_ms, const json_t *facts,
		       struct received_decision *ret_answer, struct error *error)
{
	const uint64_t until_ns = clock_monotonic_ns() + time_ms * NS_PER_MS;
	struct client *client = time_ms ? borrow(asker, probes, until_ns) : NULL;
	int code;

	if (!client)
		return error_set(error, -ETIMEDOUT, "the agent does not answer");
	code = ask(client, until_ns, facts, ret_answer, error);
	give_back(asker, client);
	return code;
}

int asker_ask(struct asker *asker, const struct message_facts *message,
	      struct received_decision *ret_answer, struct error *error)
{
	unsigned time_ms;
	json_t *facts = NULL;
	bool probes;
	int code = facts_write(message, &facts, error);

	if (code < 0)
		return code;
	time_ms = begin(asker, &probes);
	code = ask_in_time(asker, probes, time_ms, facts, ret_answer, error);
	if (time_ms)
		end(asker, probes, code);
	json_decref(facts);
	return code;
}
