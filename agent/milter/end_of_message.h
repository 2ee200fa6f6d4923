/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a message: the transaction becomes facts, the agent decides, and the MTA gets a reply
 * (the table is milter.h's).
 *
 *   begin ──► mail DNS ──► the agent ──► reply ──► done
 *
 * Each step may take time or end at once. Out of memory defers the message, and so does an MTA that
 * does not take a header: no mail passes without the lane that was decided.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dns/maildns.h"
#include "milter/agent_client.h"
#include "milter/outage.h"

struct evbuffer;
struct transaction;

/* Shared by all messages. */
struct end_of_message_shared {
	struct agent_client *agent;
	struct outage outage;
};

/* One of a session; all zero but for the first four. */
struct end_of_message {
	struct end_of_message_shared *shared;
	struct evbuffer *out; /* the reply goes there */
	/*
	 * False: out of memory, and no whole reply in `out`. May come before end_of_message_begin()
	 * returns.
	 */
	void (*done)(void *data, bool replied);
	void *data;
	/* end_of_message.c's: */
	const struct transaction *transaction; /* NULL: not begun, or done */
	struct maildns_wait dns;
	struct agent_question question;
	uint32_t unanswered; /* reported with the question */
	bool high_risk;	     /* without any decision of the agent */
};

/* Borrows the transaction until `done`, or end_of_message_cancel(). */
void end_of_message_begin(struct end_of_message *end, const struct transaction *transaction);
/* `done` follows. */
bool end_of_message_is_open(const struct end_of_message *end);
/* No `done` follows. Nothing begun is fine. */
void end_of_message_cancel(struct end_of_message *end);
