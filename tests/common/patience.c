/* SPDX-License-Identifier: BSD-2-Clause */
/* Multiplies Criterion's time limits by the factor from the environment. */
#include "common/patience.h"

#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <stdlib.h>

unsigned test_patience(void)
{
	const char *text = getenv("POSTERN_TEST_PATIENCE");
	int factor = text ? atoi(text) : 1;

	return factor > 0 ? (unsigned)factor : 1;
}

static void be_patient(struct criterion_suite_set *set)
{
	if (set->suite.data)
		set->suite.data->timeout *= test_patience();
	FOREACH_SET(struct criterion_test * test, set->tests)
	test->data->timeout *= test_patience();
}

ReportHook(PRE_ALL)(struct criterion_test_set *all)
{
	FOREACH_SET(struct criterion_suite_set * set, all->suites)
	be_patient(set);
}
