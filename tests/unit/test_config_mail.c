/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys for mail: values that load, and errors with their words. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/scanner.h"
#include "config_file.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

TestSuite(config_mail, .init = config_file_setup, .fini = config_file_teardown);

static void expect_mark(const struct config_mail *mail, size_t index, const char *header,
			const char *value)
{
	cr_assert_lt(index, mail->n_spam_marks);
	cr_expect_str_eq(mail->spam_marks[index].header, header);
	cr_expect_str_eq(mail->spam_marks[index].value, value);
}

Test(config_mail, what_is_left_out_has_the_documented_value)
{
	struct config *config = config_file_load(TWO_POOLS);
	const struct config_mail *mail = &config->mail;

	cr_expect_str_eq(mail->milter.path, "/run/postern/milter.sock");
	cr_expect_str_eq(mail->socketmap.path, "/run/postern/socketmap.sock");
	cr_expect_eq(mail->lanes, CONFIG_LANES_POOL);
	cr_expect_eq(mail->on_agent_down, CONFIG_ON_AGENT_DOWN_ACCEPT);
	cr_expect_eq(mail->n_spam_marks, 13); /* of rspamd and SpamAssassin */
	expect_mark(mail, 9, "X-Spam-Flag", "YES");
	cr_expect_str_eq(mail->spam_marks[9].scanner->name, "spamassassin");
	expect_mark(mail, 2, "X-Rspamd-Action", "add header");
	cr_expect_str_eq(mail->spam_marks[2].scanner->name, "rspamd");
	cr_expect_eq(mail->authserv_ids.count, 0);
	cr_expect_eq(mail->resolver.count, 0);
	cr_expect_not(mail->dns_aaaa);
	cr_expect_not(mail->dns_null_mx);
	cr_expect_eq(mail->dns_timeout_ms, 5000);
	config_free(config);
}

Test(config_mail, every_key_is_read)
{
	struct config *config = config_file_load(
		TWO_POOLS "milter = \"unix:/var/spool/postfix/postern/milter.sock\"\n"
			  "socketmap = \"unix:/var/spool/postfix/postern/socketmap.sock\"\n"
			  "on_agent_down = \"defer\"\n"
			  "spam_marks = { \"X-Junk:yes\", \"X-Verdict: \t very bad  \" }\n"
			  "authserv_ids = { \"mx.example.net\", \"mx2.example.net\" }\n"
			  "resolver = { \"127.0.0.1@5353\", \"2001:db8::53\" }\n"
			  "mail_dns_aaaa = true\n"
			  "mail_dns_null_mx = true\n"
			  "dns_timeout_ms = 100\n");
	const struct config_mail *mail = &config->mail;

	cr_expect_str_eq(mail->milter.path, "/var/spool/postfix/postern/milter.sock");
	cr_expect_str_eq(mail->socketmap.path, "/var/spool/postfix/postern/socketmap.sock");
	cr_expect_eq(mail->on_agent_down, CONFIG_ON_AGENT_DOWN_DEFER);
	cr_expect_eq(mail->n_spam_marks, 2);
	expect_mark(mail, 0, "X-Junk", "yes");
	expect_mark(mail, 1, "X-Verdict", "very bad");
	cr_assert_eq(mail->authserv_ids.count, 2);
	cr_expect_str_eq(mail->authserv_ids.texts[1], "mx2.example.net");
	cr_assert_eq(mail->resolver.count, 2);
	cr_expect_str_eq(mail->resolver.texts[0], "127.0.0.1@5353");
	cr_expect_str_eq(mail->resolver.texts[1], "2001:db8::53");
	cr_expect(mail->dns_aaaa);
	cr_expect(mail->dns_null_mx);
	cr_expect_eq(mail->dns_timeout_ms, 100);
	config_free(config);
}

Test(config_mail, a_socket_left_out_is_in_runtime_dir_wherever_that_stands)
{
	struct config *config = config_file_load(TWO_POOLS "runtime_dir = \"/run/other\"\n");

	cr_expect_str_eq(config->mail.milter.path, "/run/other/milter.sock");
	cr_expect_str_eq(config->mail.socketmap.path, "/run/other/socketmap.sock");
	config_free(config);
}

Test(config_mail, a_socket_may_be_tcp_on_loopback)
{
	char text[ENDPOINT_TEXT_SIZE];
	struct config *config =
		config_file_load(TWO_POOLS "milter_inet = on milter = \"inet:127.8.0.1:8894\"\n");

	cr_expect_null(config->mail.milter.path);
	cr_expect_str_eq(
		endpoint_format(&config->mail.milter.address, config->mail.milter.port, text),
		"127.8.0.1:8894");
	config_free(config);
	config = config_file_load(TWO_POOLS "milter = \"inet:[::1]:65535\"\nmilter_inet = on");
	cr_expect_null(config->mail.milter.path);
	cr_expect_str_eq(
		endpoint_format(&config->mail.milter.address, config->mail.milter.port, text),
		"[::1]:65535");
	config_free(config);
}

Test(config_mail, scanners_stand_beside_headers)
{
	struct config *config = config_file_load(
		TWO_POOLS "spam_marks = { \"X-Junk: yes\", \"SpamProbe\", \"X-Verdict: bad\" }\n");
	const struct config_mail *mail = &config->mail;

	cr_assert_eq(mail->n_spam_marks, 4);
	cr_expect_null(mail->spam_marks[0].scanner);
	expect_mark(mail, 1, "X-SpamProbe", "SPAM");
	cr_expect_str_eq(mail->spam_marks[1].scanner->name, "spamprobe");
	cr_expect_not(mail->spam_marks[1].clean);
	cr_expect(mail->spam_marks[2].clean);
	expect_mark(mail, 3, "X-Verdict", "bad");
	config_free(config);
}

Test(config_mail, marks_may_be_none)
{
	struct config *config = config_file_load(TWO_POOLS "spam_marks = { }\n");

	cr_expect_eq(config->mail.n_spam_marks, 0);
	config_free(config);
}

#define TEXT_54 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A_SOCKET                                                                                   \
	", expected unix:PATH, which begins with '/' and has at most 107 characters, or "          \
	"inet:127.0.0.1:PORT or inet:[::1]:PORT"
#define A_MARK                                                                                     \
	" in 'spam_marks', expected a scanner like 'rspamd', or a header and how its value "       \
	"begins, like 'X-Spam-Flag: YES', of at most 255 characters"
#define A_HOST                                                                                     \
	" in 'authserv_ids', expected the name that a host gives itself, like 'mx.example.net'"
#define A_RESOLVER " in 'resolver', expected an address like '127.0.0.1' or '127.0.0.1@5353'"

static const struct {
	const char *text;
	const char *error;
} refusals[] = {
	{"milter = \"/run/milter.sock\"", ":3: found milter '/run/milter.sock'" A_SOCKET},
	{"milter = \"unix:run/milter.sock\"", ":3: found milter 'unix:run/milter.sock'" A_SOCKET},
	{"milter = \"unix:/" TEXT_54 TEXT_54 "\"",
	 ":3: found milter 'unix:/" TEXT_54 TEXT_54 "'" A_SOCKET},
	{"milter = \"unix:/run/a\"\nsocketmap = \"unix:/run/a\"",
	 ":4: found socketmap 'unix:/run/a', expected a socket that milter does not use"},
	{"milter = \"inet:127.0.0.1:8894\"",
	 ":3: found milter 'inet:127.0.0.1:8894', expected unix:PATH: any user of this host can "
	 "connect to a TCP socket and name any login (milter_inet = true allows it)"},
	{"milter = \"inet:127.0.0.1:8894\"  milter_inet = on\nsocketmap = \"inet:127.0.0.1:8894\"",
	 ":4: found socketmap 'inet:127.0.0.1:8894', expected a socket that milter does not use"},
	{"milter = \"unix:/run/postern/socketmap.sock\"",
	 ":3: found milter 'unix:/run/postern/socketmap.sock', expected a socket that socketmap "
	 "does not use"},
	{"milter = \"unix:/run/a/api.sock\"\nruntime_dir = \"/run/a\"",
	 ":3: found milter 'unix:/run/a/api.sock', expected a socket that the API does not use"},
	{"socketmap = \"unix:/run/postern/api.sock\"",
	 ":3: found socketmap 'unix:/run/postern/api.sock', expected a socket that the API does "
	 "not use"},
	{"milter = \"inet:192.0.2.1:8894\"", ":3: found milter 'inet:192.0.2.1:8894'" A_SOCKET},
	{"milter = \"inet:[2001:db8::1]:8894\"",
	 ":3: found milter 'inet:[2001:db8::1]:8894'" A_SOCKET},
	{"milter = \"inet:localhost:8894\"", ":3: found milter 'inet:localhost:8894'" A_SOCKET},
	{"milter = \"inet:8894@127.0.0.1\"", ":3: found milter 'inet:8894@127.0.0.1'" A_SOCKET},
	{"milter = \"inet:127.0.0.1\"", ":3: found milter 'inet:127.0.0.1'" A_SOCKET},
	{"milter = \"inet:127.0.0.1:0\"", ":3: found milter 'inet:127.0.0.1:0'" A_SOCKET},
	{"on_agent_down = \"reject\"",
	 ":3: found on_agent_down 'reject', expected 'accept' or 'defer'"},
	{"spam_marks = {\n\"X-Spam-Flag: YES\",\n\"X-Spam-Flag\" }",
	 ":5: found 'X-Spam-Flag'" A_MARK},
	{"spam_marks = { \"rspamd2\" }", ":3: found 'rspamd2'" A_MARK},
	{"spam_marks = { \"X-Spam-Flag: \" }", ":3: found 'X-Spam-Flag: '" A_MARK},
	{"spam_marks = { \": YES\" }", ":3: found ': YES'" A_MARK},
	{"spam_marks = { \"X Spam: YES\" }", ":3: found 'X Spam: YES'" A_MARK},
	{"authserv_ids = { \"mx.example.net; x\" }", ":3: found 'mx.example.net; x'" A_HOST},
	{"authserv_ids = { \"mx example\" }", ":3: found 'mx example'" A_HOST},
	{"resolver = { \"localhost\" }", ":3: found 'localhost'" A_RESOLVER},
	{"resolver = { \"127.0.0.1:53\" }", ":3: found '127.0.0.1:53'" A_RESOLVER},
	{"resolver = { \"127.0.0.1@\" }", ":3: found '127.0.0.1@'" A_RESOLVER},
	{"resolver = { \"127.0.0.1@65536\" }", ":3: found '127.0.0.1@65536'" A_RESOLVER},
	{"resolver = { \"127.0.0.1@ 53\" }", ":3: found '127.0.0.1@ 53'" A_RESOLVER},
	{"mail_dns_aaaa = 1", ":3: found mail_dns_aaaa '1', expected 'true' or 'false'"},
	{"mail_dns_null_mx = maybe",
	 ":3: found mail_dns_null_mx 'maybe', expected 'true' or 'false'"},
	{"dns_timeout_ms = 99",
	 ":3: found dns_timeout_ms '99', expected a number from 100 to 60000"},
	{"dns_timeout_ms = 60001",
	 ":3: found dns_timeout_ms '60001', expected a number from 100 to 60000"},
};

Test(config_mail, what_is_wrong_is_refused_with_line_and_words)
{
	for (size_t i = 0; i < COUNT(refusals); i++) {
		char text[1024];

		snprintf(text, sizeof(text), TWO_POOLS "%s", refusals[i].text);
		cr_expect_str_eq(config_file_refusal(text), refusals[i].error,
				 "%s\n  gives    %s\n  expected %s", refusals[i].text,
				 config_file_refusal(text), refusals[i].error);
	}
}
