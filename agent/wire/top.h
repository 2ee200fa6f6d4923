/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One row of `postern top`.
 *
 * Printing returns a new reference and consumes the json_t members; NULL: out of memory. Reading
 * borrows everything from the document; a member that is missing, null or of another type is
 * NULL, 0 or false. postern(8) has the types.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct wire_top {
	const char *name;
	const char *action;
	const char *pool; /* NULL: none */
	const char *reason;
	json_int_t flows;
	double connections_per_sec;
	json_int_t messages_per_minute;
	json_int_t recipients_per_hour;
	json_int_t refused;
};
json_t *wire_top_json(const struct wire_top *source);
void wire_top_read(const json_t *document, struct wire_top *ret);
