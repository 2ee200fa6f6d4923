/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A JSON object and a struct, joined by a table with a row per member. Reading refuses unknown
 * members, missing ones that are required, and wrong types; the error's text names the member.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct error;

/* In the struct: const char *, json_int_t, double, bool, and json_t * for an array or an object. */
enum json_field_type {
	FIELD_STRING,
	FIELD_INTEGER,
	FIELD_MAYBE, /* an integer; below 0: null */
	FIELD_NUMBER,
	FIELD_BOOLEAN,
	FIELD_ARRAY,
	FIELD_OBJECT,
	FIELD_PART, /* an object; NULL: the member is left out */
};

struct json_field {
	const char *name;
	enum json_field_type type;
	bool required;
	size_t offset;	  /* in the struct */
	size_t max_bytes; /* of a string; 0: no limit */
};

/* A row of struct OWNER whose member has the name of the JSON member. */
#define JSON_FIELD(type, owner, member)                                                            \
	{                                                                                          \
#member, type, false, offsetof(struct owner, member), 0                            \
	}

/* ---- bodies of requests */

/* -EINVAL: not JSON, or a member twice. *ret_body is the caller's. */
int json_fields_parse(const char *body, size_t size, json_t **ret_body, struct error *error);

/*
 * Strings and arrays are borrowed from the body; a member that is missing leaves its place as it
 * was. -EINVAL: not an object, or a member is unknown, missing, too long or of the wrong type.
 */
int json_fields_read(const json_t *body, const struct json_field *fields, size_t n_fields,
		     void *ret_struct, struct error *error);

/*
 * Adds the struct's members to an object. NULL, 0 and false are left out, arrays always. -EINVAL: a
 * text is too long or not UTF-8; -ENOMEM.
 */
int json_fields_write(json_t *body, const struct json_field *fields, size_t n_fields,
		      const void *source, struct error *error);

/* ---- documents */

/*
 * A new object with every member: NULL is null, a text that is not UTF-8 keeps only its ASCII.
 * Consumes the arrays and objects. NULL: out of memory.
 */
json_t *json_fields_print(const struct json_field *fields, size_t n_fields, const void *source);

/*
 * The document of an agent of any version: unknown members are ignored; a member that is missing,
 * null or of another type is NULL, 0 or false, of FIELD_MAYBE -1. Everything is borrowed.
 */
void json_fields_scan(const json_t *document, const struct json_field *fields, size_t n_fields,
		      void *ret_struct);
