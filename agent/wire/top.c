/* SPDX-License-Identifier: BSD-2-Clause */
/* Members in the order in which they are printed. */
#include "wire/top.h"

#include "wire/json_fields.h"

#define COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))

#define ROW(type, member) JSON_FIELD(type, wire_top, member)
static const struct json_field top_fields[] = {
	ROW(FIELD_STRING, name),
	ROW(FIELD_STRING, action),
	ROW(FIELD_STRING, pool),
	ROW(FIELD_STRING, reason),
	ROW(FIELD_INTEGER, flows),
	ROW(FIELD_NUMBER, connections_per_sec),
	ROW(FIELD_INTEGER, messages_per_minute),
	ROW(FIELD_INTEGER, recipients_per_hour),
	ROW(FIELD_INTEGER, refused),
};
#undef ROW

json_t *wire_top_json(const struct wire_top *source)
{
	return json_fields_print(top_fields, COUNT(top_fields), source);
}

void wire_top_read(const json_t *document, struct wire_top *ret)
{
	json_fields_scan(document, top_fields, COUNT(top_fields), ret);
}
