/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The documents of a pool and of its addresses.
 *
 * Printing returns a new reference and consumes the json_t members; NULL: out of memory. Reading
 * borrows everything from the document; a member that is missing, null or of another type is
 * NULL, 0 or false. postern(8) has the types.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct wire_address {
	const char *address;
	json_int_t weight;
	const char *state;
	bool held; /* the host lacks it: it takes no new flows, whatever `state` */
	json_int_t flows;
	json_int_t connections;
};
json_t *wire_address_json(const struct wire_address *source);
void wire_address_read(const json_t *document, struct wire_address *ret);

struct wire_pool {
	const char *name;
	const char *state;
	const char *when_empty;
	json_t *addresses; /* of struct wire_address */
};
json_t *wire_pool_json(const struct wire_pool *source);
void wire_pool_read(const json_t *document, struct wire_pool *ret);
