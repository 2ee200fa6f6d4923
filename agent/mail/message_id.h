/* SPDX-License-Identifier: BSD-2-Clause */
/* Message-IDs (RFC 5322, 3.6.4). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * A header's value as an id: without brackets, white space and comments around, clean (utf8.h). What has
 * no brackets is taken as it is. False, and "" set: there is none, its bracket is not closed, or it does
 * not fit: a part of an id is another id.
 */
bool message_id_read(const char *value, char *ret_id, size_t size);
