/* SPDX-License-Identifier: BSD-2-Clause */
/* Malformed and large mail arrives once, by the right pool, and ends no process. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/mailhost.h"

TestSuite(netns_mail_bytes, .init = world_init, .fini = mailhost_done, .timeout = 180);

#define MEGABYTE (1 << 20)

/* The processes of the start still run. */
static void expect_alive(void)
{
	cr_assert_eq(waitpid(mailhost.agent, NULL, WNOHANG), 0, "the agent has ended");
	cr_assert_eq(waitpid(mailhost.milter, NULL, WNOHANG), 0, "the milter has ended");
}

/* "EXTERNAL_RECIPIENTS ENVELOPE_SENDER", by `explain`. The caller's. */
static char *facts_of(const char *id)
{
	return postern_must("-j explain '<%s>' | jq -rj '.facts | .recipients_external, \" \", "
			    ".envelope_from'",
			    id);
}

static void expect_facts(const char *id, const char *expected)
{
	_cleanup_(free_p) char *facts = facts_of(id);

	cr_assert_str_eq(facts, expected, "<%s>", id);
}

Test(netns_mail_bytes, fifty_megabytes_arrive_whole)
{
	/* Without a scanner, which might mark such mail. */
	mailhost_begin(&(struct mailhost_setup){.no_scanner = true});
	mailhost_expect(&(struct mail){.from = "<ann@example.net>",
				       .id = "big@x",
				       .more_bytes = 50 * MEGABYTE},
			"normal", "good");
	mailhost_expect(&(struct mail){.from = "<ann@nobody.example>",
				       .id = "bad@x",
				       .more_bytes = 50 * MEGABYTE},
			"high-risk", "no-mail-dns");
	{
		_cleanup_letter_ struct letter letter = inbox_await("big@x");

		/* smtp-sink writes LF for CRLF. */
		cr_assert_gt(letter.bytes, 50ull * MEGABYTE / 78 * 77);
	}
	expect_alive();
}

/* All letters of the message: Postfix sends 50 recipients at a time. */
static unsigned count_recipients(const char *id, const char *pool)
{
	_cleanup_inbox_ struct inbox inbox = inbox_read();
	unsigned recipients = 0;

	for (size_t i = 0; i < inbox.count; i++) {
		if (strcmp(inbox.letters[i].id, id) != 0)
			continue;
		mailhost_expect_lane(&inbox.letters[i], pool);
		for (const char *line = inbox.letters[i].envelope;
		     (line = strstr(line, "X-Rcpt-Args: <")); line++)
			recipients++;
	}
	return recipients;
}

static void expect_a_thousand_recipients_to_be_one_decision(void)
{
	smtp_send(&(struct mail){.from = "<ann@example.net>", .id = "thousand@x", .copies = 999});
	smtp_send(&(struct mail){.from = "<few@example.net>", .id = "over@x", .copies = 999});
	cr_assert(wait_for(count_recipients("thousand@x", "normal") == 1000, 20000));
	cr_assert(wait_for(count_recipients("over@x", "high-risk") == 1000, 20000));
	expect_facts("thousand@x", "1000 ann@example.net");
	expect_facts("over@x", "1000 few@example.net");
}

/* About a megabyte of "NAME: xxx…": one header, folded or not, or many headers. */
static char *make_headers(const char *first, const char *line)
{
	size_t used, room = strlen(first) + MEGABYTE + 256;
	char *text = malloc(room);

	cr_assert_not_null(text);
	used = (size_t)sprintf(text, "%s", first);
	while (used < MEGABYTE)
		used += (size_t)sprintf(text + used, "%s", line);
	strcpy(text + used, "\r\n");
	return text;
}

static void expect_headers_of_a_megabyte_to_hide_nothing(void)
{
	_cleanup_(free_p) char *wide = make_headers("X-Wide: ", "xxxxxxxxxxxxxxxx");
	_cleanup_(free_p) char *folded = make_headers("X-Folded: ", "xxxxxxxxxxxxxxxx\r\n\t");
	_cleanup_(free_p) char *many = make_headers("X-First: 1", "\r\nX-Spam-Flag: YES");
	_cleanup_(free_p) char *forged = make_headers("X-Postern-Pool: normal", "\r\n x");

	mailhost_expect(
		&(struct mail){.from = "<ann@example.net>", .id = "wide@x", .headers = wide},
		"normal", "good");
	mailhost_expect(
		&(struct mail){.from = "<ann@example.net>", .id = "folded@x", .headers = folded},
		"normal", "good");
	mailhost_expect(&(struct mail){.from = "<>",
				       .author = "<ann@example.net>",
				       .id = "bounce@x",
				       .headers = folded},
			"high-risk", "bounce");
	/* The scanner's own verdict stands behind all of them, and counts. */
	mailhost_expect(
		&(struct mail){.from = "<ann@example.net>", .id = "many@x", .headers = many},
		"normal", "good");
	mailhost_expect(
		&(struct mail){.from = "<ann@nobody.example>", .id = "forged@x", .headers = forged},
		"high-risk", "no-mail-dns");
	expect_alive();
}

/* Accepted mail arrives once, by the pool; other mail got a rejection. */
static void expect_if_taken(const struct mail *mail, const char *pool)
{
	_cleanup_(free_p) char *reply = smtp_try(mail);

	cr_assert_str_neq(reply, "", "<%s>: the connection ended", mail->id);
	if (*reply == '2') {
		_cleanup_letter_ struct letter letter = inbox_await(mail->id);

		mailhost_expect_lane(&letter, pool);
	}
}

static void expect_bytes_of_every_kind_in_every_field_to_be_taken(void)
{
	char garbage[260], body[270], header[900], from[600];
	size_t used = 0;

	for (int byte = 1; byte < 256; byte++)
		if (byte != '\r' && byte != '\n' && byte != '<' && byte != '>')
			garbage[used++] = (char)byte;
	garbage[used] = '\0';
	snprintf(body, sizeof(body), "%s\r\n", garbage);
	snprintf(header, sizeof(header), "X-Garbage: %s\r\n%.40s: x\r\nContent-Type: %s\r\n",
		 garbage, garbage + 128, garbage);
	snprintf(from, sizeof(from), "<%.60s@nobody.example>", garbage + 128);
	expect_if_taken(&(struct mail){.from = "<ann@nobody.example>",
				       .author = garbage,
				       .id = "garbage@x",
				       .headers = header,
				       .body = body},
			"high-risk");
	expect_if_taken(&(struct mail){.from = from, .id = "from@x"}, "high-risk");
	expect_if_taken(&(struct mail){.from = "<ann@nobody.example>",
				       .to = "<\xff\xfe\"@\xc3\x28>",
				       .id = "to@x"},
			"high-risk");
	expect_if_taken(&(struct mail){.login = "\"+40\xff%s%n",
				       .from = "<ann@nobody.example>",
				       .id = "login@x"},
			"high-risk");
	/* A message without a Message-ID is also judged; Postfix adds one. */
	smtp_send(&(struct mail){.from = "<ann@example.net>", .headers = "Message-ID: \r\n"});
	mailhost_expect(&(struct mail){.from = "<ann@example.net>", .id = "after@x"}, "normal",
			"good");
	expect_alive();
}

static void expect_addresses_of_every_form_to_be_the_mailbox_that_they_mean(void)
{
	mailhost_expect(&(struct mail){.from = "<@a.example,@b.example:ann@nobody.example>",
				       .author = "<ann@example.net>",
				       .id = "routed@x"},
			"high-risk", "no-mail-dns");
	mailhost_expect(&(struct mail){.from = "<\"a b\"@example.net>", .id = "quoted@x"}, "normal",
			"good");
	expect_facts("quoted@x", "1 \"a b\"@example.net");
	mailhost_expect(&(struct mail){.from = "<\"x@example.net\"@nobody.example>", .id = "two@x"},
			"high-risk", "no-mail-dns");
	mailhost_expect(&(struct mail){.from = "<Ann@EXAMPLE.net>", .id = "case@x"}, "normal",
			"good");
	expect_facts("case@x", "1 Ann@example.net");
	/* smtp-sink does not take SMTPUTF8, so only the decision shows. */
	smtp_send(&(struct mail){.from = "<j\xc3\xbcrgen@b\xc3\xbc"
					 "cher.example> SMTPUTF8",
				 .author = "<ann@example.net>",
				 .id = "utf8@x"});
	expect_facts("utf8@x", "1 j\xc3\xbcrgen@xn--bcher-kva.example");
	smtp_send(&(struct mail){.from = "<ann@bu\xcc\x88"
					 "cher.example> SMTPUTF8",
				 .author = "<ann@example.net>",
				 .id = "domain@x"});
	expect_facts("domain@x", "1 ann@xn--bcher-kva.example");
	expect_alive();
}

Test(netns_mail_bytes, malformed_mail_is_judged_and_arrives)
{
	mailhost_begin(&(struct mailhost_setup){
		.conf = "policy \"few\" { senders = { \"few@*\" }  recipients_per_day = 999 }\n",
		/* The headers reach the milters whole. */
		.main = "header_size_limit = 2000000\n"});
	expect_a_thousand_recipients_to_be_one_decision();
	expect_headers_of_a_megabyte_to_hide_nothing();
	expect_addresses_of_every_form_to_be_the_mailbox_that_they_mean();
	expect_bytes_of_every_kind_in_every_field_to_be_taken();
}
