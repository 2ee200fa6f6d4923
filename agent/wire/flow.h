/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The document of a flow.
 *
 * Printing returns a new reference and consumes the json_t members; NULL: out of memory. Reading
 * borrows everything from the document; a member that is missing, null or of another type is
 * NULL, 0 or false. postern(8) has the types.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct wire_flow {
	const char *sender;
	const char *source;
	const char *destination;
	const char *pool; /* NULL: untranslated */
	const char *address;
	const char *state;
	bool cut;
	json_int_t packets;
	json_int_t bytes;
	json_int_t age_sec;
	const char *decider; /* whose verdict decided: `sender`, or one of `others` */
	json_t *others;	     /* names of further senders that matched */
};
json_t *wire_flow_json(const struct wire_flow *source);
void wire_flow_read(const json_t *document, struct wire_flow *ret);
