/* SPDX-License-Identifier: BSD-2-Clause */
/* Members in the order in which they are printed. */
#include "wire/sender.h"

#include "wire/json_fields.h"

#define COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))

#define ROW(type, member) JSON_FIELD(type, wire_verdict, member)
static const struct json_field verdict_fields[] = {
	ROW(FIELD_STRING, action),
	ROW(FIELD_STRING, pool),
	ROW(FIELD_STRING, reason),
	ROW(FIELD_STRING, until),
};
#undef ROW

json_t *wire_verdict_json(const struct wire_verdict *source)
{
	return json_fields_print(verdict_fields, COUNT(verdict_fields), source);
}

void wire_verdict_read(const json_t *document, struct wire_verdict *ret)
{
	json_fields_scan(document, verdict_fields, COUNT(verdict_fields), ret);
}

#define ROW(type, member) JSON_FIELD(type, wire_limits, member)
static const struct json_field limits_fields[] = {
	ROW(FIELD_INTEGER, connections_per_minute),
	ROW(FIELD_INTEGER, flows_max),
};
#undef ROW

json_t *wire_limits_json(const struct wire_limits *source)
{
	return json_fields_print(limits_fields, COUNT(limits_fields), source);
}

#define ROW(type, member) JSON_FIELD(type, wire_usage, member)
static const struct json_field usage_fields[] = {
	ROW(FIELD_INTEGER, flows),   ROW(FIELD_INTEGER, connections),
	ROW(FIELD_INTEGER, refused), ROW(FIELD_INTEGER, over_limit),
	ROW(FIELD_MAYBE, idle_sec),
};
#undef ROW

json_t *wire_usage_json(const struct wire_usage *source)
{
	return json_fields_print(usage_fields, COUNT(usage_fields), source);
}

void wire_usage_read(const json_t *document, struct wire_usage *ret)
{
	json_fields_scan(document, usage_fields, COUNT(usage_fields), ret);
}

#define ROW(type, member) JSON_FIELD(type, wire_window, member)
static const struct json_field window_fields[] = {
	ROW(FIELD_INTEGER, count),
	ROW(FIELD_MAYBE, limit),
};
#undef ROW

json_t *wire_window_json(const struct wire_window *source)
{
	return json_fields_print(window_fields, COUNT(window_fields), source);
}

void wire_window_read(const json_t *document, struct wire_window *ret)
{
	json_fields_scan(document, window_fields, COUNT(window_fields), ret);
}

#define ROW(type, member) JSON_FIELD(type, wire_spam, member)
static const struct json_field spam_fields[] = {
	ROW(FIELD_INTEGER, marked),
	ROW(FIELD_INTEGER, of),
	ROW(FIELD_INTEGER, reports),
};
#undef ROW

json_t *wire_spam_json(const struct wire_spam *source)
{
	return json_fields_print(spam_fields, COUNT(spam_fields), source);
}

void wire_spam_read(const json_t *document, struct wire_spam *ret)
{
	json_fields_scan(document, spam_fields, COUNT(spam_fields), ret);
}

#define ROW(type, member) JSON_FIELD(type, wire_sender, member)
static const struct json_field sender_fields[] = {
	ROW(FIELD_STRING, name), ROW(FIELD_ARRAY, selectors), ROW(FIELD_OBJECT, verdict),
	ROW(FIELD_PART, limits), ROW(FIELD_OBJECT, usage),
};
#undef ROW

json_t *wire_sender_json(const struct wire_sender *source)
{
	return json_fields_print(sender_fields, COUNT(sender_fields), source);
}

void wire_sender_read(const json_t *document, struct wire_sender *ret)
{
	json_fields_scan(document, sender_fields, COUNT(sender_fields), ret);
}

#define ROW(type, member) JSON_FIELD(type, wire_counts, member)
static const struct json_field counts_fields[] = {
	ROW(FIELD_STRING, policy),
	ROW(FIELD_OBJECT, windows),
	ROW(FIELD_OBJECT, spam),
	ROW(FIELD_BOOLEAN, restricted),
	ROW(FIELD_STRING, restricted_until),
};
#undef ROW

json_t *wire_counts_json(const struct wire_counts *source)
{
	return json_fields_print(counts_fields, COUNT(counts_fields), source);
}

void wire_counts_read(const json_t *document, struct wire_counts *ret)
{
	json_fields_scan(document, counts_fields, COUNT(counts_fields), ret);
}
