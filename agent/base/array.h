/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrays on the heap that grow by one element at a time. Their room is not stored: it is always the
 * power of two at or above the count, so such an array grows by this function only.
 */
#pragma once

#include <stddef.h>

/*
 * Returns `array` (NULL where `count` is 0), moved where it must be, with space for one element of
 * `size` bytes behind the `count` elements in it. NULL: no memory, and `array` is as it was.
 */
void *array_grow(void *array, size_t count, size_t size);
