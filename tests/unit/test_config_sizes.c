/* SPDX-License-Identifier: BSD-2-Clause */
/* Configurations at the limits of the maps, and past them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"
#include "unit/config_file.h"

TestSuite(config_sizes, .init = config_file_setup, .fini = config_file_teardown);

Test(config_sizes, as_many_pools_load_as_there_are_ids)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct config *config;

	fputs(TWO_POOLS, out);
	for (int i = POOL_FIRST_FREE; i < POSTERN_POOLS_MAX; i++)
		fprintf(out, "pool \"p%d\" { addresses = \"10.0.0.%d\" }\n", i, i);
	fflush(out);
	config = config_file_load(text);
	cr_expect_eq(config->pools[config->n_pools - 1].id, POSTERN_POOLS_MAX - 1);
	config_free(config);

	fputs("pool \"one-more\" { addresses = \"10.0.1.1\" }\n", out);
	fclose(out);
	cr_expect_str_eq(config_file_refusal(text),
			 ":64: found pool 'one-more', expected at most 63 pools");
	free(text);
}

static void print_pool(FILE *out, const char *name, unsigned first, unsigned end)
{
	fprintf(out, "pool \"%s\" { addresses = {", name);
	for (unsigned i = first; i < end; i++)
		fprintf(out, "%s \"10.0.%u.%u\"", i == first ? "" : ",", i >> 8, i & 0xff);
	fputs(" } }\n", out);
}

/* Two pools with that many addresses. The caller frees the text. */
static char *pools_of(unsigned normal, unsigned high_risk)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	print_pool(out, "normal", 0, normal);
	print_pool(out, "high-risk", normal, normal + high_risk);
	fclose(out);
	return text;
}

Test(config_sizes, as_many_addresses_load_as_the_maps_take)
{
	char *full = pools_of(POSTERN_SLOTS, 3);
	char *too_many = pools_of(POSTERN_SLOTS, 4);
	char *too_many_in_one = pools_of(POSTERN_SLOTS + 1, 1);

	config_free(config_file_load(full));
	cr_expect_str_eq(
		config_file_refusal(too_many),
		":2: found 4097 addresses in the pools up to 'high-risk', expected at most "
		"4096 in all");
	cr_expect_str_eq(config_file_refusal(too_many_in_one),
			 ":1: found 4094 addresses in pool 'normal', expected at most 4093");
	free(full);
	free(too_many);
	free(too_many_in_one);
}

/* Quadratic work takes minutes: Criterion's time-out decides. */
Test(config_sizes, a_hundred_thousand_senders_load_at_once, .timeout = 20)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct config *config;

	fputs(TWO_POOLS, out);
	for (unsigned i = 0; i < 100000; i++)
		fprintf(out, "sender \"tenant-%u\" { source = \"10.%u.%u.%u\" mark = %u }\n", i,
			i >> 16, i >> 8 & 0xff, i & 0xff, i + 1);
	fclose(out);
	config = config_file_load(text);
	cr_expect_eq(config->n_senders, 100000);
	cr_expect_str_eq(config_sender_find(config, "tenant-77777")->name, "tenant-77777");
	config_free(config);
	free(text);
}
