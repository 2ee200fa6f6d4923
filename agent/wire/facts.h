/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The body of POST /v1/messages: the facts of one message, written by the milter, Exim and Haraka
 * and read by the agent. All members are optional; texts are shorter than POLICY_NAME_SIZE,
 * message ids have up to FACTS_ID_MAX bytes.
 *
 *   message_id                         the Message-ID, with or without its brackets
 *   user                               the authenticated user
 *   envelope_from                      "": the null sender; else as the MTA has it, with or without
 *                                      brackets: mail/mailbox.h makes one key of it
 *   header_from, client, sender, tenant
 *   recipients_external, recipients_internal        numbers, up to FACTS_RECIPIENTS_MAX
 *   recipients                         or the addresses themselves, up to FACTS_LIST_MAX; the agent
 *                                      counts them by internal_domains
 *   bounce, automatic, spam            true or false
 *   mail_dns                           "unknown", "present", "absent"; left out where name
 *                                      servers were not asked
 *   spf, dkim                          "unknown", "none", "pass", "fail"
 *
 *   unanswered                         earlier messages that got no answer; only for the metrics
 *
 * Of a bounce:
 *   bounce_to                          sender of the message that bounced
 *   unknown_recipient                  recipient that does not exist
 *   original_id                        Message-ID of the message that bounced
 *   sent_here                          true or false: did that message leave through this host?
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct config;
struct error;
struct facts;
struct message_facts;

#define FACTS_ID_MAX	     998 /* a line of RFC 5322 */
#define FACTS_RECIPIENTS_MAX 1000000
#define FACTS_LIST_MAX	     1000

/*
 * Takes the brackets off the body's message ids, in place. Texts of the result are borrowed from
 * the body and from *ret_message itself, which must stay where it is. -EINVAL: the text says why;
 * -ENOMEM.
 */
int facts_read(json_t *body, const struct config *config, struct message_facts *ret_message,
	       struct error *error);

/*
 * NULL, "unknown" that nobody asked for, and false are left out. -EINVAL: a text is too long or not
 * UTF-8, as the agent would refuse it; -ENOMEM.
 */
int facts_write(const struct message_facts *message, json_t **ret_body, struct error *error);

/* "<id>" -> "id", in place; unchanged without brackets. */
const char *facts_message_id(char *id);

/* The same for a member that is a string; borrowed from the body. -ENOMEM. */
int facts_take_message_id(json_t *body, const char *member, const char **ret_id,
			  struct error *error);

/* "facts" of an explained decision: all of them, null where unknown. Borrowed from the document. */
struct wire_facts {
	const char *user, *envelope_from, *header_from;
	const char *client, *sender, *tenant;
	json_int_t recipients_external, recipients_internal;
	bool bounce, automatic, spam;
	const char *mail_dns, *spf, *dkim;
};
json_t *facts_json(const struct facts *facts);
void wire_facts_read(const json_t *document, struct wire_facts *ret);
