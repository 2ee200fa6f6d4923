/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines "NAME<tab>VALUE<tab>zero, most or -" at the end of the file SOAK_OUT; of several with one
 * name the reader adds up the values, or takes the most.
 */
#include "soak/count.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "netns/postern.h"

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

void count_most(const char *name, long long value)
{
	write_line(name, value, "most");
}

unsigned count_random(unsigned below)
{
	static unsigned state;
	const char *seed = getenv("SOAK_SEED");

	if (!state)
		state = seed ? (unsigned)atoi(seed) : 1;
	return (unsigned)rand_r(&state) % below;
}

void count_capture(struct capture *capture)
{
	char text[ADDRESS_TEXT_SIZE];
	size_t n;
	const struct capture_source *sources = capture_stop(capture, &n);

	for (size_t i = 0; i < n; i++) {
		bool wrong =
			strcmp(pool_of(address_format(&sources[i].address, text)), "none") == 0;

		if (wrong)
			fprintf(stderr, "on the wire to port 25: %s\n", text);
		count_add("packets", (long long)sources[i].packets);
		count_add_zero("packets by a wrong source",
			       wrong ? (long long)sources[i].packets : 0);
	}
	capture_free(capture);
}
