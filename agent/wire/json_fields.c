/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks the members of a request's body against a table and hands them out. */
#include "wire/json_fields.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

static const char *const type_names[] = {
	[FIELD_STRING] = "a string",
	[FIELD_INTEGER] = "an integer",
	[FIELD_BOOLEAN] = "true or false",
	[FIELD_ARRAY] = "an array",
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

static int read_field(const json_t *value, const struct field *field, struct error *error)
{
	if (field->type == FIELD_STRING && json_is_string(value))
		*(const char **)field->ret = json_string_value(value);
	else if (field->type == FIELD_INTEGER && json_is_integer(value))
		*(json_int_t *)field->ret = json_integer_value(value);
	else if (field->type == FIELD_BOOLEAN && json_is_boolean(value))
		*(bool *)field->ret = json_is_true(value);
	else if (field->type == FIELD_ARRAY && json_is_array(value))
		*(const json_t **)field->ret = value;
	else
		return error_set(error, -EINVAL, "member '%s': found %s, expected %s", field->name,
				 found_name(value), type_names[field->type]);
	return 0;
}

/* "'action', 'pool'" for an error's text. */
static const char *list_names(const struct field *fields, size_t n_fields, char *buffer,
			      size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (size_t i = 0; i < n_fields && used < size; i++)
		used += snprintf(buffer + used, size - used, "%s'%s'", i ? ", " : "",
				 fields[i].name);
	return buffer;
}

static int check_known(const json_t *body, const struct field *fields, size_t n_fields,
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

int fields_parse(const char *body, size_t size, json_t **ret_body, struct error *error)
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

int fields_read(const json_t *body, const struct field *fields, size_t n_fields,
		struct error *error)
{
	int code;

	if (!json_is_object(body))
		return error_set(error, -EINVAL, "body: found %s, expected an object",
				 found_name(body));
	code = check_known(body, fields, n_fields, error);
	for (size_t i = 0; code == 0 && i < n_fields; i++) {
		const json_t *value = json_object_get(body, fields[i].name);

		if (value)
			code = read_field(value, &fields[i], error);
		else if (fields[i].required)
			code = error_set(error, -EINVAL, "member '%s' is missing, expected %s",
					 fields[i].name, type_names[fields[i].type]);
	}
	return code;
}
