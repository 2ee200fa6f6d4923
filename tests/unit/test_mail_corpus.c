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
	{"domino-bounce", "", "bounce unknown=gone@example.org original=orig-1@example.com"},
	{"dovecot-notify", "postmaster@example.com", "automatic"},
	{"dovecot-redirect", "alice@example.org", ""},
	{"dovecot-reject-mdn", "", "bounce automatic no-failure"},
	{"dovecot-report-arf", "", "bounce no-failure"},
	{"dovecot-vacation", "", "bounce automatic no-failure"},
	{"exchange-2003-bounce", "", "bounce unknown=gone@example.org"},
	{"exchange-bounce", "",
	 "bounce automatic unknown=gone@example.org original=orig-1@example.com"},
	{"exim-bounce", "",
	 "bounce automatic unknown=reject4@example.net original=orig-1@example.com"},
	{"exim-delay", "", "bounce automatic no-failure original=orig-1@example.com"},
	{"formail-reply", "root@localhost", ""},
	{"gmx-bounce", "", "bounce unknown=gone@example.org original=orig-1@example.com"},
	{"google-bounce", "",
	 "bounce automatic unknown=gone@example.org original=orig-1@example.com"},
	{"haraka-bounce", "",
	 "bounce automatic unknown=reject7@example.net original=orig-1@example.com"},
	{"imail-bounce", "", "bounce unknown=gone@example.org original=orig-1@example.com"},
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
	{"mimecast-bounce", "", "bounce unknown=gone@example.org"},
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
	{"postmaster-forward", "postmaster@example.com", ""},
	{"postfix-verify-report", "",
	 "bounce automatic no-failure original=20261130201217.05FE9ACC7E4@mail.example.net"},
	{"qmail-bounce", "", "bounce unknown=gone@example.org original=orig-1@example.com"},
	{"qmail-double-bounce", "#@[]", "bounce unknown=alice@example.com"},
	{"sendmail-bounce", "", "bounce unknown=reject5@example.net original=orig-1@example.com"},
	{"sendmail-delay", "", "bounce no-failure original=orig-1@example.com"},
	{"webshield-bounce", "", "bounce unknown=gone@example.org original=orig-1@example.com"},
	{"yahoo-bounce", "", "bounce unknown=gone@example.org original=orig-1@example.com"},
	{"zoho-bounce", "", "bounce unknown=gone@example.org original=orig-1@example.com"},
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

/* Rows of the table in postern(8), in its order. */
static const struct {
	const char *row;
	const char *samples[2]; /* envelope senders as in the row */
} servers[] = {
	{".It Courier Ta <>, #@[] Ta report\n", {"courier-bounce", "courier-double-bounce"}},
	{".It Domino Ta <> Ta report\n", {"domino-bounce"}},
	{".It DragonFly Ta <> Ta From, Subject\n", {"dma-bounce"}},
	{".It Exchange Ta <> Ta report\n", {"exchange-bounce"}},
	{".It Exchange 2003 Ta <> Ta From, Subject\n", {"exchange-2003-bounce"}},
	{".It Exim Ta <> Ta report\n", {"exim-bounce"}},
	{".It GMX Ta <> Ta From, Subject\n", {"gmx-bounce"}},
	{".It Google Ta <> Ta report\n", {"google-bounce"}},
	{".It Haraka Ta <> Ta report\n", {"haraka-bounce"}},
	{".It IMail Ta <> Ta From, Subject\n", {"imail-bounce"}},
	{".It Mimecast Ta <> Ta From, Subject\n", {"mimecast-bounce"}},
	{".It nullmailer Ta <> Ta report\n", {"nullmailer-bounce"}},
	{".It OpenSMTPD Ta <> Ta From, Subject\n", {"opensmtpd-bounce"}},
	{".It Postfix Ta <>, double-bounce Ta report\n",
	 {"postfix-bounce", "postfix-postmaster-copy"}},
	{".It qmail Ta <>, #@[] Ta From, Subject\n", {"qmail-bounce", "qmail-double-bounce"}},
	{".It sendmail Ta <> Ta report\n", {"sendmail-bounce"}},
	{".It WebShield Ta <> Ta From, Subject\n", {"webshield-bounce"}},
	{".It Yahoo Ta <> Ta From, Subject\n", {"yahoo-bounce"}},
	{".It Zoho Ta <> Ta From, Subject\n", {"zoho-bounce"}},
	{".It ZoneMTA Ta <> Ta report\n", {"zonemta-bounce"}},
};

static const struct sample *find_sample(const char *name)
{
	for (size_t i = 0; i < COUNT(samples); i++)
		if (strcmp(samples[i].name, name) == 0)
			return &samples[i];
	cr_assert_fail("no sample '%s'", name);
	return NULL;
}

/* "report" in the row: a multipart/report of its type, and none in the others. */
static bool is_report(const char *name)
{
	_cleanup_(fclose_p) FILE *in = NULL;
	char file[128], text[8192], *end;

	snprintf(file, sizeof(file), "tests/corpus/%s.eml", name);
	in = fopen(file, "re");
	cr_assert(in, "cannot read '%s'", file);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	end = strstr(text, "\n\n");
	cr_assert_not_null(end, "%s", file);
	*end = '\0';
	return strcasestr(text, "report-type=delivery-status") != NULL;
}

static const char *first_word(const char *envelope_from)
{
	if (!*envelope_from)
		return "<>";
	return *envelope_from == '#' ? envelope_from : "double-bounce";
}

static void expect_known_by_content(const char *row, const char *name)
{
	struct sample sample = *find_sample(name);
	char told[MAIL_TOLD_SIZE];

	cr_expect(strstr(row, first_word(sample.envelope_from)), "%s: %s", row, name);
	strcpy(sample.envelope_from, "bob@example.com");
	read_kind(&sample, told);
	cr_expect(strstr(told, "bounce"), "%s: %s", name, told);
	cr_expect_eq(strstr(row, "Ta report\n") != NULL, is_report(name), "%s: %s", row, name);
}

Test(mail_corpus, postern_8_says_how_the_bounces_of_each_server_are_known)
{
	_cleanup_(fclose_p) FILE *in = fopen("tools/man/postern.8", "re");
	static char text[131072];
	const char *at;

	cr_assert_not_null(in);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	at = strstr(text, ".It Sy server Ta Sy envelope sender Ta Sy content\n");
	cr_assert_not_null(at);
	for (size_t i = 0; i < COUNT(servers); i++) {
		at = strchr(at, '\n') + 1;
		cr_expect(strncmp(at, servers[i].row, strlen(servers[i].row)) == 0, "%s",
			  servers[i].row);
		for (size_t s = 0; s < COUNT(servers[i].samples) && servers[i].samples[s]; s++)
			expect_known_by_content(servers[i].row, servers[i].samples[s]);
	}
	cr_expect(strncmp(strchr(at, '\n') + 1, ".El\n", 4) == 0, "the table has more rows");
}
