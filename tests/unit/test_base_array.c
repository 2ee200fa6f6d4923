/* SPDX-License-Identifier: BSD-2-Clause */
/* An array grows by one element at a time, and moves seldom. */
#include "base/array.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>

TestSuite(base_array);

Test(base_array, elements_stay_and_the_array_moves_at_powers_of_two_only)
{
	uint32_t *array = NULL;
	unsigned moves = 0;

	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t *grown = array_grow(array, i, sizeof(*array));

		cr_assert_not_null(grown);
		if (i > 0 && (i & (i - 1)))
			cr_expect_eq(grown, array, "%u", i);
		else
			moves++;
		array = grown;
		array[i] = i;
	}
	for (uint32_t i = 0; i < 1000; i++)
		cr_expect_eq(array[i], i);
	cr_expect_eq(moves, 11);
	free(array);
}

Test(base_array, what_does_not_fit_into_memory_is_refused)
{
	cr_expect_null(array_grow(NULL, (size_t)1 << 62, 16));
}
