/* SPDX-License-Identifier: BSD-2-Clause */
/* Members are checked, copied and printed by the rows of a table. */
#include "wire/json_fields.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "wire/values.h"

static const char *const type_names[] = {
	[FIELD_STRING] = "a string",	   [FIELD_INTEGER] = "an integer",
	[FIELD_BOOLEAN] = "true or false", [FIELD_ARRAY] = "an array",
	[FIELD_OBJECT] = "an object",	   [FIELD_PART] = "an object",
	[FIELD_MAYBE] = "an integer",	   [FIELD_NUMBER] = "a number",
};

static const char *found_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "an integer";
	case JSON_REAL:
		return "a number with a fraction";
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	case JSON_NULL:
		return "null";
	}
	return "something else";
}

static int check_length(const struct json_field *field, const char *text, struct error *error)
{
	size_t size = strlen(text);

	return !field->max_bytes || size <= field->max_bytes
		       ? 0
		       : error_set(error, -EINVAL,
				   "member '%s': found %zu bytes, expected %zu at most",
				   field->name, size, field->max_bytes);
}

static int read_field(const json_t *value, const struct json_field *field, void *ret_struct,
		      struct error *error)
{
	void *place = (char *)ret_struct + field->offset;

	if (field->type == FIELD_STRING && json_is_string(value)) {
		*(const char **)place = json_string_value(value);
		return check_length(field, json_string_value(value), error);
	}
	if (field->type == FIELD_INTEGER && json_is_integer(value))
		*(json_int_t *)place = json_integer_value(value);
	else if (field->type == FIELD_BOOLEAN && json_is_boolean(value))
		*(bool *)place = json_is_true(value);
	else if ((field->type == FIELD_ARRAY && json_is_array(value)) ||
		 (field->type == FIELD_OBJECT && json_is_object(value)))
		*(const json_t **)place = value;
	else
		return error_set(error, -EINVAL, "member '%s': found %s, expected %s", field->name,
				 found_name(value), type_names[field->type]);
	return 0;
}

/* "'action', 'pool'" for an error's text. */
static const char *list_names(const struct json_field *fields, size_t n_fields, char *buffer,
			      size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (size_t i = 0; i < n_fields && used < size; i++)
		used += snprintf(buffer + used, size - used, "%s'%s'", i ? ", " : "",
				 fields[i].name);
	return buffer;
}

static int check_known(const json_t *body, const struct json_field *fields, size_t n_fields,
		       struct error *error)
{
	const char *name;
	json_t *value;
	char names[512];

	json_object_foreach ((json_t *)body, name, value) {
		size_t i = 0;

		while (i < n_fields && strcmp(fields[i].name, name) != 0)
			i++;
		if (i == n_fields)
			return error_set(error, -EINVAL,
					 "unknown member '%.64s', expected one of %s", name,
					 list_names(fields, n_fields, names, sizeof(names)));
	}
	return 0;
}

int json_fields_parse(const char *body, size_t size, json_t **ret_body, struct error *error)
{
	json_error_t parse_error;
	json_t *parsed;

	if (size == 0)
		return error_set(error, -EINVAL, "body: found nothing, expected a JSON object");
	parsed = json_loadb(body, size, JSON_REJECT_DUPLICATES, &parse_error);
	if (!parsed)
		return error_set(error, -EINVAL, "body: not JSON: line %d, column %d: %s",
				 parse_error.line, parse_error.column, parse_error.text);
	*ret_body = parsed;
	return 0;
}

int json_fields_read(const json_t *body, const struct json_field *fields, size_t n_fields,
		     void *ret_struct, struct error *error)
{
	int code;

	if (!json_is_object(body))
		return error_set(error, -EINVAL, "body: found %s, expected an object",
				 found_name(body));
	code = check_known(body, fields, n_fields, error);
	for (size_t i = 0; code == 0 && i < n_fields; i++) {
		const json_t *value = json_object_get(body, fields[i].name);

		if (value)
			code = read_field(value, &fields[i], ret_struct, error);
		else if (fields[i].required)
			code = error_set(error, -EINVAL, "member '%s' is missing, expected %s",
					 fields[i].name, type_names[fields[i].type]);
	}
	return code;
}

/* jansson makes no string of a text that is not UTF-8 (RFC 3629). */
static int write_text(json_t *body, const struct json_field *field, const char *text,
		      struct error *error)
{
	int code = check_length(field, text, error);

	if (code < 0)
		return code;
	if (json_object_set_new(body, field->name, json_string(text)) == 0)
		return 0;
	return error_set(error, -EINVAL, "member '%s': found a text that is not UTF-8",
			 field->name);
}

static int write_field(json_t *body, const struct json_field *field, const void *source,
		       struct error *error)
{
	const void *place = (const char *)source + field->offset;
	const char *text = field->type == FIELD_STRING ? *(const char *const *)place : NULL;
	json_t *value = NULL;

	if (text)
		return write_text(body, field, text, error);
	if (field->type == FIELD_INTEGER && *(const json_int_t *)place)
		value = json_integer(*(const json_int_t *)place);
	else if (field->type == FIELD_BOOLEAN && *(const bool *)place)
		value = json_true();
	else
		return 0;
	return json_object_set_new(body, field->name, value) == 0
		       ? 0
		       : error_set(error, -ENOMEM, "out of memory");
}

int json_fields_write(json_t *body, const struct json_field *fields, size_t n_fields,
		      const void *source, struct error *error)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < n_fields; i++)
		code = write_field(body, &fields[i], source, error);
	return code;
}

/* ---- documents */

static json_t *print_field(const struct json_field *field, const void *place)
{
	json_int_t number;
	json_t *document;

	switch (field->type) {
	case FIELD_STRING:
		return value_text(*(const char *const *)place);
	case FIELD_INTEGER:
		return json_integer(*(const json_int_t *)place);
	case FIELD_MAYBE:
		number = *(const json_int_t *)place;
		return number < 0 ? json_null() : json_integer(number);
	case FIELD_NUMBER:
		return json_real(*(const double *)place);
	case FIELD_BOOLEAN:
		return json_boolean(*(const bool *)place);
	case FIELD_ARRAY:
	case FIELD_OBJECT:
	case FIELD_PART:
		document = *(json_t *const *)place;
		return document ? document : json_null();
	}
	return NULL;
}

static bool is_left_out(const struct json_field *field, const void *place)
{
	return field->type == FIELD_PART && !*(json_t *const *)place;
}

json_t *json_fields_print(const struct json_field *fields, size_t n_fields, const void *source)
{
	json_t *document = json_object();
	bool good = true;

	for (size_t i = 0; i < n_fields; i++) {
		const void *place = (const char *)source + fields[i].offset;

		if (is_left_out(&fields[i], place))
			continue;
		good = json_object_set_new(document, fields[i].name,
					   print_field(&fields[i], place)) == 0 &&
		       good;
	}
	if (good)
		return document;
	json_decref(document);
	return NULL;
}

static void scan_field(const json_t *value, enum json_field_type type, void *place)
{
	switch (type) {
	case FIELD_STRING:
		*(const char **)place = json_string_value(value);
		break;
	case FIELD_INTEGER:
		*(json_int_t *)place = json_integer_value(value);
		break;
	case FIELD_MAYBE:
		*(json_int_t *)place = json_is_integer(value) ? json_integer_value(value) : -1;
		break;
	case FIELD_NUMBER:
		*(double *)place = json_number_value(value);
		break;
	case FIELD_BOOLEAN:
		*(bool *)place = json_is_true(value);
		break;
	case FIELD_ARRAY:
		*(const json_t **)place = json_is_array(value) ? value : NULL;
		break;
	case FIELD_OBJECT:
	case FIELD_PART:
		*(const json_t **)place = json_is_object(value) ? value : NULL;
		break;
	}
}

void json_fields_scan(const json_t *document, const struct json_field *fields, size_t n_fields,
		      void *ret_struct)
{
	for (size_t i = 0; i < n_fields; i++)
		scan_field(json_object_get(document, fields[i].name), fields[i].type,
			   (char *)ret_struct + fields[i].offset);
}
