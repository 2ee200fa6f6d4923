/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole configurations for Exim and Postfix against the files in tests/unit/mta. */
#include "mta/template.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "config/config.h"
#include "mta/exim.h"
#include "mta/postfix.h"
#include "pool/lane.h"

#define DIRECTORY "tests/unit/mta/"

static void print_dot(const struct lane_set *lanes, FILE *out)
{
	(void)lanes;
	fputc('.', out);
}

Test(mta_template, names_are_replaced_and_everything_else_stays)
{
	static const struct template_value values[] = {{"a", print_dot}, {"ab", print_dot}};
	char output[64] = "";
	FILE *out = fmemopen(output, sizeof(output), "w");

	template_print("@{a} b@c {a} @{ab}}\n@{a}", values, 2, NULL, out);
	fclose(out);
	cr_assert_str_eq(output, ". b@c {a} .}\n.");
}

struct whole {
	char configuration[64], expected[64]; /* by value: each test is its own process */
	bool exim;
};

ParameterizedTestParameters(mta_template, the_whole_is_as_expected)
{
	static struct whole wholes[] = {
		{DIRECTORY "pools.conf", DIRECTORY "pools.exim", true},
		{DIRECTORY "pools.conf", DIRECTORY "pools.postfix", false},
		{DIRECTORY "addresses.conf", DIRECTORY "addresses.exim", true},
		{DIRECTORY "addresses.conf", DIRECTORY "addresses.postfix", false},
		{DIRECTORY "none.conf", DIRECTORY "none.postfix", false},
	};

	return cr_make_param_array(struct whole, wholes, sizeof(wholes) / sizeof(wholes[0]));
}

static char *read_file(const char *path)
{
	_cleanup_(fclose_p) FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;

	cr_assert_not_null(in, "%s", path);
	cr_assert_gt(getdelim(&text, &size, '\0', in), 0, "%s", path);
	return text;
}

ParameterizedTest(struct whole *whole, mta_template, the_whole_is_as_expected)
{
	_cleanup_(free_p) char *expected = read_file(whole->expected);
	_cleanup_(free_p) char *output = NULL;
	struct config *config;
	struct error error;
	size_t size;
	FILE *out = open_memstream(&output, &size);
	int code = config_load(whole->configuration, &config, &error);

	cr_assert_eq(code, 0, "%s", error.text);
	code = whole->exim ? exim_print(config, EXIM_ALL, out, &error)
			   : postfix_print(config, POSTFIX_ALL, out);
	fclose(out);
	config_free(config);
	cr_assert_eq(code, 0);
	cr_assert_str_eq(output, expected);
}
