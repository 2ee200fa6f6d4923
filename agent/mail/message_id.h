/* SPDX-License-Identifier: BSD-2-Clause */
/* Message-IDs (RFC 5322, 3.6.4). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The id in a header's value, cleaned (utf8.h), without brackets and the white space and comments
 * around them; an id without brackets is valid. False, and "" set: no id, an unclosed bracket, or
 * an id longer than `size`: a part of an id is another id.
 */
bool message_id_read(const char *value, char *ret_id, size_t size);
