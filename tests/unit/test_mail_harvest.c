/* SPDX-License-Identifier: BSD-2-Clause */
/* A harvest is seen in whatever words the receivers say that they do not know a recipient. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "fuzz/mail_feed.h"
#include "mail/message.h"
#include "policy/surge.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define BOUNCES	     60
#define NOW	     1700000100 /* begins an interval */

TestSuite(mail_harvest);

/* "%u" is the number of the recipient. */
struct form {
	char text[512];
};

#define REPORT                                                                                     \
	"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n"         \
	"Content-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\n"                       \
	"Final-Recipient: rfc822; u%u@example.net\nAction: failed\n"

static struct form unknown_forms[] = {
	{REPORT "Status: 5.1.1\n"},
	{REPORT "Status: 5.2.1\nDiagnostic-Code: smtp; 550 5.2.1 User Unknown\n"},
	{REPORT "Status: 5.4.1\nDiagnostic-Code: smtp; 550 5.4.1 Recipient address rejected:\n"
		" Access denied. AS(201806281)\n"},
	{REPORT "Status: 5.7.1\nDiagnostic-Code: smtp; 550 5.7.1 no such user here\n"},
	{REPORT "Status: 5.0.0\nDiagnostic-Code: smtp; 550 Unrouteable address\n"},
	{REPORT "Status: 5.5.0\nDiagnostic-Code: smtp; 550 5.5.0 Invalid recipient\n"},
	{REPORT "Status: 5.1.351\n"},
	{"From: MAILER-DAEMON@example.org\n\n<u%u@example.net>:\n"
	 "Sorry, no mailbox here by that name. (#5.1.1)\n"},
	{"From: MAILER-DAEMON <>\n\nu%u@example.net: 550 unknown user\n"},
	{"From: postmaster@example.org\nSubject: Undeliverable: hi\n\nu%u@example.net on today\n"
	 "    The recipient name is not recognized\n"},
};

static struct form other_forms[] = {
	{REPORT "Status: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 Mailbox full\n"},
	{REPORT "Status: 5.7.1\nDiagnostic-Code: smtp; 554 5.7.1 blocked\n"},
	{REPORT "Status: 5.1.8\nDiagnostic-Code: smtp; 550 5.1.8 user unknown\n"},
	{REPORT "Status: 4.1.1\nDiagnostic-Code: smtp; 450 4.1.1 user unknown\n"},
	{"From: MAILER-DAEMON <>\n\nu%u@example.net: 550 message refused\n"},
};

/* Bounces with different recipients, one after another. */
static enum surge_cause cause_of(const struct form *form)
{
	static const uint8_t secret[SIPHASH_KEY_SIZE] = {9};
	static const struct config_mail config;
	struct surge_state state = {.bounces = 0};
	struct surges *surges;

	cr_assert_eq(surges_new(64, secret, &surges), 0);
	for (unsigned i = 0; i < BOUNCES; i++) {
		struct surge_bounce bounce = {.domain = "example.com", .origin = SURGE_SENT_HERE};
		struct message_findings findings;
		struct message *message;
		char text[1024];

		snprintf(text, sizeof(text), form->text, i);
		message = mail_feed(&config, (const uint8_t *)text, strlen(text), 0);
		message_findings(message, "", &findings);
		bounce.unknown_recipient = findings.unknown_recipient;
		surges_bounce(surges, &bounce, NOW, &state);
		message_free(message);
	}
	surges_free(surges);
	return state.cause;
}

ParameterizedTestParameters(mail_harvest, recipients_that_nobody_knows_are_a_harvest)
{
	return cr_make_param_array(struct form, unknown_forms, COUNT(unknown_forms));
}

ParameterizedTest(struct form *form, mail_harvest, recipients_that_nobody_knows_are_a_harvest)
{
	cr_expect_eq(cause_of(form), SURGE_HARVEST, "%s", form->text);
}

ParameterizedTestParameters(mail_harvest, mail_that_is_refused_for_another_cause_is_none)
{
	return cr_make_param_array(struct form, other_forms, COUNT(other_forms));
}

ParameterizedTest(struct form *form, mail_harvest, mail_that_is_refused_for_another_cause_is_none)
{
	cr_expect_eq(cause_of(form), SURGE_UNKNOWN, "%s", form->text);
}
