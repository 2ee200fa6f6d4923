/* SPDX-License-Identifier: BSD-2-Clause */
/* ASCII characters and texts. */
#include "base/text.h"

#include <criterion/criterion.h>

TestSuite(base_text);

Test(base_text, only_the_letters_of_ascii_become_small)
{
	char text[] = "@AZ[`az{ \xc4\xd6";

	text_lower(text);
	cr_expect_str_eq(text, "@az[`az{ \xc4\xd6");
	cr_expect_eq(text_lower_character('M'), 'm');
	cr_expect_eq(text_lower_character('\0'), '\0');
}

Test(base_text, four_characters_are_blank)
{
	unsigned blank = 0;

	for (int c = 0; c < 256; c++)
		blank += text_is_blank((char)c);
	cr_expect_eq(blank, 4);
	cr_expect(text_is_blank(' ') && text_is_blank('\t') && text_is_blank('\r') &&
		  text_is_blank('\n'));
}

Test(base_text, an_empty_text_is_none)
{
	cr_expect_null(text_or_null(""));
	cr_expect_str_eq(text_or_null("a"), "a");
	cr_expect_not(text_is_given(NULL));
	cr_expect_not(text_is_given(""));
	cr_expect(text_is_given("a"));
}
