/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules over several messages: limits and restrictions. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/mailhost.h"

TestSuite(netns_mail_rules, .init = world_init, .fini = mailhost_done, .timeout = 120);

static const struct mailhost_setup limits = {
	.conf = "policy \"few\" { senders = { \"few@example.net\", \"login@example.net\" }\n"
		"  recipients_external_per_hour = 5 }\n"
		"policy \"harsh\" { senders = { \"harsh@example.net\" }\n"
		"  recipients_per_day = 3  on_limit = \"restrict\" }\n"
		"policy \"later\" { senders = { \"later@example.net\" }\n"
		"  recipients_per_day = 2  on_limit = \"defer\" }\n"};

static void expect_reply(const struct mail *mail, const char *expected)
{
	_cleanup_(free_p) char *reply = smtp_try(mail);

	cr_assert_eq(strncmp(reply, expected, strlen(expected)), 0, "%s", reply);
}

static void expect_that_over_its_limit_in_mid_stream_a_sender_goes_on_by_high_risk(void)
{
	char id[16];

	for (int i = 0; i < 8; i++) {
		snprintf(id, sizeof(id), "%d@few", i);
		mailhost_expect(&(struct mail){.from = "<few@example.net>", .id = id},
				i < 5 ? "normal" : "high-risk", i < 5 ? "good" : "over-limit");
	}
	/* Any other sender. */
	mailhost_expect(&(struct mail){.from = "<ann@example.net>", .id = "ann@x"}, "normal",
			"good");
}

static void expect_that_who_has_logged_in_is_counted_whatever_the_envelope_says(void)
{
	char from[40], id[24];

	for (int i = 0; i < 6; i++) {
		snprintf(from, sizeof(from), "<alias-%d@example.net>", i);
		snprintf(id, sizeof(id), "%d@login", i);
		mailhost_expect(
			&(struct mail){.login = "login@example.net", .from = from, .id = id},
			i < 5 ? "normal" : "high-risk", i < 5 ? "good" : "over-limit");
	}
}

static void expect_the_restricted_to_be_refused_and_others_to_be_told_to_come_again(void)
{
	const struct mail harsh = {
		.login = "harsh@example.net", .from = "<harsh@example.net>", .id = "harsh@x"};
	const struct mail later = {.from = "<later@example.net>", .id = "later@x", .copies = 2};
	const struct mail last = {.from = "<later@example.net>", .id = "last@x", .copies = 1};
	struct mail many = harsh;

	many.copies = 3;
	expect_reply(&many, "550 5.1.8 ");
	expect_reply(&harsh, "550 5.1.8 ");
	expect_reply(&later, "550 5.5.3 ");
	smtp_send(&last);
	expect_reply(&last, "451 4.7.1 ");
	free(postern_must("sender release harsh@example.net"));
	mailhost_expect(&harsh, "normal", "good");
	/* No rejected message left. */
	cr_assert(wait_for(mailhost_queued() == 0, 5000));
}

Test(netns_mail_rules, a_limit_counts_from_the_message_that_exceeds_it)
{
	mailhost_begin(&limits);
	expect_that_over_its_limit_in_mid_stream_a_sender_goes_on_by_high_risk();
	expect_that_who_has_logged_in_is_counted_whatever_the_envelope_says();
	expect_the_restricted_to_be_refused_and_others_to_be_told_to_come_again();
}

/* Another lane opens its own connection to the same host. */
Test(netns_mail_rules, a_relayhost_is_the_next_hop_of_every_lane)
{
	mailhost_begin(&(struct mailhost_setup){.main = "relayhost = [" RECEIVER_IPV4 "]\n",
						.no_scanner = true});
	mailhost_expect(&(struct mail){.from = "<ann@example.net>",
				       .to = "<bob@refuser.example>",
				       .id = "clean@x"},
			"normal", "good");
	mailhost_expect(&(struct mail){.from = "<ann@example.net>",
				       .to = "<bob@refuser.example>",
				       .id = "spam@x",
				       .headers = "X-Spam-Flag: YES\r\n"},
			"high-risk", "spam");
	/* Postfix treats this sender as the null sender. */
	mailhost_expect(
		&(struct mail){.from = "<\"\">", .to = "<bob@refuser.example>", .id = "bounce@x"},
		"high-risk", "bounce");
}
