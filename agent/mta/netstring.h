/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Netstrings: "LENGTH:BYTES,", the length in decimal without a leading zero but for "0:,". Pure: who
 * reads and writes them is not known here.
 */
#pragma once

#include <stddef.h>

struct netstring {
	const char *bytes; /* within what was read; any bytes, no NUL behind them */
	size_t size;
};

/*
 * Takes the one at the start of `text` apart; `max` is what it may hold. Returns how many bytes it took up;
 * 0: more are needed, and are worth waiting for; -EMSGSIZE: longer than `max`; -EPROTO: no netstring.
 */
long netstring_read(const char *text, size_t size, size_t max, struct netstring *ret_string);

/* At most so many bytes are looked at, or have to be kept, before one of `max` is complete. */
#define NETSTRING_SPACE(max) ((max) + 22)
