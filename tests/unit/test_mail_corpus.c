/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kind of each message in tests/corpus/: one message of each form of the mail servers, list
 * managers and mail filters that it is named after, with the envelope sender that they use.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "fuzz/mail_feed.h"
#include "mail/message.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

TestSuite(mail_corpus);

static const struct config_mail config;

/* `kind`: the findings, without id and From. */
struct sample {
	char name[32];
	char envelope_from[96];
	char kind[192];
};

static struct sample samples[] = {
	{"courier-bounce", "", "bounce unknown=reject6@example.net original=orig-1@example.com"},
	{"courier-delay", "", "bounce no-failure original=orig-1@example.com"},
	{"courier-double-bounce", "#@[]",
	 "bounce unknown=reject-alice@example.com "
	 "original=courier.000000006B0DD7FC.00006D0B@mail.example.com"},
	{"dma-bounce", "", "bounce"},
	{"dovecot-notify", "postmaster@example.com", "automatic"},
	{"dovecot-redirect", "alice@example.org", ""},
	{"dovecot-reject-mdn", "", "bounce automatic no-failure"},
	{"dovecot-report-arf", "", "bounce no-failure"},
	{"dovecot-vacation", "", "bounce automatic no-failure"},
	{"exim-bounce", "",
	 "bounce automatic unknown=reject4@example.net original=orig-1@example.com"},
	{"exim-delay", "", "bounce automatic no-failure original=orig-1@example.com"},
	{"formail-reply", "root@localhost", ""},
	{"haraka-bounce", "",
	 "bounce automatic unknown=reject7@example.net original=orig-1@example.com"},
	{"mailbot-reply", "", "bounce automatic no-failure"},
	{"mailman-command-answer", "test-bounces@lists.example.com", ""},
	{"mailman-confirmation", "test-bounces@lists.example.com", ""},
	{"mailman-digest", "test-bounces@lists.example.com", ""},
	{"mailman-held-notice", "test-bounces@lists.example.com", ""},
	{"mailman-owner-notice", "test-bounces@lists.example.com", ""},
	{"mailman-post", "test-bounces@lists.example.com", ""},
	{"mailman-probe", "test-bounces+68847a141b3e8cada7fbfd40f745f2c859875ca2@lists.example.com",
	 ""},
	{"mailman-welcome", "test-bounces@lists.example.com", ""},
	{"mlmmj-confirmation",
	 "l+bounces-confsub-746f49d924e687bb-dave=example.net@lists.example.com", ""},
	{"mlmmj-post", "l+bounces-1-bob=example.net@lists.example.com", ""},
	{"mlmmj-probe", "l+bounces-probe-bob=example.net@lists.example.com", ""},
	{"nullmailer-bounce", "", "bounce unknown=reject1@example.net original=orig-1@example.com"},
	{"opensmtpd-bounce", "", "bounce original=orig-1@example.com"},
	{"opensmtpd-delay", "", "bounce no-failure original=orig-1@example.com"},
	{"postfix-bounce", "",
	 "bounce automatic unknown=reject8@example.net original=orig-1@example.com"},
	{"postfix-delay", "", "bounce automatic no-failure original=orig-1@example.com"},
	{"postfix-postmaster-copy", "double-bounce@mail.example.net",
	 "bounce unknown=reject8@example.net original=orig-1@example.com"},
	{"postfix-postmaster-delay", "double-bounce@mail.example.net",
	 "bounce no-failure original=orig-1@example.com"},
	{"postfix-verify-report", "",
	 "bounce automatic no-failure original=20261130201217.05FE9ACC7E4@mail.example.net"},
	{"sendmail-bounce", "", "bounce unknown=reject5@example.net original=orig-1@example.com"},
	{"sendmail-delay", "", "bounce no-failure original=orig-1@example.com"},
	{"zonemta-bounce", "",
	 "bounce automatic unknown=bob@example.net original=orig-1@example.com"},
	{"zonemta-delay", "", "bounce automatic no-failure original=orig-1@example.com"},
};

static void read_kind(const struct sample *sample, char told[MAIL_TOLD_SIZE])
{
	_cleanup_(fclose_p) FILE *in = NULL;
	uint8_t bytes[8192];
	struct message *message;
	char file[128];
	size_t size;

	snprintf(file, sizeof(file), "tests/corpus/%s.eml", sample->name);
	in = fopen(file, "re");
	cr_assert(in, "cannot read '%s'", file);
	size = fread(bytes, 1, sizeof(bytes), in);
	message = mail_feed(&config, bytes, size, 7);
	mail_tell(message, sample->envelope_from, told);
	message_free(message);
}

/* Without the findings that are not of its kind. */
static const char *kind_of(const char *told)
{
	while (strncmp(told, "id=", 3) == 0 || strncmp(told, "from=", 5) == 0) {
		const char *blank = strchr(told, ' ');

		told = blank ? blank + 1 : "";
	}
	return told;
}

ParameterizedTestParameters(mail_corpus, each_server_s_message_is_of_its_kind)
{
	return cr_make_param_array(struct sample, samples, COUNT(samples));
}

ParameterizedTest(struct sample *sample, mail_corpus, each_server_s_message_is_of_its_kind)
{
	char told[MAIL_TOLD_SIZE];

	read_kind(sample, told);
	cr_expect_str_eq(kind_of(told), sample->kind, "%s: %s", sample->name, told);
}
