/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Netstrings: "LENGTH:BYTES,", the length in decimal without leading zeros ("0:," is valid).
 * Pure.
 */
#pragma once

#include <stddef.h>

struct netstring {
	const char *bytes; /* inside the input; any bytes, not NUL-terminated */
	size_t size;
};

/*
 * Parses the netstring at the start of `text`, of at most `max` bytes. Returns its length with
 * the length prefix and the comma; 0: incomplete so far; -EMSGSIZE: over `max`; -EPROTO: not a
 * netstring.
 */
long netstring_read(const char *text, size_t size, size_t max, struct netstring *ret_string);

/* The bytes of the longest netstring that holds `max`. */
#define NETSTRING_SPACE(max) ((max) + 22)
