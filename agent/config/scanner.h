/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The headers by which scanners give their verdicts, by the names that `spam_marks` knows.
 *
 * Anybody can write such a header. A scanner removes those that came in, or it does not; either way
 * it writes its own in the same place: below all headers, as milters do, or above them, as proxies
 * and gateways do. So the last or the first verdict of a scanner counts, whatever others say.
 */
#pragma once

#include <stdbool.h>

struct scanner_mark {
	const char *header; /* NULL: the end of the table */
	/* How it begins, see struct config_mark; "": the header stands in spam alone. */
	const char *value;
	bool clean; /* the message is no spam */
};

struct scanner {
	const char *name;
	bool on_top; /* the first verdict counts; else the last */
	struct scanner_mark marks[10];
};

#define SCANNERS_MAX 32 /* bits of struct spam_marks */

/* NULL: no such scanner. Without regard to case. */
const struct scanner *scanner_find(const char *name);

/* Its place in the table, less than SCANNERS_MAX. */
unsigned scanner_index(const struct scanner *scanner);

/* By place; NULL behind the last one. */
const struct scanner *scanner_get(unsigned index);
