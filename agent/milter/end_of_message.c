/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts, the question, and the reply. */
#include "milter/end_of_message.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "config/config.h"
#include "mail/mailbox.h"
#include "mail/message.h"
#include "milter/config_ref.h"
#include "milter/protocol.h"
#include "milter/reply.h"
#include "milter/transaction.h"
#include "mta/headers.h"
#include "policy/message.h"
#include "wire/decision.h"

/* ---- replies */

static void finish(struct end_of_message *end, bool replied)
{
	end->transaction = NULL;
	end->done(end->data, replied);
}

static void refuse(struct end_of_message *end, const struct reply *reply)
{
	finish(end, protocol_reply_code(end->out, reply->code, reply->status, reply->text));
}

/* From the last to the first: a removal may renumber the headers behind it. */
static bool remove_forged(struct evbuffer *out, const struct forged *forged)
{
	for (size_t i = 0; i < forged->n_names; i++)
		for (unsigned which = forged->names[i].count; which > 0; which--)
			if (!protocol_remove_header(out, forged->names[i].name, which))
				return false;
	return true;
}

static bool add_header(struct evbuffer *out, const char *name, const char *value)
{
	return !value[0] || protocol_add_header(out, name, value);
}

/* The message passes; "": without that header. */
static void pass(struct end_of_message *end, const char *pool, const char *lane)
{
	finish(end, remove_forged(end->out, &end->transaction->forged) &&
			    add_header(end->out, HEADERS_POOL, pool) &&
			    add_header(end->out, HEADERS_LANE, lane) &&
			    protocol_reply(end->out, PROTOCOL_CONTINUE));
}

/* ---- decisions */

/*
 * A message that is high-risk whatever its sender's counts and manual verdicts is marked without
 * the agent. So is one whose facts the agent rejects: it would reject them for ever, and a message
 * must not pass that way.
 */
static void decide_alone(struct end_of_message *end, int code, const struct error *why)
{
	const struct config_ref *rules = end->transaction->rules;
	bool defers = rules->config->mail.on_agent_down == CONFIG_ON_AGENT_DOWN_DEFER;
	enum outage_kind kind = OUTAGE_PASSED;
	struct reply reply;

	if (defers && code != -EINVAL)
		kind = OUTAGE_DEFERRED;
	else if (code == -EINVAL || end->high_risk)
		kind = OUTAGE_HIGH_RISK;
	outage_count(&end->shared->outage, kind, end->unanswered, why, clock_monotonic_ns());
	switch (kind) {
	case OUTAGE_DEFERRED:
		reply_agent_down(&reply);
		refuse(end, &reply);
		break;
	case OUTAGE_HIGH_RISK:
		pass(end, rules->config->pools[1].name, rules->high_risk_lane);
		break;
	default:
		pass(end, "", "");
	}
}

static void on_decision(void *data, int code, const struct received_decision *decision,
			const struct error *error)
{
	struct end_of_message *end = data;
	struct reply reply;

	if (code < 0) {
		decide_alone(end, code, error);
		return;
	}
	outage_end(&end->shared->outage, clock_monotonic_ns());
	if (decision->action == DECISION_STEER) {
		pass(end, decision->pool, decision->lane);
	} else {
		reply_of_decision(decision, &reply);
		refuse(end, &reply);
	}
}

/* ---- facts */

/* Texts are borrowed from the transaction and its message. */
static struct message_facts collect(const struct transaction *transaction, enum facts_dns mail_dns)
{
	struct message_findings findings;

	message_findings(transaction->message, transaction->envelope_from, &findings);
	return (struct message_facts){
		.facts =
			{
				.kind = FACTS_MESSAGE,
				.message_id = findings.message_id,
				.user = text_or_null(transaction->user),
				.envelope_from = transaction->envelope_from,
				.header_from = findings.header_from,
				.recipients_external = transaction->recipients_external,
				.recipients_internal = transaction->recipients_internal,
				.bounce = findings.bounce,
				.automatic = findings.automatic,
				.spam = findings.spam,
				.mail_dns = mail_dns,
				.spf = findings.spf,
				.dkim = findings.dkim,
				.client = text_or_null(transaction->client),
				.sender = transaction->sender,
			},
		.mail_dns_asked = mailbox_domain(transaction->envelope_from) != NULL,
		.bounce_to = findings.failure ? text_or_null(transaction->first_recipient) : NULL,
		.unknown_recipient = findings.unknown_recipient,
		.original_id = findings.original_id,
		.origin = SURGE_ORIGIN_UNKNOWN,
	};
}

static bool is_high_risk(const struct facts *facts)
{
	return facts->bounce || facts->spam || facts->mail_dns == FACTS_DNS_ABSENT ||
	       facts->envelope_from[0] == '\0';
}

static void on_dns(void *data, enum facts_dns mail_dns)
{
	struct end_of_message *end = data;
	struct message_facts message = collect(end->transaction, mail_dns);
	struct error error;
	int r;

	message.unanswered = end->unanswered = outage_take(&end->shared->outage);
	end->high_risk = is_high_risk(&message.facts);
	r = agent_client_ask(end->shared->agent, &message, &end->question, &error);
	if (r < 0)
		decide_alone(end, r, &error);
}

void end_of_message_begin(struct end_of_message *end, const struct transaction *transaction)
{
	enum facts_dns mail_dns;
	struct reply reply;

	end->transaction = transaction;
	end->dns.done = on_dns;
	end->question.done = on_decision;
	end->dns.data = end->question.data = end;
	if (!transaction->message) {
		finish(end, protocol_reply(end->out, PROTOCOL_TEMPFAIL));
	} else if (transaction->forged.too_many) {
		reply_forged(&reply);
		refuse(end, &reply);
	} else if (maildns_lookup(transaction->rules->dns,
				  mailbox_domain(transaction->envelope_from), &end->dns,
				  &mail_dns)) {
		on_dns(end, mail_dns);
	}
}

bool end_of_message_is_open(const struct end_of_message *end)
{
	return end->transaction != NULL;
}

void end_of_message_cancel(struct end_of_message *end)
{
	maildns_cancel(&end->dns);
	agent_client_cancel(&end->question);
	end->transaction = NULL;
}
