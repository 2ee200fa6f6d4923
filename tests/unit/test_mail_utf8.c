/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes become text; limits of well-formed UTF-8. */
#include <criterion/criterion.h>
#include <string.h>

#include "mail/utf8.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

TestSuite(mail_utf8);

Test(mail_utf8, what_is_text_stays_and_each_other_byte_becomes_a_question_mark)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = {
		{"", ""},
		{"abc ~", "abc ~"},
		{"a\tb\r\n\x1f\x7f", "a?b????"},
		{"é€😀", "é€😀"},
		{"\xc2\xa0", "\xc2\xa0"},
		{"\xc2\x80", "??"}, /* controls */
		{"\xc2\x9f", "??"},
		{"\xc1\xbf", "??"}, /* overlong */
		{"\xe0\x9f\xbf", "???"},
		{"\xe0\xa0\x80", "\xe0\xa0\x80"},
		{"\xed\x9f\xbf", "\xed\x9f\xbf"},
		{"\xed\xa0\x80", "???"}, /* surrogate */
		{"\xf0\x8f\xbf\xbf", "????"},
		{"\xf0\x90\x80\x80", "\xf0\x90\x80\x80"},
		{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
		{"\xf4\x90\x80\x80", "????"},
		{"\xf5\x80\x80\x80", "????"},
		{"\x80\xbf", "??"},
		{"\xe2\x82", "??"},
		{"\xe2\x82x", "??x"},
		{"\xe2€", "?€"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[64];
		size_t length = utf8_clean(cases[i].bytes, strlen(cases[i].bytes), text, 64);

		cr_expect_str_eq(text, cases[i].text, "case %zu: %s", i, text);
		cr_expect_eq(length, strlen(text));
	}
}

Test(mail_utf8, it_looks_at_no_more_than_it_is_given_and_cuts_between_characters)
{
	char text[8];

	cr_assert_eq(utf8_clean("a€", 3, text, sizeof(text)), 3);
	cr_assert_str_eq(text, "a??");
	cr_assert_eq(utf8_clean("abc\0de", 6, text, sizeof(text)), 6);
	cr_assert_str_eq(text, "abc?de");
	cr_assert_eq(utf8_clean("ab€€", 8, text, sizeof(text)), 5);
	cr_assert_str_eq(text, "ab€");
	cr_assert_eq(utf8_clean("abcdefgh", 8, text, sizeof(text)), 7);
	cr_assert_eq(utf8_clean("a", 1, text, 1), 0);
	cr_assert_str_eq(text, "");
}

Test(mail_utf8, a_cut_ends_no_character_in_its_midst)
{
	cr_assert_eq(utf8_cut("ab€", 9), 5);
	cr_assert_eq(utf8_cut("ab€", 5), 5);
	cr_assert_eq(utf8_cut("ab€", 4), 2);
	cr_assert_eq(utf8_cut("ab€", 3), 2);
	cr_assert_eq(utf8_cut("ab€", 2), 2);
	cr_assert_eq(utf8_cut("€", 1), 0);
}
