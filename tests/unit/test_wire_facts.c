/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts, written by the milter and read by the agent. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "wire/facts.h"
#include "base/error.h"
#include "policy/message.h"
#include "judge/judge.h"
#include "unit/config_file.h"

TestSuite(wire_facts);

static struct error error;
static const struct config config;

static struct message_facts again(const struct message_facts *message, json_t **ret_body)
{
	struct message_facts read;

	cr_assert_eq(facts_write(message, ret_body, &error), 0, "%s", error.text);
	cr_assert_eq(facts_read(*ret_body, &config, &read, &error), 0, "%s", error.text);
	return read;
}

Test(wire_facts, written_facts_are_read_back_unchanged)
{
	const struct message_facts message = {
		.facts = {.message_id = "7@example.net",
			  .user = "bob",
			  .envelope_from = "b\xc3\xbc@example.net",
			  .header_from = "alice@example.net",
			  .recipients_external = 5000,
			  .recipients_internal = 7,
			  .bounce = true,
			  .automatic = true,
			  .spam = true,
			  .mail_dns = FACTS_DNS_ABSENT,
			  .spf = FACTS_AUTH_PASS,
			  .dkim = FACTS_AUTH_NONE,
			  .client = "192.0.2.1",
			  .sender = "tenant-17",
			  .tenant = "shop"},
		.bounce_to = "carol@example.net",
		.unknown_recipient = "nobody@example.org",
		.original_id = "6@example.net",
		.origin = SURGE_NOT_SENT_HERE,
		.unanswered = 12,
	};
	json_t *body;
	struct message_facts read = again(&message, &body);
	const struct facts *facts = &read.facts;

	cr_expect_str_eq(facts->message_id, message.facts.message_id);
	cr_expect_str_eq(facts->user, message.facts.user);
	cr_expect_str_eq(facts->envelope_from, message.facts.envelope_from);
	cr_expect_str_eq(facts->header_from, message.facts.header_from);
	cr_expect_eq(facts->recipients_external, 5000);
	cr_expect_eq(facts->recipients_internal, 7);
	cr_expect(facts->bounce && facts->automatic && facts->spam);
	cr_expect_eq(facts->mail_dns, FACTS_DNS_ABSENT);
	cr_expect_eq(facts->spf, FACTS_AUTH_PASS);
	cr_expect_eq(facts->dkim, FACTS_AUTH_NONE);
	cr_expect_str_eq(facts->client, message.facts.client);
	cr_expect_str_eq(facts->sender, message.facts.sender);
	cr_expect_str_eq(facts->tenant, message.facts.tenant);
	cr_expect_str_eq(read.bounce_to, message.bounce_to);
	cr_expect_str_eq(read.unknown_recipient, message.unknown_recipient);
	cr_expect_str_eq(read.original_id, message.original_id);
	cr_expect_eq(read.origin, SURGE_NOT_SENT_HERE);
	cr_expect_eq(read.unanswered, 12);
	json_decref(body);
}

Test(wire_facts, unknown_facts_are_left_out)
{
	const struct message_facts message = {.facts = {.envelope_from = ""}};
	json_t *body;
	struct message_facts read = again(&message, &body);

	cr_expect_eq(json_object_size(body), 3, "besides the two counts");
	cr_expect_str_empty(read.facts.envelope_from);
	cr_expect_null(read.facts.user);
	cr_expect_null(read.original_id);
	cr_expect_eq(read.facts.mail_dns, FACTS_DNS_UNKNOWN);
	cr_expect_eq(read.origin, SURGE_ORIGIN_UNKNOWN);
	json_decref(body);
}

Test(wire_facts, more_recipients_than_the_maximum_become_the_maximum)
{
	const struct message_facts message = {.facts = {.recipients_external = 4000000000}};
	json_t *body;
	struct message_facts read = again(&message, &body);

	cr_expect_eq(read.facts.recipients_external, FACTS_RECIPIENTS_MAX);
	json_decref(body);
}

Test(wire_facts, a_text_that_the_agent_would_refuse_is_not_sent)
{
	char longer[POLICY_NAME_SIZE + 1];
	const struct message_facts too_long = {.facts = {.user = longer}};
	const struct message_facts no_text = {.bounce_to = "b\xfc@example.net"};
	json_t *body = NULL;

	memset(longer, 'a', POLICY_NAME_SIZE);
	longer[POLICY_NAME_SIZE] = '\0';
	cr_expect_eq(facts_write(&too_long, &body, &error), -EINVAL);
	cr_expect_str_eq(error.text, "member 'user': found 256 bytes, expected 255 at most");
	cr_expect_eq(facts_write(&no_text, &body, &error), -EINVAL);
	cr_expect_str_eq(error.text, "member 'bounce_to': found a text that is not UTF-8");
	cr_expect_null(body);
}
