/* SPDX-License-Identifier: BSD-2-Clause */
/* Members in the order in which they are printed. */
#include "wire/flow.h"

#include "wire/json_fields.h"

#define COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))

#define ROW(type, member) JSON_FIELD(type, wire_flow, member)
static const struct json_field flow_fields[] = {
	ROW(FIELD_STRING, sender),   ROW(FIELD_STRING, source),	  ROW(FIELD_STRING, destination),
	ROW(FIELD_STRING, pool),     ROW(FIELD_STRING, address),  ROW(FIELD_STRING, state),
	ROW(FIELD_BOOLEAN, cut),     ROW(FIELD_INTEGER, packets), ROW(FIELD_INTEGER, bytes),
	ROW(FIELD_INTEGER, age_sec), ROW(FIELD_STRING, decider),  ROW(FIELD_ARRAY, others),
};
#undef ROW

json_t *wire_flow_json(const struct wire_flow *source)
{
	return json_fields_print(flow_fields, COUNT(flow_fields), source);
}

void wire_flow_read(const json_t *document, struct wire_flow *ret)
{
	json_fields_scan(document, flow_fields, COUNT(flow_fields), ret);
}
