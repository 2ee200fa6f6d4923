/* SPDX-License-Identifier: BSD-2-Clause */
/* Chooses the text by action and reason. */
#include "milter/reply.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 128

/* A name goes into SMTP unchanged, or not at all. */
static const char *name_of(const char *sender)
{
	size_t length = strlen(sender);

	if (length == 0 || length > NAME_MAX_BYTES)
		return "this sender";
	for (const char *c = sender; *c; c++)
		if (!isgraph((unsigned char)*c) || *c == '%')
			return "this sender";
	return sender;
}

static void write_too_many(const struct received_decision *decision, struct reply *reply)
{
	snprintf(reply->text, sizeof(reply->text),
		 "Too many recipients: a message of %s may have %u at most",
		 name_of(decision->sender), decision->max);
}

static void write_rejection(const struct received_decision *decision, struct reply *reply)
{
	const char *name = name_of(decision->sender);
	const char *before = decision->until[0] ? " until " : "";

	if (decision->reason == REASON_RESTRICTED || decision->reason == REASON_OVER_LIMIT)
		snprintf(reply->text, sizeof(reply->text),
			 "Sending is blocked for %s%s%s: too much was sent. Ask your postmaster",
			 name, before, decision->until);
	else
		snprintf(reply->text, sizeof(reply->text),
			 "Mail of %s is refused here. Ask your postmaster", name);
}

static void write_deferral(const struct received_decision *decision, struct reply *reply)
{
	const char *name = name_of(decision->sender);
	const char *after = decision->until[0] ? ": after " : "";

	if (decision->reason == REASON_OVER_LIMIT)
		snprintf(reply->text, sizeof(reply->text),
			 "%s has sent too much for now, try again later%s%s", name, after,
			 decision->until);
	else if (decision->reason == REASON_MANUAL)
		snprintf(reply->text, sizeof(reply->text),
			 "Mail of %s is held by the postmaster, try again later", name);
	else
		snprintf(reply->text, sizeof(reply->text),
			 "Mail of %s is not taken at the moment, try again later", name);
}

void reply_of_decision(const struct received_decision *decision, struct reply *ret_reply)
{
	bool rejects = decision->action == DECISION_REJECT;

	ret_reply->code = rejects ? "550" : "451";
	ret_reply->status = decision->status;
	if (rejects && strcmp(decision->status, "5.5.3") == 0 && decision->max)
		write_too_many(decision, ret_reply);
	else if (rejects)
		write_rejection(decision, ret_reply);
	else
		write_deferral(decision, ret_reply);
}

void reply_agent_down(struct reply *ret_reply)
{
	*ret_reply = (struct reply){
		"451", "4.7.1", "Outbound mail cannot be checked at the moment, try again later"};
}

void reply_forged(struct reply *ret_reply)
{
	*ret_reply = (struct reply){"550", "5.7.1",
				    "Too many headers that only this host may add (X-Postern-)"};
}
