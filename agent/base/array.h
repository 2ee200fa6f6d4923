/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrays on the heap that grow by one element at a time. Their capacity is not stored: it is the
 * power of two at or above the count, so such an array grows by this function only.
 */
#pragma once

#include <stddef.h>

/*
 * Returns `array`, which may have moved, with space for one more element of `size` bytes behind its
 * `count` elements. An array without elements may be NULL. NULL: no memory; `array` is as before.
 */
void *array_grow(void *array, size_t count, size_t size);
