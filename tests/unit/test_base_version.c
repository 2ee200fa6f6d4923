/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/version.h"

static bool matches(const char *text, const char *pattern)
{
	regex_t regex;
	bool found;

	cr_assert_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	found = !regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	return found;
}

Test(base_version, is_a_number_and_the_commit)
{
	cr_assert(matches(version(), "^[0-9]+\\.[0-9]+\\.[0-9]+( \\([0-9a-f]+(-dirty)?\\))?$"),
		  "%s", version());
}

Test(base_version, the_command_prints_it_after_its_name)
{
	char command[512], line[256] = "", expected[256];
	FILE *out;

	cr_assert(getenv("POSTERN"), "POSTERN names the program");
	snprintf(command, sizeof(command), "'%s' --version", getenv("POSTERN"));
	out = popen(command, "r");
	cr_assert(out);
	cr_assert(fgets(line, sizeof(line), out));
	cr_assert_eq(pclose(out), 0);
	snprintf(expected, sizeof(expected), "postern %s\n", version());
	cr_assert_str_eq(line, expected);
}
