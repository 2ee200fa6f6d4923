/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings in whole messages: bounces of common mail servers, replies, spam, clean mail. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "fuzz/mail_feed.h"
#include "mail/message.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

TestSuite(mail_message);

static struct config_mark marks[] = {
	{.header = "X-Spam-Flag", .value = "YES"},
	{.header = "X-Spam-Status", .value = "Yes"},
	{.header = "X-Rspamd-Action", .value = "add header"},
};
static char *ids[] = {"mx.example.net", "scan.example.net"};
static const struct config_mail config = {
	.spam_marks = marks,
	.n_spam_marks = COUNT(marks),
	.authserv_ids = {ids, COUNT(ids)},
};

/* The fuzzer uses the same files. */
static const struct sample {
	const char *name;
	const char *told;
} samples[] = {
	{"bounce-postfix",
	 "id=4TbXq21ABCz9rxl@mx.example.org from=MAILER-DAEMON@mx.example.org bounce automatic "
	 "unknown=nobody@example.com original=letter-42@example.net"},
	{"bounce-postfix-delayed",
	 "id=delayed-1@mx.example.org from=MAILER-DAEMON@mx.example.org bounce automatic "
	 "no-failure original=folded-id@example.net"},
	{"bounce-exim",
	 "id=E1oAbCe-0002Yz-3A@relay.example.org from=Mailer-Daemon@relay.example.org bounce "
	 "automatic unknown=gone@example.com "
	 "original=1oAbCd-0001Xy-2Z@example.net"},
	{"bounce-exim-text",
	 "id=E1oAbCe-0002Yz-3B@relay.example.org from=Mailer-Daemon@relay.example.org bounce "
	 "automatic original=copied@example.net"},
	{"bounce-opensmtpd",
	 "id=7d1e88@openbsd.example.org from=MAILER-DAEMON@openbsd.example.org bounce "
	 "unknown=missing@example.com original=order-7@example.net"},
	{"bounce-exchange",
	 "id=c3e1d2f0-aaaa-bbbb-cccc-0123456789ab@contoso.example from=postmaster@contoso.example "
	 "bounce unknown=Carol.Gone@contoso.example "
	 "original=greeting@example.net"},
	{"bounce-sendmail",
	 "id=202611120914.4AC9E2xx012345@old.example.org from=MAILER-DAEMON bounce "
	 "unknown=Nobody@example.com original=nightly.1@example.net"},
	{"bounce-smtputf8", "id=8@mx.example.org from=postmaster@mx.example.org bounce automatic "
			    "unknown=niemand@xn--bcher-kva.example "
			    "original=grüße@bücher.example"},
	{"bounce-qmail", "from=MAILER-DAEMON@q.example.org bounce original=copied@example.net"},
	{"reply-vacation", "id=vac-1@example.net from=carol@example.net automatic"},
	{"reply-receipt", "id=mdn-1@example.net from=carol@example.net automatic"},
	{"notification-shop", "id=order-8@example.net from=shop@example.net"},
	{"report-dmarc", "id=dmarc-1@example.net from=postmaster@example.net"},
	{"forwarded-bounce", "id=fwd-1@example.net from=bob@example.net"},
	{"spam-rspamd",
	 "id=win.1@example.com from=win@example.com mark=X-Rspamd-Action spam spf=fail dkim=none"},
	{"spam-spamassassin", "id=win.2@example.com from=win@example.com mark=X-Spam-Flag spam"},
	{"clean", "id=hello-1@example.com from=Bob@example.com spf=pass dkim=pass"},
};

/* The samples with Authentication-Results name their envelope sender. */
static const char *sender_of(const struct sample *sample)
{
	if (strcmp(sample->name, "spam-rspamd") == 0)
		return "win@example.com";
	return strcmp(sample->name, "clean") == 0 ? "bob@example.com" : "bob@example.net";
}

static uint8_t *read_sample(const char *name, size_t *ret_size)
{
	_cleanup_(fclose_p) FILE *in = NULL;
	uint8_t *bytes = malloc(MESSAGE_BODY_MAX_BYTES);
	char file[128];

	snprintf(file, sizeof(file), "tests/fuzz/corpus/message/%s", name);
	in = fopen(file, "re");
	cr_assert(in && bytes, "cannot read '%s'", file);
	*ret_size = fread(bytes, 1, MESSAGE_BODY_MAX_BYTES, in);
	return bytes;
}

static void tell(const uint8_t *bytes, size_t size, unsigned seed, const char *envelope_from,
		 char told[MAIL_TOLD_SIZE])
{
	struct message *message = mail_feed(&config, bytes, size, seed);

	mail_tell(message, envelope_from, told);
	message_free(message);
}

Test(mail_message, the_findings_of_each_sample_are_right)
{
	for (size_t i = 0; i < COUNT(samples); i++) {
		_cleanup_(free_p) uint8_t *bytes = NULL;
		char told[MAIL_TOLD_SIZE];
		size_t size;

		bytes = read_sample(samples[i].name, &size);
		tell(bytes, size, 0, sender_of(&samples[i]), told);
		cr_expect_str_eq(told, samples[i].told, "%s:\n%s\n%s", samples[i].name, told,
				 samples[i].told);
	}
}

Test(mail_message, the_findings_do_not_depend_on_the_cuts_in_the_body)
{
	for (size_t i = 0; i < COUNT(samples); i++) {
		_cleanup_(free_p) uint8_t *bytes = NULL;
		char told[MAIL_TOLD_SIZE];
		size_t size;

		bytes = read_sample(samples[i].name, &size);
		for (unsigned seed = 1; seed <= 200; seed++) {
			tell(bytes, size, seed, sender_of(&samples[i]), told);
			cr_assert_str_eq(told, samples[i].told, "%s, seed %u:\n%s", samples[i].name,
					 seed, told);
		}
	}
}

Test(mail_message, lines_may_end_with_carriage_returns)
{
	for (size_t i = 0; i < COUNT(samples); i++) {
		_cleanup_(free_p) uint8_t *bytes = NULL;
		_cleanup_(free_p) uint8_t *crlf = NULL;
		char told[MAIL_TOLD_SIZE];
		size_t size, length = 0;

		bytes = read_sample(samples[i].name, &size);
		crlf = malloc(2 * size);
		for (size_t b = 0; b < size; b++) {
			if (bytes[b] == '\n')
				crlf[length++] = '\r';
			crlf[length++] = bytes[b];
		}
		tell(crlf, length, 7, sender_of(&samples[i]), told);
		cr_assert_str_eq(told, samples[i].told, "%s:\n%s", samples[i].name, told);
	}
}

static bool has_word(const char *text, const char *word)
{
	const char *found = strstr(text, word);
	size_t length = strlen(word);

	return found && (found == text || found[-1] == ' ') &&
	       (found[length] == ' ' || found[length] == '\0');
}

/* A truncated body has no findings that the whole one lacks. */
Test(mail_message, a_truncated_body_has_fewer_findings_not_others)
{
	_cleanup_(free_p) uint8_t *bytes = NULL;
	char whole[MAIL_TOLD_SIZE], told[MAIL_TOLD_SIZE];
	size_t size, headers;

	bytes = read_sample("bounce-postfix", &size);
	tell(bytes, size, 0, "a@b", whole);
	headers = (size_t)((uint8_t *)memmem(bytes, size, "\n\n", 2) - bytes);
	for (size_t cut = headers; cut < size; cut++) {
		char *word, *rest = told;

		tell(bytes, cut, 3, "a@b", told);
		while ((word = strsep(&rest, " ")))
			cr_assert(!*word || has_word(whole, word), "cut at %zu: %s", cut, word);
	}
}

Test(mail_message, the_null_sender_makes_a_bounce_of_anything)
{
	_cleanup_(free_p) uint8_t *bytes = NULL;
	char told[MAIL_TOLD_SIZE];
	size_t size;

	bytes = read_sample("notification-shop", &size);
	tell(bytes, size, 0, "", told);
	cr_assert_str_eq(told, "id=order-8@example.net from=shop@example.net bounce");
	tell(bytes, size, 0, NULL, told);
	cr_assert_str_eq(told, "id=order-8@example.net from=shop@example.net");
}

static void tell_text(const char *text, char told[MAIL_TOLD_SIZE])
{
	tell((const uint8_t *)text, strlen(text), 0, "a@b", told);
}

Test(mail_message, the_topmost_of_repeated_headers_counts)
{
	static const char bounce[] =
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n"
		"Content-Type: text/plain\nTo: a@b\nTo: c@d\n\n--b\n"
		"Content-Type: message/rfc822\n\nMessage-ID: <1@a>\nMessage-ID: <2@a>\n\n"
		"--b\nContent-Type: message/rfc822\n\nMessage-ID: <3@a>\n\n--b--\n";
	char told[MAIL_TOLD_SIZE];

	tell_text(bounce, told);
	cr_assert_str_eq(told, "bounce original=1@a");

	tell_text("From: ,\nFrom: a@b\nFrom: c@d\nMessage-ID: <1@a>\nMessage-ID: <2@a>\n", told);
	cr_assert_str_eq(told, "id=1@a from=a@b");
}

Test(mail_message, garbage_becomes_text_and_a_long_id_is_dropped)
{
	char told[MAIL_TOLD_SIZE], text[2100];

	tell_text("Message-ID: <\xff\x01 a@b>\nFrom: \xc0\x80@b\n", told);
	cr_assert_str_eq(told, "id=?? a@b from=??@b");
	memset(text, 'a', sizeof(text));
	memcpy(text, "Message-ID: <", 13);
	strcpy(text + 13 + MESSAGE_ID_MAX_BYTES, ">\n");
	tell_text(text, told);
	cr_assert_eq(strlen(told), 3 + MESSAGE_ID_MAX_BYTES);
	memset(text + 13, 'a', MESSAGE_ID_MAX_BYTES + 1);
	strcpy(text + 14 + MESSAGE_ID_MAX_BYTES, ">\n");
	tell_text(text, told);
	cr_assert_str_eq(told, "");
}

Test(mail_message, the_body_is_read_only_where_useful_and_up_to_the_limit)
{
	static const unsigned char line[] = "x\n";
	struct message *message;
	size_t lines = 0;

	cr_assert_eq(message_new(&config, &message), 0);
	cr_assert(!message_wants_body(message));
	message_header(message, "Content-Type", "text/plain; boundary=a");
	cr_assert(!message_wants_body(message));
	message_free(message);

	cr_assert_eq(message_new(&config, &message), 0);
	message_header(message, "Content-Type", "multipart/report; boundary=a");
	cr_assert(message_wants_body(message));
	while (message_body(message, line, 2))
		lines++;
	cr_assert_eq(2 * (lines + 1), MESSAGE_BODY_MAX_BYTES);
	cr_assert(!message_body(message, line, 2));
	message_free(message);
}

Test(mail_message, nothing_after_the_limit_is_found)
{
	size_t size = MESSAGE_BODY_MAX_BYTES + 4096;
	_cleanup_(free_p) char *text = malloc(size);
	static const char head[] = "Content-Type: multipart/report; boundary=a\n\n";
	static const char part[] = "\n--a\nContent-Type: message/delivery-status\n\n";
	char told[MAIL_TOLD_SIZE];

	for (int beyond = 0; beyond <= 1; beyond++) {
		size_t fill = MESSAGE_BODY_MAX_BYTES - (sizeof(part) - 1) + (size_t)beyond;

		memcpy(text, head, sizeof(head));
		memset(text + sizeof(head) - 1, 'x', fill);
		strcpy(text + sizeof(head) - 1 + fill, part);
		tell((uint8_t *)text, strlen(text), 5, "a@b", told);
		cr_assert_str_eq(told, beyond ? "" : "bounce");
	}
}

Test(mail_message, the_time_for_a_header_is_linear_in_its_length, .timeout = 20)
{
	static const char *const names[] = {"From",	   "To",
					    "Message-ID",  "Authentication-Results",
					    "X-Spam-Flag", "Content-Type"};
	static const char fills[] = "(\"<,;:\\@.= \nax\xff";
	_cleanup_(free_p) char *value = malloc((1 << 20) + 1);
	struct message *message;

	cr_assert_eq(message_new(&config, &message), 0);
	value[1 << 20] = '\0';
	for (size_t i = 0; i < COUNT(names); i++) {
		for (const char *fill = fills; *fill; fill++) {
			memset(value, *fill, 1 << 20);
			message_header(message, names[i], value);
			memcpy(value, "mx.example.net;", 15);
			message_header(message, names[i], value);
		}
	}
	message_free(message);
}
