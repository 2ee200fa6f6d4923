/* SPDX-License-Identifier: BSD-2-Clause */
/* Words, comments, quotes and folds of structured headers; Content-Type. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "mail/content_type.h"
#include "mail/lexer.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

TestSuite(mail_lexer);

Test(mail_lexer, words_end_at_blanks_comments_quotes_and_stops)
{
	static const struct {
		const char *text, *word, *rest;
	} cases[] = {
		{"a b", "a", " b"},
		{" \t\r\n a;b", "a", ";b"},
		{"(c) a(d)b", "a", "(d)b"},
		{"(c (n) \\) (\\() c)a", "a", ""},
		{"a\"b\"", "a", "\"b\""},
		{"\"a b;(c)\"d", "a b;(c)", "d"},
		{"\"a\\\"\\\\b\"c", "a\"\\b", "c"},
		{"\"a\r\n b\"", "a b", ""},
		{"\"\"c", "", "c"},
		{"\"never closed; x", "never closed; x", ""},
		{"\"closed by nothing \\", "closed by nothing \\", ""},
		{"abcdefghijklmnopqrstuvwxyz", "abcdefghijklmno", ""},
		{"\"abcdefghijklmnopqrstuvwxyz\"x", "abcdefghijklmno", "x"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct lexer lexer = {.at = cases[i].text};
		char word[16];

		cr_expect(lexer_word(&lexer, ";", word, sizeof(word)), "%s", cases[i].text);
		cr_expect(strncmp(word, cases[i].word, sizeof(word) - 1) == 0, "%s: %s",
			  cases[i].text, word);
		cr_expect_str_eq(lexer.at, cases[i].rest, "%s: %s", cases[i].text, lexer.at);
	}
}

Test(mail_lexer, without_a_word_nothing_is_taken)
{
	static const char *const texts[] = {"", " ", "(a)", "(never closed a", " (a) ; b", ";"};

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct lexer lexer = {.at = texts[i]};
		char word[16];

		cr_expect(!lexer_word(&lexer, ";", word, sizeof(word)), "%s", texts[i]);
		cr_expect(!*lexer.at || *lexer.at == ';', "%s: %s", texts[i], lexer.at);
		cr_expect(!lexer_take(&lexer, ','));
		cr_expect(!lexer_take(&lexer, '\0'));
	}
}

Test(mail_lexer, characters_in_comments_and_quotes_are_not_found)
{
	static const struct {
		const char *text, *rest;
	} cases[] = {
		{"a,b", ",b"},	      {"\"a,b\" (c,(d,)),e", ",e"},
		{"\\,a,b", ",b"},     {"\"a\\\",b\",c", ",c"},
		{"(a\\),b),c", ",c"}, {"a", ""},
		{"a\\", ""},	      {"(a,b", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct lexer lexer = {.at = cases[i].text};

		cr_expect_eq(lexer_find(&lexer, ";,"), *cases[i].rest != '\0');
		cr_expect_str_eq(lexer.at, cases[i].rest, "%s: %s", cases[i].text, lexer.at);
	}
}

#define HUNDRED                                                                                    \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaa"                                                                                 \
	"aaaa"
#define TWENTY_SEVEN "aaaaaaaaaaaaaaaaaaaaaaaaaaa"

Test(mail_lexer, a_content_type_is_its_type_its_report_type_and_its_boundary)
{
	static const struct {
		const char *value, *told;
	} cases[] = {
		{"multipart/report; report-type=delivery-status; boundary=b",
		 "multipart/report,delivery-status,b"},
		{"Multipart (x) / REPORT ; BOUNDARY = \"B b\" ; Report-Type = Delivery-Status",
		 "multipart/report,delivery-status,B b"},
		{"multipart/mixed;boundary=a/b=c", "multipart/mixed,,a/b=c"},
		{"multipart/mixed; x=\"; boundary=no\"; boundary=yes", "multipart/mixed,,yes"},
		{"multipart/mixed; (boundary=no) boundary=yes", "multipart/mixed,,yes"},
		{"multipart/mixed; boundary=first; boundary=second", "multipart/mixed,,first"},
		{"a/b; report-type=first; report-type=second", "a/b,first,"},
		{"multipart/mixed; boundary=\"with blanks \t\"", "multipart/mixed,,with blanks"},
		{"multipart/mixed; boundary=\"\"; =x; boundary; boundary=", "multipart/mixed,,"},
		{"text", ",,"},
		{"/plain; boundary=b", ",,b"},
		{"", ",,"},
		{"a/b; boundary=" HUNDRED TWENTY_SEVEN, "a/b,," HUNDRED TWENTY_SEVEN},
		{"a/b; boundary=" HUNDRED TWENTY_SEVEN "a", "a/b,,"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct content_type content;
		char told[512];

		content_type_read(cases[i].value, &content);
		snprintf(told, sizeof(told), "%s,%s,%s", content.type, content.report_type,
			 content.boundary);
		cr_expect_str_eq(told, cases[i].told, "%s: %s", cases[i].value, told);
	}
}
