/* SPDX-License-Identifier: BSD-2-Clause */
/* Says what was skipped, and why: Criterion counts such tests nowhere and tells of them only if --verbose. */
#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <stdio.h>

static size_t skipped;

ReportHook(POST_TEST)(struct criterion_test_stats *stats)
{
	/* What the filter leaves out is disabled. */
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
