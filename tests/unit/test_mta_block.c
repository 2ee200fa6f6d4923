/* SPDX-License-Identifier: BSD-2-Clause */
/* A block in, replaced, out again. */
#include "mta/block.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

#define BEGIN "# BEGIN postern (by 'postern mta', which replaces it)\n"
#define END   "# END postern\n"

static struct error error;

static char *put(const char *text, const char *body)
{
	char *result = NULL;

	cr_assert_eq(block_put(text, body, "main.cf", &result, &error), 0, "%s", error.text);
	return result;
}

static char *taken(const char *text)
{
	char *result = NULL;

	cr_assert_eq(block_remove(text, "main.cf", &result, &error), 0, "%s", error.text);
	return result;
}

Test(mta_block, what_was_put_in_goes_out_byte_for_byte)
{
	static const char *const texts[] = {"", "a = 1\n", "a = 1", "\n\n", "a = 1\n\n# c", "#"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		_cleanup_(free_p) char *with = put(texts[i], "b = 2\n");
		_cleanup_(free_p) char *again = put(with, "b = 3\nc = 4\n");
		_cleanup_(free_p) char *without = taken(again);

		cr_expect(strstr(again, "\nb = 3\nc = 4\n" END), "%s", again);
		cr_expect_null(strstr(again, "b = 2"), "%s", again);
		cr_expect_str_eq(without, texts[i]);
	}
}

Test(mta_block, lines_behind_the_block_stay_where_they_are)
{
	_cleanup_(free_p) char *with = put("a = 1\n" BEGIN "b = 2\n" END "z = 9", "b = 3\n");
	_cleanup_(free_p) char *without = taken(with);

	cr_expect_str_eq(with, "a = 1\n" BEGIN "b = 3\n" END "z = 9");
	cr_expect_str_eq(without, "a = 1\nz = 9");
}

Test(mta_block, half_a_block_or_two_are_refused_by_line)
{
	static const char *const wrong[] = {"x\n" BEGIN, "x\n" END, "\n" BEGIN BEGIN END,
					    "\n" BEGIN END "# END postern"};
	char *result = NULL;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cr_expect_eq(block_put(wrong[i], "b\n", "main.cf", &result, &error), -EINVAL);
		cr_expect_eq(block_remove(wrong[i], "main.cf", &result, &error), -EINVAL);
		cr_expect(strncmp(error.text, "main.cf:", 8) == 0, "%s", error.text);
	}
}

Test(mta_block, a_key_of_the_operator_is_in_the_way_outside_the_block_alone)
{
	static const char body[] =
		"# comment\nsmtpd_milters = x\npostern-normal unix - - smtp\n  -o a=b\n";

	cr_expect_eq(block_check("other = 1\n# smtpd_milters = y\n  smtpd_milters\n", body,
				 "main.cf", &error),
		     0);
	cr_expect_eq(block_check(BEGIN "smtpd_milters = y\n" END, body, "main.cf", &error), 0);
	cr_expect_eq(block_check("a = 1\nsmtpd_milters=y\n", body, "main.cf", &error), -EEXIST);
	cr_expect(strncmp(error.text, "main.cf:2: found 'smtpd_milters' of your own", 44) == 0,
		  "%s", error.text);
	cr_expect_eq(block_check("postern-normal\tunix\n", body, "master.cf", &error), -EEXIST);
}
