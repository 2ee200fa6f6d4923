/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/error.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

Test(base_error, setting_one_returns_its_code)
{
	struct error error;

	cr_expect_eq(error_set(&error, -EINVAL, "found '%s', expected %d", "x", 7), -EINVAL);
	cr_expect_str_eq(error.text, "found 'x', expected 7");
}

Test(base_error, an_outer_layer_puts_its_words_in_front)
{
	struct error error;

	error_set(&error, -EIO, "disk full");
	cr_expect_eq(error_prefix(&error, -EPERM, "state '%s'", "a.db"), -EPERM);
	cr_expect_str_eq(error.text, "state 'a.db': disk full");
}

Test(base_error, the_old_text_may_be_part_of_the_new_one)
{
	struct error error;

	error_set(&error, -EIO, "one");
	error_set(&error, -EIO, "%s and %s", error.text, error.text);
	cr_expect_str_eq(error.text, "one and one");
}

Test(base_error, a_text_that_is_too_long_is_cut)
{
	static char text[3000];
	struct error error;

	memset(text, 'a', sizeof(text) - 1);
	error_set(&error, -EIO, "%s", text);
	cr_expect_eq(strlen(error.text), sizeof(error.text) - 1);
	error_prefix(&error, -EIO, "before");
	cr_expect_eq(strlen(error.text), sizeof(error.text) - 1);
	cr_expect_eq(strncmp(error.text, "before: aaa", 11), 0);
}
