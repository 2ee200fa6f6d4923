/* SPDX-License-Identifier: BSD-2-Clause */
/* Hands headers and body to those who read them, and collects what they found. */
#include "mail/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mail/authres.h"
#include "mail/message_id.h"
#include "mail/spam_marks.h"
#include "mail/bounce.h"

_Static_assert(DELIVERY_ID_MAX_BYTES == MESSAGE_ID_MAX_BYTES, "ids of both kinds are compared");

struct message {
	const struct config_mail *config;
	char message_id[MESSAGE_ID_MAX_BYTES + 1];
	const struct config_mark *mark;
	struct authres authres;
	struct report report;
	size_t body_size;
};

int message_new(const struct config_mail *config, struct message **ret_message)
{
	struct message *message = calloc(1, sizeof(*message));

	if (!message)
		return -ENOMEM;
	message->config = config;
	*ret_message = message;
	return 0;
}

void message_free(struct message *message)
{
	free(message);
}

void message_header(struct message *message, const char *name, const char *value)
{
	if (!message->mark)
		message->mark = marks_find(message->config, name, value);
	if (strcasecmp(name, "Authentication-Results") == 0)
		authres_read(&message->authres, &message->config->authserv_ids, value);
	else if (strcasecmp(name, "Message-ID") == 0 && !*message->message_id)
		identifier_read(value, message->message_id, sizeof(message->message_id));
	report_header(&message->report, name, value);
}

bool message_wants_body(struct message *message)
{
	return report_begin_body(&message->report);
}

bool message_body(struct message *message, const unsigned char *bytes, size_t size)
{
	size_t room = MESSAGE_BODY_MAX_BYTES - message->body_size;

	size = size < room ? size : room;
	message->body_size += size;
	return delivery_read(&message->report.delivery, bytes, size) &&
	       message->body_size < MESSAGE_BODY_MAX_BYTES;
}

static const char *given(const char *text)
{
	return *text ? text : NULL;
}

void message_findings(struct message *message, const char *envelope_from,
		      struct message_findings *ret_findings)
{
	struct report *report = &message->report;
	bool bounce;

	delivery_end(&report->delivery);
	bounce = report_is_bounce(report, envelope_from && !*envelope_from);
	*ret_findings = (struct message_findings){
		.message_id = given(message->message_id),
		.header_from = given(report->from),
		.spam = message->mark != NULL,
		.mark = message->mark,
		.bounce = bounce,
		.automatic = report_is_automatic(report),
		.spf = message->authres.spf,
		.dkim = message->authres.dkim,
		.bounce_to = bounce ? given(report->to) : NULL,
		.unknown_recipient = bounce ? given(report->delivery.unknown_recipient) : NULL,
		.original_id = bounce ? given(report->delivery.original_id) : NULL,
	};
}
