/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The example, damaged as by a finger, an editor or a disk. It never crashes the reader: it loads,
 * or is refused with a line and words.
 */
#include "config/config.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_file.h"

TestSuite(config_mutations, .init = config_file_setup, .fini = config_file_teardown,
	  .timeout = 120);

/* The example has these in comments. */
static const char commented_out[] =
	"pool \"relay\" {\n"
	"	addresses  = { \"203.0.113.30\", \"2001:db8:2::30\" }\n"
	"	handles    = { \"100.127.0.3\", \"fd70:6f73:7465::3\" }\n"
	"	helo       = \"relay.example.net\"\n"
	"	when_empty = \"normal\"\n"
	"}\n"
	"sender \"tenant-17\" {\n"
	"	source                 = { \"10.1.7.0/24\", \"2001:db8:17::/48\" }\n"
	"	connections_per_minute = 60\n"
	"	flows_max              = 1000\n"
	"}\n"
	"sender \"newsletter\" {\n"
	"	source = { \"10.1.8.25\" }\n"
	"	mark   = { 7, 0x10 }\n"
	"	policy = \"service\"\n"
	"}\n"
	"sender \"webmail\" { uid = { \"www-data\" } }\n"
	"sender \"shop\" { cgroup = { \"/system.slice/shop.service\" } }\n"
	"internal_domains = { \"example.net\", \"*.example.net\" }\n";

static char example[32768];
static size_t example_size;

static void read_example(void)
{
	FILE *in = fopen("tools/postern.conf", "r");

	cr_assert_not_null(in);
	example_size = fread(example, 1, sizeof(example), in);
	fclose(in);
	cr_assert_gt(example_size, 1000);
	cr_assert_lt(example_size + strlen(commented_out), sizeof(example));
	strcpy(example + example_size, commented_out);
	example_size += strlen(commented_out);
}

/* Of the form FILE:LINE: found …, expected …, in one printable line. */
static bool is_well_formed(const char *text)
{
	const char *rest = text + strlen(config_file);
	char *end;

	if (strncmp(text, config_file, strlen(config_file)) != 0 || *rest != ':')
		return false;
	for (const char *c = text; *c; c++)
		if (iscntrl((unsigned char)*c))
			return false;
	return strtol(rest + 1, &end, 10) >= 1 && strncmp(end, ": found ", 8) == 0 &&
	       strstr(end, ", expected ");
}

static bool loads(const char *bytes, size_t size)
{
	struct config *config = NULL;
	int r;

	config_file_write(bytes, size);
	config_file_error.text[0] = '\0';
	r = config_load(config_file, &config, &config_file_error);
	if (r == 0) {
		cr_assert_not_null(config);
		config_free(config);
		return true;
	}
	cr_expect_eq(r, -EINVAL);
	cr_expect_null(config);
	cr_expect(is_well_formed(config_file_error.text), "'%s' for:\n%.*s", config_file_error.text,
		  (int)size, bytes);
	return false;
}

/* xorshift64 (Marsaglia, 2003): the same sequence on every machine. */
static uint64_t next_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

Test(config_mutations, an_example_cut_anywhere_loads_or_is_refused)
{
	size_t loaded = 0;

	read_example();
	for (size_t size = 0; size <= example_size; size++)
		loaded += loads(example, size);
	/* From the end of the last pool on, every end of a section or setting is one of a whole. */
	cr_expect_gt(loaded, 10);
	cr_expect_lt(loaded, example_size * 2 / 3);
}

Test(config_mutations, an_example_with_a_bit_flipped_loads_or_is_refused)
{
	size_t refused = 0;

	read_example();
	for (unsigned i = 0; i < 2000; i++) {
		size_t at = next_random() % example_size;
		char bit = (char)(1 << next_random() % 8);

		example[at] ^= bit;
		refused += !loads(example, example_size);
		example[at] ^= bit;
	}
	cr_expect_gt(refused, 100);
}

Test(config_mutations, an_example_with_a_byte_left_out_or_doubled_loads_or_is_refused)
{
	char mutant[sizeof(example) + 1];

	read_example();
	for (unsigned i = 0; i < 1000; i++) {
		size_t at = next_random() % example_size;

		memcpy(mutant, example, at);
		memcpy(mutant + at, example + at + 1, example_size - at - 1);
		loads(mutant, example_size - 1);
		mutant[at] = example[at];
		memcpy(mutant + at + 1, example + at, example_size - at);
		loads(mutant, example_size + 1);
	}
}

/* Tokens in any order reach states of the parser that a damaged example does not. */
Test(config_mutations, random_tokens_load_or_are_refused)
{
	static const char *const tokens[] = {
		"pool",
		"sender",
		"{",
		"}",
		"=",
		"+=",
		",",
		"\"normal\"",
		"\"high-risk\"",
		"addresses",
		"\"192.0.2.1\"",
		"ports",
		"25",
		"\n",
		"helo",
		"'a'",
		"(",
		")",
		"# x\n",
		"/* x */",
		"\"pool=a|helo\"",
		"mark",
		"user",
		"metrics",
		"\"\"",
		"default",
		"\"a|b\"",
		"\"(line)\"",
		"when_empty",
		"handles",
		"\"|\"",
		"\"=\"",
	};
	char text[1024];

	for (unsigned i = 0; i < 5000; i++) {
		size_t size = 0;

		for (uint64_t left = 1 + next_random() % 30; left > 0; left--)
			size += (size_t)snprintf(
				text + size, sizeof(text) - size, "%s ",
				tokens[next_random() % (sizeof(tokens) / sizeof(tokens[0]))]);
		loads(text, size);
	}
}
