/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines "NAME<tab>VALUE<tab>zero or -" at the end of the file SOAK_OUT; several of one name are
 * added up by the reader.
 */
#include "soak/count.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"

static void write_line(const char *name, long long value, const char *rule)
{
	const char *path = getenv("SOAK_OUT");
	_cleanup_(fclose_p) FILE *file = NULL;

	cr_assert_not_null(path, "SOAK_OUT is not set; run by make soak");
	file = fopen(path, "ae");
	cr_assert_not_null(file, "%s", path);
	cr_assert_gt(fprintf(file, "%s\t%lld\t%s\n", name, value, rule), 0);
}

void count_add(const char *name, long long value)
{
	write_line(name, value, "-");
}

void count_add_zero(const char *name, long long value)
{
	write_line(name, value, "zero");
}

unsigned count_random(unsigned below)
{
	static unsigned state;
	const char *seed = getenv("SOAK_SEED");

	if (!state)
		state = seed ? (unsigned)atoi(seed) : 1;
	return (unsigned)rand_r(&state) % below;
}
