/* SPDX-License-Identifier: BSD-2-Clause */
/* A mark matches by header name and the start of the value. */
#include <criterion/criterion.h>

#include "config/config.h"
#include "mail/spam_marks.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

TestSuite(mail_spam_marks);

static struct config_mark marks[] = {
	{.header = "X-Spam-Flag", .value = "YES"},
	{.header = "X-Spam", .value = "Yes"},
	{.header = "X-Spam-Status", .value = "Yes"},
	{.header = "X-Rspamd-Action", .value = "add header"},
	{.header = "X-Rspamd-Action", .value = "rewrite subject"},
	{.header = "X-Rspamd-Action", .value = "soft reject"},
	{.header = "X-Rspamd-Action", .value = "reject"},
	{.header = "X-Verdict", .value = "(bad)"},
	{.header = "X-Two", .value = "a \t b"},
};
static const struct config_mail config = {.spam_marks = marks, .n_spam_marks = COUNT(marks)};

Test(mail_spam_marks, marks_of_scanners_are_recognised)
{
	static const struct {
		const char *name, *value;
		int mark;
	} cases[] = {
		{"X-Spam-Flag", "YES", 0},
		{"x-spam-flag", "yes", 0},
		{"X-Spam", "Yes", 1},
		{"X-Spam-Status", "Yes, score=999.8 required=5.0\n\ttests=GTUBE", 2},
		{"X-Spam-Status", " yes", 2},
		{"X-Spam-Status", "\n\tYes,\n\tscore=7", 2},
		{"X-Spam-Status", "(by us (all)) YES(really)", 2},
		{"X-Rspamd-Action", "add header", 3},
		{"X-Rspamd-Action", "Add\n\theader; score=7", 3},
		{"X-Rspamd-Action", "add (so to speak)header", 3},
		{"X-Rspamd-Action", "rewrite subject", 4},
		{"X-Rspamd-Action", "soft reject", 5},
		{"X-Rspamd-Action", "reject\r\n", 6},
		{"X-Verdict", "(bad)", 7},
		{"X-Verdict", "\t(BAD) indeed", 7},
		{"X-Two", "a  b", 8},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(spam_marks_find(&config, cases[i].name, cases[i].value),
			     &marks[cases[i].mark], "%s: %s", cases[i].name, cases[i].value);
}

Test(mail_spam_marks, other_headers_of_scanners_are_no_marks)
{
	static const struct {
		const char *name, *value;
	} cases[] = {
		{"X-Spam-Status", "No, score=-1.9 required=5.0 tests=BAYES_00"},
		{"X-Spam-Status", "No, Yes"},
		{"X-Spam-Status", "Yesterday"},
		{"X-Spam-Status", "Yes1"},
		{"X-Spam-Status", "Ye"},
		{"X-Spam-Status", "Y es"},
		{"X-Spam-Status", ""},
		{"X-Spam-Status", "(Yes)"},
		{"X-Spam-Status", "(never closed Yes"},
		{"X-Spam-Flag", "NO"},
		{"X-Spam-Flags", "YES"},
		{"X-Spam-Fla", "YES"},
		{"Subject", "YES"},
		{"X-Rspamd-Action", "no action"},
		{"X-Rspamd-Action", "greylist"},
		{"X-Rspamd-Action", "addheader"},
		{"X-Rspamd-Action", "add headers"},
		{"X-Rspamd-Action", "add"},
		{"X-Rspamd-Action", "rejected"},
		{"X-Verdict", "bad"},
		{"X-Two", "a b c d" + 2},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_null(spam_marks_find(&config, cases[i].name, cases[i].value), "%s: %s",
			       cases[i].name, cases[i].value);
}
