/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes any bytes of a mail a text that can be logged, compared and written as JSON. */
#pragma once

#include <stddef.h>

/*
 * Copies UTF-8 (RFC 3629) without control characters; any other byte becomes '?'. Cuts between
 * characters to fit `ret_size`, with a NUL. Returns the length. A second cleaning changes nothing.
 */
size_t utf8_clean(const char *bytes, size_t size, char *ret_text, size_t ret_size);

/* The longest length up to `max` that splits no character of a clean text. */
size_t utf8_cut(const char *text, size_t max);
