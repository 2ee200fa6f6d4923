/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The body of POST /v1/messages: what is known of one message. All members are optional, texts shorter
 * than POLICY_NAME_SIZE (message ids up to FACTS_ID_MAX).
 *
 *   message_id                         the Message-ID, with or without its brackets
 *   user                               who has authenticated
 *   envelope_from                      "": the null sender; else as the MTA has it, with or without
 *                                      brackets: mail/mailbox.h makes one key of it
 *   header_from, client, sender, tenant
 *   recipients_external, recipients_internal        how many, up to FACTS_RECIPIENTS_MAX
 *   recipients                         or the addresses themselves, up to FACTS_LIST_MAX: told apart
 *                                      by internal_domains
 *   bounce, automatic, spam            true or false
 *   mail_dns                           "unknown", "present", "absent"
 *   spf, dkim                          "unknown", "none", "pass", "fail"
 *
 *   unanswered                         how many messages before this one got no answer; not of this one,
 *                                      but counted (metrics)
 *
 * Of a bounce:
 *   bounce_to                          whose message bounced
 *   unknown_recipient                  who does not exist
 *   original_id                        Message-ID of what bounced
 *   sent_here                          true or false: was that sent through here?
 */
#pragma once

#include <jansson.h>

struct config;
struct error;
struct judge_message;

#define FACTS_ID_MAX	     998 /* a line of RFC 5322 */
#define FACTS_RECIPIENTS_MAX 1000000
#define FACTS_LIST_MAX	     1000

/*
 * Texts of the result are borrowed from the body, and from *ret_message itself, which must stay where it
 * is. -EINVAL: said in the text.
 */
int facts_read(const json_t *body, const struct config *config, struct judge_message *ret_message,
	       struct error *error);

/*
 * The other way, for those who ask: what is NULL, "unknown" or false is left out. Texts that are too
 * long or no UTF-8 are refused (-EINVAL), as the agent would. -ENOMEM.
 */
int facts_write(const struct judge_message *message, json_t **ret_body, struct error *error);

/* "<id>" -> "id", in place; as it is where it has no brackets. */
const char *facts_message_id(char *id);
