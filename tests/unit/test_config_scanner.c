/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdicts of named scanners: samples in tests/corpus/scan-SCANNER-VERDICT.eml. */
#include "config/scanner.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "config_file.h"
#include "fuzz/mail_feed.h"
#include "mail/message.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

TestSuite(config_scanner, .init = config_file_setup, .fini = config_file_teardown);

static struct config *load(const char *scanners)
{
	char text[512];

	snprintf(text, sizeof(text), TWO_POOLS "spam_marks = { %s }\n", scanners);
	return config_file_load(text);
}

static bool is_spam(const struct config *config, const char *text)
{
	struct message_findings findings;
	struct message *message = mail_feed(&config->mail, (const uint8_t *)text, strlen(text), 0);

	message_findings(message, "a@b", &findings);
	message_free(message);
	return findings.spam;
}

static void read_sample(const char *file, char ret_text[4096])
{
	_cleanup_(fclose_p) FILE *in = fopen(file, "re");

	cr_assert_not_null(in, "%s", file);
	ret_text[fread(ret_text, 1, 4095, in)] = '\0';
}

/* "tests/corpus/scan-rspamd-clean.eml" */
static void split(const char *file, char ret_scanner[32], char ret_verdict[32])
{
	cr_assert_eq(sscanf(strrchr(file, '/'), "/scan-%31[^-]-%31[^.]", ret_scanner, ret_verdict),
		     2, "%s", file);
}

Test(config_scanner, each_scanner_s_own_headers_are_understood)
{
	glob_t files;

	cr_assert_eq(glob("tests/corpus/scan-*.eml", 0, NULL, &files), 0);
	cr_assert_geq(files.gl_pathc, 20);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		char text[4096], scanner[32], verdict[32], name[40];
		struct config *config;
		bool spam;

		split(files.gl_pathv[i], scanner, verdict);
		snprintf(name, sizeof(name), "\"%s\"", scanner);
		config = load(name);
		read_sample(files.gl_pathv[i], text);
		spam = strcmp(verdict, "spam") == 0 || strcmp(verdict, "infected") == 0;
		cr_expect_eq(is_spam(config, text), spam, "%s", files.gl_pathv[i]);
		config_free(config);
	}
	globfree(&files);
}

Test(config_scanner, a_verdict_from_elsewhere_does_not_count_beside_the_scanner_s_own)
{
	static const struct {
		const char *scanners, *headers;
		bool spam;
	} cases[] = {
		/* The last verdict, of a scanner that writes below. */
		{"\"spamassassin\"", "X-Spam-Flag: YES\nX-Spam-Status: No, score=-1\n", false},
		{"\"spamassassin\"", "X-Spam-Status: No\nX-Spam-Status: Yes, score=9\n", true},
		{"\"spamassassin\"", "X-Spam-Flag: YES\n", true},
		{"\"rspamd\"", "X-Rspamd-Action: reject\nX-Rspamd-Action: no action\n", false},
		{"\"rspamd\"", "X-Rspamd-Action: reject\nX-Spam-Status: No, score=1\n", false},
		{"\"rspamd\"", "X-Rspamd-Action: no action\nX-Spam: Yes\n", true},
		{"\"rspamd\"", "X-Rspamd-Action: no action\nX-Rspamd-Action: greylist\n", false},
		/* The first one, of a scanner that writes above. */
		{"\"amavis\"", "X-Spam-Flag: NO\nX-Spam-Flag: YES\n", false},
		{"\"amavis\"", "X-Spam-Flag: YES\nX-Spam-Flag: NO\n", true},
		{"\"barracuda\"",
		 "X-Barracuda-Spam-Status: No, SCORE=0\nX-Barracuda-Spam-Status: Yes\n", false},
		/* Of another scanner. */
		{"\"spamassassin\"", "X-Rspamd-Action: reject\n", false},
		{"\"bogofilter\"", "X-Spam-Flag: YES\nX-Bogosity: Ham\n", false},
		/* Of several, each has its own. */
		{"\"rspamd\", \"bogofilter\"", "X-Bogosity: Spam\nX-Rspamd-Action: no action\n",
		 true},
		{"\"rspamd\", \"spamassassin\"", "X-Spam-Flag: YES\nX-Spam-Status: No\n", false},
		/* A header that the file names counts wherever it stands. */
		{"\"spamassassin\", \"X-Junk: yes\"", "X-Junk: yes\nX-Spam-Status: No\n", true},
		{"\"X-Spam-Flag: YES\"", "X-Spam-Flag: YES\nX-Spam-Flag: NO\n", true},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config *config = load(cases[i].scanners);
		char text[512];

		snprintf(text, sizeof(text), "%sFrom: a@b\n\nhello\n", cases[i].headers);
		cr_expect_eq(is_spam(config, text), cases[i].spam, "%s: %s", cases[i].scanners,
			     cases[i].headers);
		config_free(config);
	}
}

Test(config_scanner, every_scanner_of_the_table_is_in_the_man_page)
{
	_cleanup_(fclose_p) FILE *in = fopen("tools/man/postern.conf.5", "re");
	static char text[131072];
	const struct scanner *scanner;
	const char *key, *end;

	cr_assert_not_null(in);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	key = strstr(text, ".It Cm spam_marks");
	cr_assert_not_null(key);
	end = strstr(key, ".It Cm authserv_ids");
	for (unsigned i = 0; (scanner = scanner_get(i)); i++) {
		const char *found = strstr(key, scanner->name);
		const char *above = strstr(key, "so the first counts");

		cr_expect(found && found < end, "%s", scanner->name);
		cr_expect_eq(scanner->on_top,
			     strstr(above, scanner->name) &&
				     strstr(above, scanner->name) <
					     strstr(above, "A mark that came"),
			     "%s", scanner->name);
		cr_expect_eq(scanner_find(scanner->name), scanner);
		cr_expect_eq(scanner_index(scanner), i);
	}
	cr_expect_null(scanner_find("rspam"));
}
