/* SPDX-License-Identifier: BSD-2-Clause */
/* The body of a request: a JSON object whose members are all known and of the right type. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct error;

enum field_type { FIELD_STRING, FIELD_INTEGER, FIELD_BOOLEAN, FIELD_ARRAY };

struct field {
	const char *name;
	enum field_type type;
	bool required;
	/* const char **, const json_t ** (both borrowed from the body), json_int_t *, bool *; untouched
	 * where it is missing. */
	void *ret;
};

/* -EINVAL: not JSON, not an object, a member unknown, missing or of another type: said in the text. */
int fields_parse(const char *body, size_t size, json_t **ret_body, struct error *error);
int fields_read(const json_t *body, const struct field *fields, size_t n_fields,
		struct error *error);
