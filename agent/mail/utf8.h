/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of a mail as texts that can be logged, compared and written as JSON, whatever came in. */
#pragma once

#include <stddef.h>

/*
 * UTF-8 (RFC 3629) without control characters; each byte that is neither becomes '?'. Cut between
 * characters to fit `ret_size`, with a NUL. Returns its length. Cleaning twice changes nothing more.
 */
size_t utf8_clean(const char *bytes, size_t size, char *ret_text, size_t ret_size);

/* The longest length up to `max` that ends no character in its midst; `text` is clean. */
size_t utf8_cut(const char *text, size_t max);
