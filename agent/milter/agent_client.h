/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks the agent for its decision about messages, over a bounded number of connections that are
 * kept. Everything runs in the caller's event loop; a question waits while all connections are in
 * use.
 *
 * An agent that does not answer in time counts as silent until it answers. Meanwhile only one
 * question at a time is sent, with less time, to find out; all others fail at once. So an agent
 * that hangs delays the messages in progress once, for AGENT_TIME_MS, and not the messages that
 * follow.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct agent_client;
struct error;
struct event_base;
struct message_facts;
struct received_decision;

#define AGENT_CONNECTIONS_MAX  32
#define AGENT_TIME_MS	       5000 /* for one question, its wait for a connection included */
#define AGENT_PROBE_MS	       500
#define AGENT_ANSWER_MAX_BYTES 65536

struct agent_connection;

/* One question, embedded by the caller. All zero but for `done` and `data`: none is open. */
struct agent_question {
	/*
	 * `decision` is NULL with a negative code, which `error` explains; see agent_client_ask().
	 */
	void (*done)(void *data, int code, const struct received_decision *decision,
		     const struct error *error);
	void *data;
	/* agent_client.c's: */
	TAILQ_ENTRY(agent_question) link;
	struct agent_client *client;	     /* NULL: none is open */
	struct agent_connection *connection; /* NULL: it waits for one */
	json_t *facts;
	uint64_t until_ns;
	bool probes; /* finds out whether the agent is still silent */
};

/* -ENOMEM. Needs curl_global_init(). */
int agent_client_new(const char *socket_path, struct event_base *base,
		     struct agent_client **ret_client, struct error *error);
/* No question may be open. NULL is fine. */
void agent_client_free(struct agent_client *client);

/*
 * 0: `question->done` follows from the loop, unless agent_client_cancel() comes first. Negative:
 * not asked. The codes, here and in `done`: -ETIMEDOUT: no answer in time, or silent;
 * -ECONNREFUSED: the agent does not run; -EPROTO: the answer is no decision; -EINVAL: the agent, or
 * facts_write(), rejected the facts; others: client.h.
 */
int agent_client_ask(struct agent_client *client, const struct message_facts *message,
		     struct agent_question *question, struct error *error);
/*
 * The agent may still decide and count; its answer is dropped. A question that is not open is fine.
 */
void agent_client_cancel(struct agent_question *question);
