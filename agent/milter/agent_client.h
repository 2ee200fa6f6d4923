/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent's decision about one message, over a bounded number of connections that are kept. Any
 * number of threads may ask at once; who finds all connections in use waits for one.
 *
 * An agent that does not answer in time is silent until it answers: meanwhile one question at a time,
 * with less time, finds out, and all others are not asked. So an agent that hangs costs the mail that is
 * on its way ASK_TIME_MS once, and does not hold up all that follows (libmilter lets a message wait
 * behind others' for a thread).
 */
#pragma once

struct asker;
struct error;
struct message_facts;
struct received_decision;

#define ASK_CONNECTIONS_MAX  32
#define ASK_TIME_MS	     5000 /* for one question, the wait for a connection included */
#define ASK_PROBE_MS	     500
#define ASK_ANSWER_MAX_BYTES 65536

/* -ENOMEM. Needs curl_global_init(). */
int asker_new(const char *socket_path, struct asker **ret_asker, struct error *error);
/* Nobody may be asking. NULL is fine. */
void asker_free(struct asker *asker);

/*
 * -ETIMEDOUT: no answer in time, or silent; -ECONNREFUSED: no agent there; -EPROTO: nonsense; -EINVAL: the agent, or
 * facts_write(), refused the facts; others: client.h.
 */
int asker_ask(struct asker *asker, const struct message_facts *message,
	      struct received_decision *ret_answer, struct error *error);
