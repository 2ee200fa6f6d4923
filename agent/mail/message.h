/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the headers of one message and the start of its body, as the mail server sends them, and
 * finds the facts (policy/decision.h). Pure: no I/O, no clock. It takes any bytes; malformed parts
 * give fewer findings, never an error.
 *
 *   message_new → message_header for each header, topmost first → message_wants_body
 *     → message_body while it returns true → message_findings → message_free
 *
 * ---- A bounce is a message with
 *
 *   - the null reverse-path (RFC 5321, 4.5.5) or mailer-daemon's, whatever its content
 *   - multipart/report with report-type=delivery-status (RFC 3464, 6522), or without a report-type
 *     but with a part of type message/delivery-status
 *   - From mailer-daemon, postmaster or a name with an empty address, and one of: Auto-Submitted:
 *     auto-replied; X-Failed-Recipients (Exim); such a part (OpenSMTPD: in multipart/mixed); a copy
 *     of the original's header in the text (qmail); a Subject that begins as a bounce's, but not in
 *     a report of another type; from mailer-daemon or without an address also the original as a
 *     part; from mailer-daemon also Auto-Submitted: auto-generated
 *   - such a Subject, and From with the name of a mail system
 *
 * A bounce reports a failure unless it shows that no recipient has failed: a report of another type
 * (a receipt, a complaint), a delivery status with another Action and none that is failed, or an
 * automatic message that is neither from mailer-daemon or postmaster nor has X-Failed-Recipients
 * or a delivery status.
 *
 * ---- An automatic message answers or announces one that came in:
 *
 *   - Auto-Submitted: auto-replied (RFC 3834) or auto-notified (RFC 5436)
 *   - multipart/report with report-type=disposition-notification (RFC 8098)
 *   - X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent (Exchange)
 *   - X-Apple-Action: vacation (iCloud)
 *
 * auto-generated is none of them: it marks a program's own mail, such as a shop's, which counts
 * like any other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "policy/decision.h"

#define MESSAGE_ID_MAX_BYTES   998 /* a line of RFC 5322 */
#define MESSAGE_BODY_MAX_BYTES 65536

struct message;

/* Borrows `config` (spam_marks, authserv_ids) until message_free(). -ENOMEM. */
int message_new(const struct config_mail *config, struct message **ret_message);
void message_free(struct message *message); /* NULL is fine */

/* The value folded, without the end of the line. Repeated names are fine. */
void message_header(struct message *message, const char *name, const char *value);

/* After the last header. False: the body has nothing to find. */
bool message_wants_body(struct message *message);

/*
 * Takes chunks, cut anywhere. False: the rest is ignored, after MESSAGE_BODY_MAX_BYTES at the
 * latest.
 */
bool message_body(struct message *message, const unsigned char *bytes, size_t size);

/*
 * Texts are UTF-8 without control characters, borrowed until the message is changed or freed; NULL:
 * none.
 */
struct message_findings {
	const char *message_id;	 /* without brackets; NULL also if it is too long */
	const char *header_from; /* the first mailbox (mailbox.h) */
	bool spam;
	const struct config_mark *mark; /* the first that matched; NULL: none */
	bool bounce;
	bool automatic;
	enum facts_auth spf;
	enum facts_auth dkim;
	bool failure; /* a bounce that counts for surges (policy/surge.h) */
	/* NULL unless it is a bounce: */
	const char *unknown_recipient; /* the first that the receiver does not know */
	const char *original_id;       /* Message-ID of the original */
};

/* `envelope_from` is a key of mailbox.h; "": the null sender; NULL: unknown. */
void message_findings(struct message *message, const char *envelope_from,
		      struct message_findings *ret_findings);
