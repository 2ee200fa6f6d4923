/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints each skipped test with its reason: Criterion does so only with --verbose, and counts them
 * nowhere.
 */
#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <stdio.h>

static size_t skipped;

ReportHook(POST_TEST)(struct criterion_test_stats *stats)
{
	/* A test that the filter excludes is "disabled". */
	if (stats->test_status != CR_STATUS_SKIPPED || stats->test->data->disabled)
		return;
	skipped++;
	fprintf(stderr, "[SKIP] %s::%s: %s\n", stats->test->category, stats->test->name,
		stats->message ? stats->message : "no reason given");
}

ReportHook(POST_ALL)(struct criterion_global_stats *stats)
{
	(void)stats;
	if (skipped)
		fprintf(stderr, "[SKIP] %zu in all\n", skipped);
}
