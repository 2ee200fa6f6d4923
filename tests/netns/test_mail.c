/* SPDX-License-Identifier: BSD-2-Clause */
/* Single messages through Postfix, scanner and milter: the pool they leave by, and `explain`. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/mailhost.h"

TestSuite(netns_mail, .init = world_init, .fini = mailhost_done, .timeout = 120);

static void expect_spam_by_high_risk_and_clean_mail_by_normal(void)
{
	mailhost_expect(&(struct mail){.from = "<ann@example.net>", .id = "clean@x"}, "normal",
			"good");
	mailhost_expect(
		&(struct mail){.from = "<ann@example.net>", .id = "spam@x", .body = SPAM_BODY},
		"high-risk", "spam");
	/* The scanner finds it clean, and its own verdict counts. */
	mailhost_expect(&(struct mail){.from = "<ann@example.net>",
				       .id = "marked@x",
				       .headers = "X-Spam-Flag: YES\r\n"},
			"normal", "good");
	mailhost_expect(&(struct mail){.from = "<ann@example.net>", .id = "again@x"}, "normal",
			"good");
}

static void expect_forged_headers_to_decide_nothing_and_to_be_taken_out(void)
{
	static const char *const forged =
		"X-Postern-Pool: normal\r\nX-Postern-Lane: postern-normal\r\n"
		"x-postern-LANE:postern-normal\r\n";

	mailhost_expect(&(struct mail){.from = "<ann@example.net>",
				       .id = "forged-spam@x",
				       .headers = forged,
				       .body = SPAM_BODY},
			"high-risk", "spam");
	mailhost_expect(
		&(struct mail){.from = "<ann@example.net>",
			       .id = "forged-clean@x",
			       .headers = "X-Postern-Lane: postern-high-risk\r\n"
					  "X-Postern-Pool: high-risk\r\nX-Postern-Other: 1\r\n"},
		"normal", "good");
}

/* The letter with this line in its envelope; the caller's. */
static struct letter await_envelope(const char *line)
{
	struct letter found = {0};

	cr_assert(wait_for(({
				   _cleanup_inbox_ struct inbox inbox = inbox_read();

				   for (size_t i = 0; i < inbox.count; i++)
					   if (strstr(inbox.letters[i].envelope, line)) {
						   found = inbox.letters[i];
						   inbox.letters[i].envelope = NULL;
						   inbox.letters[i].text = NULL;
					   }
				   found.text;
			   }),
			   20000),
		  "no letter with %s", line);
	return found;
}

static void expect_bounces_by_high_risk_whoever_made_them(void)
{
	mailhost_expect(&(struct mail){.from = "<>", .author = "<x@example.net>", .id = "null@x"},
			"high-risk", "bounce");
	mailhost_expect(&(struct mail){.from = "<postmaster@example.net>",
				       .id = "report@x",
				       .headers = REPORT_HEADERS,
				       .body = REPORT_BODY},
			"high-risk", "bounce");
	/* The receiver rejects; Postfix makes the bounce itself, without the milter. */
	smtp_send(&(struct mail){
		.from = "<ann@example.net>", .to = "<bob@refuser.example>", .id = "refused@x"});
	{
		_cleanup_letter_ struct letter bounce =
			await_envelope("X-Rcpt-Args: <ann@example.net>");

		cr_assert_not_null(strstr(bounce.envelope, "X-Mail-Args: <>"), "%s",
				   bounce.envelope);
		cr_assert_str_eq(pool_of(bounce.client), "high-risk", "%s", bounce.client);
		cr_assert_not(letter_has(&bounce, "X-Postern-"), "%s", bounce.text);
		/* The copy of the message in the bounce has no header of ours either. */
		cr_assert_null(strstr(bounce.text, "X-Postern-"), "%s", bounce.text);
	}
}

static void expect_relayed_mail_by_relay_unless_spf_passed_where_we_believe_it(void)
{
	static const char passed[] =
		"Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=example.com\r\n";

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
	/* Not a trusted host. */
	mailhost_expect(&(struct mail){.from = "<ann@example.com>",
				       .id = "said@x",
				       .headers = "Authentication-Results: mx.evil.example; "
						  "spf=pass smtp.mailfrom=example.com\r\n"},
			"relay", "relay");
	mailhost_expect(&(struct mail){.from = "<ann@example.net>", .id = "ours@x"}, "normal",
			"good");
}

Test(netns_mail, each_message_leaves_by_the_pool_of_its_reason)
{
	struct capture *capture;

	mailhost_begin(&(struct mailhost_setup){.conf = "authserv_ids = { \"mx.example.net\" }\n"});
	capture = capture_start();
	expect_spam_by_high_risk_and_clean_mail_by_normal();
	expect_forged_headers_to_decide_nothing_and_to_be_taken_out();
	expect_relayed_mail_by_relay_unless_spf_passed_where_we_believe_it();
	expect_bounces_by_high_risk_whoever_made_them();
	expect_pools_only(capture);
}
