/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts, question, and what the MTA is told. */
#include "milter/end_of_message.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "dns/maildns.h"
#include "mail/mailbox.h"
#include "mail/message.h"
#include "milter/ask.h"
#include "milter/reply.h"
#include "milter/session.h"
#include "mta/headers.h"
#include "policy/message.h"

static const char *given(const char *text)
{
	return text[0] ? text : NULL;
}

/* Texts are borrowed from the session and its message. */
static struct message_facts collect(const struct session *session)
{
	const struct transaction *transaction = &session->transaction;
	struct message_findings findings;

	message_findings(transaction->message, transaction->envelope_from, &findings);
	return (struct message_facts){
		.facts =
			{
				.kind = FACTS_MESSAGE,
				.message_id = findings.message_id,
				.user = given(transaction->user),
				.envelope_from = transaction->envelope_from,
				.header_from = findings.header_from,
				.recipients_external = transaction->recipients_external,
				.recipients_internal = transaction->recipients_internal,
				.bounce = findings.bounce,
				.automatic = findings.automatic,
				.spam = findings.spam,
				.mail_dns =
					maildns_lookup(transaction->settings->dns,
						       mailbox_domain(transaction->envelope_from)),
				.spf = findings.spf,
				.dkim = findings.dkim,
				.client = given(session->client),
				.sender = transaction->sender,
			},
		.bounce_to = findings.bounce_to,
		.unknown_recipient = findings.unknown_recipient,
		.original_id = findings.original_id,
		.origin = SURGE_ORIGIN_UNKNOWN,
	};
}

static sfsistat refuse(SMFICTX *ctx, const struct reply *reply)
{
	char code[4], status[DECISION_STATUS_SIZE], text[REPLY_SIZE];

	/* libmilter's parameters are not const; where it fails the MTA has words of its own. */
	snprintf(code, sizeof(code), "%s", reply->code);
	snprintf(status, sizeof(status), "%s", reply->status);
	snprintf(text, sizeof(text), "%s", reply->text);
	smfi_setreply(ctx, code, status, text);
	return reply->code[0] == '5' ? SMFIS_REJECT : SMFIS_TEMPFAIL;
}

/* From the last to the first: with each one that goes, those behind it may move up. */
static bool remove_forged(SMFICTX *ctx, const struct forged *forged)
{
	for (size_t i = 0; i < forged->n_names; i++)
		for (unsigned which = forged->names[i].count; which > 0; which--)
			if (smfi_chgheader(ctx, forged->names[i].name, (int)which, NULL) !=
			    MI_SUCCESS)
				return false;
	return true;
}

static bool add_header(SMFICTX *ctx, const char *name, const char *value)
{
	char own_name[64], own_value[LANE_NAME_SIZE];

	if (!value[0])
		return true;
	snprintf(own_name, sizeof(own_name), "%s", name);
	snprintf(own_value, sizeof(own_value), "%s", value);
	return smfi_addheader(ctx, own_name, own_value) == MI_SUCCESS;
}

/* It passes; "": without that header. */
static sfsistat pass(SMFICTX *ctx, const struct forged *forged, const char *pool, const char *lane)
{
	if (!remove_forged(ctx, forged) || !add_header(ctx, HEADERS_POOL, pool) ||
	    !add_header(ctx, HEADERS_LANE, lane))
		return SMFIS_TEMPFAIL;
	return SMFIS_CONTINUE;
}

/*
 * What no count and no order of an operator could make better, so that nobody need be asked. And what the
 * agent refuses to understand: it would be refused again for ever, and must not be a way around it.
 */
static bool is_high_risk_anyway(const struct facts *facts, int code)
{
	return code == -EINVAL || facts->bounce || facts->spam ||
	       facts->mail_dns == FACTS_DNS_ABSENT || facts->envelope_from[0] == '\0';
}

static sfsistat decide_alone(SMFICTX *ctx, struct session_shared *shared,
			     const struct transaction *transaction,
			     const struct message_facts *message, int code, const struct error *why)
{
	const struct settings *settings = transaction->settings;
	bool defers = settings->config->mail.on_agent_down == CONFIG_ON_AGENT_DOWN_DEFER;
	enum outage_kind kind = OUTAGE_PASSED;
	struct reply reply;

	if (defers && code != -EINVAL)
		kind = OUTAGE_DEFERRED;
	else if (is_high_risk_anyway(&message->facts, code))
		kind = OUTAGE_HIGH_RISK;
	outage_count(&shared->outage, kind, message->unanswered, why, clock_monotonic_ns());
	switch (kind) {
	case OUTAGE_DEFERRED:
		reply_agent_down(&reply);
		return refuse(ctx, &reply);
	case OUTAGE_HIGH_RISK:
		return pass(ctx, &transaction->forged, settings->config->pools[1].name,
			    settings->high_risk_lane);
	default:
		return pass(ctx, &transaction->forged, "", "");
	}
}

sfsistat verdict_give(SMFICTX *ctx, struct session_shared *shared, const struct session *session)
{
	const struct transaction *transaction = &session->transaction;
	const struct forged *forged = &transaction->forged;
	struct message_facts message;
	struct received_decision answer;
	struct reply reply;
	struct error error;
	int code;

	if (!transaction->message)
		return SMFIS_TEMPFAIL;
	if (forged->too_many) {
		reply_forged(&reply);
		return refuse(ctx, &reply);
	}
	message = collect(session);
	message.unanswered = outage_take(&shared->outage);
	code = asker_ask(shared->asker, &message, &answer, &error);
	if (code < 0)
		return decide_alone(ctx, shared, transaction, &message, code, &error);
	outage_end(&shared->outage, clock_monotonic_ns());
	if (answer.action == DECISION_STEER)
		return pass(ctx, forged, answer.pool, answer.lane);
	reply_of_answer(&answer, &reply);
	return refuse(ctx, &reply);
}
