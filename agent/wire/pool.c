/* SPDX-License-Identifier: BSD-2-Clause */
/* Members in the order in which they are printed. */
#include "wire/pool.h"

#include "wire/json_fields.h"

#define COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))

#define ROW(type, member) JSON_FIELD(type, wire_address, member)
static const struct json_field address_fields[] = {
	ROW(FIELD_STRING, address), ROW(FIELD_INTEGER, weight), ROW(FIELD_STRING, state),
	ROW(FIELD_BOOLEAN, held),   ROW(FIELD_INTEGER, flows),	ROW(FIELD_INTEGER, connections),
};
#undef ROW

json_t *wire_address_json(const struct wire_address *source)
{
	return json_fields_print(address_fields, COUNT(address_fields), source);
}

void wire_address_read(const json_t *document, struct wire_address *ret)
{
	json_fields_scan(document, address_fields, COUNT(address_fields), ret);
}

#define ROW(type, member) JSON_FIELD(type, wire_pool, member)
static const struct json_field pool_fields[] = {
	ROW(FIELD_STRING, name),
	ROW(FIELD_STRING, state),
	ROW(FIELD_STRING, when_empty),
	ROW(FIELD_ARRAY, addresses),
};
#undef ROW

json_t *wire_pool_json(const struct wire_pool *source)
{
	return json_fields_print(pool_fields, COUNT(pool_fields), source);
}

void wire_pool_read(const json_t *document, struct wire_pool *ret)
{
	json_fields_scan(document, pool_fields, COUNT(pool_fields), ret);
}
