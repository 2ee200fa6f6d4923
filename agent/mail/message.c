/* SPDX-License-Identifier: BSD-2-Clause */
/* Passes headers and body to their readers, and collects the findings. */
#include "mail/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "mail/authres.h"
#include "mail/message_id.h"
#include "mail/spam_marks.h"
#include "mail/bounce.h"

_Static_assert(DSN_ID_MAX_BYTES == MESSAGE_ID_MAX_BYTES, "ids of both kinds are compared");

struct message {
	const struct config_mail *config;
	char message_id[MESSAGE_ID_MAX_BYTES + 1];
	struct spam_marks marks;
	struct authres authres;
	struct bounce bounce;
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
	spam_marks_read(&message->marks, message->config, name, value);
	if (strcasecmp(name, "Authentication-Results") == 0)
		authres_read(&message->authres, &message->config->authserv_ids, value);
	else if (strcasecmp(name, "Message-ID") == 0 && !*message->message_id)
		message_id_read(value, message->message_id, sizeof(message->message_id));
	bounce_header(&message->bounce, name, value);
}

bool message_wants_body(struct message *message)
{
	return bounce_begin_body(&message->bounce);
}

bool message_body(struct message *message, const unsigned char *bytes, size_t size)
{
	size_t left = MESSAGE_BODY_MAX_BYTES - message->body_size;

	size = size < left ? size : left;
	message->body_size += size;
	return dsn_read(&message->bounce.dsn, bytes, size) &&
	       message->body_size < MESSAGE_BODY_MAX_BYTES;
}

void message_findings(struct message *message, const char *envelope_from,
		      struct message_findings *ret_findings)
{
	const struct config_mark *mark = spam_marks_result(&message->marks);
	struct bounce *signs = &message->bounce;
	bool bounce;

	dsn_end(&signs->dsn);
	bounce = bounce_is_bounce(signs, envelope_from);
	*ret_findings = (struct message_findings){
		.message_id = text_or_null(message->message_id),
		.header_from = text_or_null(signs->from),
		.spam = mark != NULL,
		.mark = mark,
		.bounce = bounce,
		.automatic = bounce_is_automatic(signs),
		.spf = authres_spf(&message->authres, envelope_from),
		.dkim = message->authres.dkim,
		.failure = bounce && bounce_is_failure(signs),
		.unknown_recipient = bounce ? bounce_unknown_recipient(signs) : NULL,
		.original_id = bounce ? bounce_original_id(signs) : NULL,
	};
}
