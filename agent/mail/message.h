/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one message says of itself: its headers and the start of its body, as they come from the mail
 * server, in; findings for the facts (policy/decision.h) out. Pure: no I/O, no clock. Bytes of every kind
 * are taken; what is malformed gives fewer findings, never an error.
 *
 *   message_new → message_header, for each, topmost first → message_wants_body → message_body while it
 *   returns true → message_findings → message_free
 *
 * ---- What makes a bounce
 *
 *   - the null reverse-path (RFC 5321, 4.5.5), whatever the content
 *   - multipart/report with report-type=delivery-status (RFC 3464, 6522), or without a report-type but
 *     with a part of type message/delivery-status
 *   - from mailer-daemon or postmaster together with one of: Auto-Submitted: auto-replied;
 *     X-Failed-Recipients (Exim); such a part (OpenSMTPD: in multipart/mixed);
 *     from mailer-daemon also with Auto-Submitted: auto-generated
 *
 * ---- What makes an automatic reply
 *
 *   Auto-Submitted: auto-replied (RFC 3834), or multipart/report with report-type=
 *   disposition-notification (RFC 8098). Not auto-generated: that is a program's own mail, such as a
 *   shop's, which answers nothing and counts as any other's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "policy/decision.h"

#define MESSAGE_ID_MAX_BYTES   998 /* a line of RFC 5322 */
#define MESSAGE_BODY_MAX_BYTES 65536

struct message;

/* Borrows `config` (spam_marks, authserv_ids) for the message's life. -ENOMEM. */
int message_new(const struct config_mail *config, struct message **ret_message);
void message_free(struct message *message); /* NULL is fine */

/* The value folded, without the end of the line. Repeated names are fine. */
void message_header(struct message *message, const char *name, const char *value);

/* After the last header. False: the body has nothing to find. */
bool message_wants_body(struct message *message);

/* Chunks cut anywhere. False: seen enough (at most MESSAGE_BODY_MAX_BYTES); what still comes is passed over. */
bool message_body(struct message *message, const unsigned char *bytes, size_t size);

/* Texts are UTF-8 without control characters, borrowed until the message is changed or freed; NULL: none. */
struct message_findings {
	const char *message_id;	 /* without brackets; NULL also where it is too long */
	const char *header_from; /* the first mailbox (mailbox.h) */
	bool spam;
	const struct config_mark *mark; /* the first that said so; NULL: none */
	bool bounce;
	bool automatic;
	enum facts_auth spf;
	enum facts_auth dkim;
	/* Of a bounce, else NULL: */
	const char *bounce_to;	       /* whom it tells */
	const char *unknown_recipient; /* the first that does not exist */
	const char *original_id;       /* Message-ID of what bounced */
};

/* `envelope_from`: a key of mailbox.h, "": the null sender; NULL: not known. */
void message_findings(struct message *message, const char *envelope_from,
		      struct message_findings *ret_findings);
