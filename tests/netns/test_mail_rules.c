// SPDX-License-Identifier: BSD-2-Clause
// Rules that need more than one message, or another host's word: limits, restrictions, the relay pool.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/mailhost.h"

TestSuite(netns_mail_rules, .init = world_init, .fini = mailhost_done, .timeout = 120);

static const struct mailhost_setup limits = {
	.conf = "policy \"few\" { senders = { \"few@example.net\" }\n"
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

Test(netns_mail_rules, over_its_limit_in_mid_stream_a_sender_goes_on_by_high_risk)
{
	char id[16];

	mailhost_begin(&limits);
	for (int i = 0; i < 8; i++) {
		snprintf(id, sizeof(id), "%d@few", i);
		mailhost_expect(&(struct mail){.from = "<few@example.net>", .id = id},
				i < 5 ? "normal" : "high-risk", i < 5 ? "good" : "over-limit");
	}
	/* Whoever else. */
	mailhost_expect(&(struct mail){.from = "<ann@example.net>", .id = "ann@x"}, "normal",
			"good");
	/* One message to many counts as many. */
	mailhost_expect(&(struct mail){.login = "few@example.net",
				       .from = "<else@example.net>",
				       .id = "login@x"},
			"high-risk", "over-limit");
}

Test(netns_mail_rules, who_has_logged_in_is_counted_whatever_the_envelope_says)
{
	char from[40], id[16];

	mailhost_begin(&limits);
	for (int i = 0; i < 6; i++) {
		snprintf(from, sizeof(from), "<alias-%d@example.net>", i);
		snprintf(id, sizeof(id), "%d@few", i);
		mailhost_expect(&(struct mail){.login = "few@example.net", .from = from, .id = id},
				i < 5 ? "normal" : "high-risk", i < 5 ? "good" : "over-limit");
	}
}

Test(netns_mail_rules, the_restricted_are_refused_and_the_deferred_come_again)
{
	const struct mail harsh = {
		.login = "harsh@example.net", .from = "<harsh@example.net>", .id = "harsh@x"};
	const struct mail later = {.from = "<later@example.net>", .id = "later@x", .copies = 2};
	struct mail many = harsh;

	mailhost_begin(&limits);
	many.copies = 3;
	expect_reply(&many, "550 5.1.8 ");
	expect_reply(&harsh, "550 5.1.8 ");
	expect_reply(&later, "451 4.7.1 ");
	free(postern_must("sender release harsh@example.net"));
	mailhost_expect(&harsh, "normal", "good");
	/* What was refused has gone nowhere. */
	cr_assert_eq(mailhost_queued(), 0);
}

Test(netns_mail_rules, relayed_mail_leaves_by_the_relay_pool_unless_spf_passed_where_we_believe_it)
{
	static const char passed[] =
		"Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=example.com\r\n";

	mailhost_begin(&(struct mailhost_setup){.conf = "authserv_ids = { \"mx.example.net\" }\n"});
	mailhost_expect(&(struct mail){.from = "<ann@example.com>", .id = "relayed@x"}, "relay",
			"relay");
	mailhost_expect(
		&(struct mail){.from = "<ann@example.com>", .id = "passed@x", .headers = passed},
		"normal", "good");
	mailhost_expect(&(struct mail){.from = "<ann@example.com>",
				       .id = "failed@x",
				       .headers = "Authentication-Results: mx.example.net;\r\n"
						  "\tspf=fail smtp.mailfrom=example.com\r\n"},
			"relay", "relay");
	/* Anybody may have written this. */
	mailhost_expect(&(struct mail){.from = "<ann@example.com>",
				       .id = "said@x",
				       .headers = "Authentication-Results: mx.evil.example; "
						  "spf=pass smtp.mailfrom=example.com\r\n"},
			"relay", "relay");
	mailhost_expect(&(struct mail){.from = "<ann@example.net>", .id = "ours@x"}, "normal",
			"good");
}
