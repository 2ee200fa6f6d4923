/* SPDX-License-Identifier: BSD-2-Clause */
/* Netstrings: whole, in parts, side by side, malformed. */
#include "mta/netstring.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define MAX	     100

TestSuite(mta_netstring);

/* In an exact copy, so that a sanitizer detects a read past the end. */
static long read_copy(const char *text, size_t size, struct netstring *ret_string)
{
	char *copy = malloc(size + !size);
	long r;

	memcpy(copy, text, size);
	r = netstring_read(copy, size, MAX, ret_string);
	if (r > 0)
		ret_string->bytes = text + (ret_string->bytes - copy);
	free(copy);
	return r;
}

Test(mta_netstring, a_whole_netstring_is_read_and_the_bytes_after_it_stay)
{
	static const struct {
		const char *text, *bytes;
		long taken;
	} cases[] = {
		{"5:hello,", "hello", 8},   {"0:,", "", 3},   {"3:a,b,", "a,b", 6},
		{"5:hello,5:", "hello", 8}, {"1::,", ":", 4}, {"10:0123456789,", "0123456789", 14},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct netstring string;

		cr_assert_eq(read_copy(cases[i].text, strlen(cases[i].text), &string),
			     cases[i].taken, "%s", cases[i].text);
		cr_assert_eq(string.size, strlen(cases[i].bytes));
		cr_assert_eq(memcmp(string.bytes, cases[i].bytes, string.size), 0);
	}
}

Test(mta_netstring, every_prefix_of_a_netstring_asks_for_more)
{
	static const char text[] = "12:hello, world,";
	struct netstring string = {NULL, 7};

	for (size_t size = 0; size < strlen(text); size++)
		cr_assert_eq(read_copy(text, size, &string), 0, "%zu bytes", size);
	cr_assert_null(string.bytes, "untouched");
	cr_assert_eq(read_copy(text, strlen(text), &string), (long)strlen(text));
}

Test(mta_netstring, other_input_is_refused_at_the_first_wrong_byte)
{
	static const char *const cases[] = {":",    "a",  "-1:a,", "+1:a,",    " 1:a,", "01:a,",
					    "00:,", "1a", "1:ab",  "5:hello;", "0:a"};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct netstring string;

		cr_assert_eq(read_copy(cases[i], strlen(cases[i]), &string), -EPROTO, "%s",
			     cases[i]);
	}
}

Test(mta_netstring, a_length_over_the_maximum_is_refused_at_once)
{
	static const char *const cases[] = {"101", "101:", "1000", "99999999999999999999999999"};
	struct netstring string;

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_assert_eq(read_copy(cases[i], strlen(cases[i]), &string), -EMSGSIZE, "%s",
			     cases[i]);
	cr_assert_eq(read_copy("100:", 4, &string), 0);
}
