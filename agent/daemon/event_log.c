/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of members become names of fields: "sender" is POSTERN_SENDER. */
#include "daemon/event_log.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"

#define FIELDS_MAX 16

/* The fields, whose values are the caller's to free. */
struct fields {
	size_t count;
	struct log_field list[FIELDS_MAX];
};

static void fields_done(struct fields *fields)
{
	for (size_t i = 0; i < fields->count; i++)
		free((char *)fields->list[i].value);
}

/* A number as it is, a text without quotes. NULL: null, or no memory. */
static char *value_text_of(const json_t *value)
{
	if (json_is_string(value))
		return strdup(json_string_value(value));
	return json_is_null(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

static void add_field(struct fields *fields, const char *name, const json_t *value)
{
	struct log_field *field = &fields->list[fields->count];
	char *text = fields->count < FIELDS_MAX ? value_text_of(value) : NULL;

	if (!text)
		return;
	snprintf(field->name, sizeof(field->name), "POSTERN_%s", name);
	for (char *c = field->name; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	field->value = text;
	fields->count++;
}

/* Of a part of the host: it is well, and nobody has removed it. */
static bool is_well(const json_t *document)
{
	const char *state = json_string_value(json_object_get(document, "state"));

	return state && (strcmp(state, "present") == 0 || strcmp(state, "leaving") == 0);
}

/* What a person may have to act on. */
static enum log_level level_of(const json_t *document, const char *kind)
{
	static const char *const warnings[] = {"error",	      "over-limit",	"restricted",
					       "spam-sender", "standings-full", "bounce-surge",
					       "mail-dns",    "clock"};

	if (strcmp(kind, "host") == 0)
		return is_well(document) ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING;
	for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++)
		if (strcmp(kind, warnings[i]) == 0)
			return LOG_LEVEL_WARNING;
	return LOG_LEVEL_INFO;
}

static char *describe(const json_t *document, const char *kind)
{
	const char *name, *separator = ": ";
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	json_t *value;

	if (!out)
		return NULL;
	fputs(kind, out);
	json_object_foreach ((json_t *)document, name, value) {
		_cleanup_(free_p) char *word = value_text_of(value);

		if (!word || strcmp(name, "time") == 0 || strcmp(name, "event") == 0)
			continue;
		fprintf(out, "%s%s %s", separator, name, word);
		separator = ", ";
	}
	fclose(out);
	return text;
}

void event_log(const json_t *document, const char *text)
{
	const char *kind = json_string_value(json_object_get(document, "event"));
	_cleanup_(free_p) char *described = text ? NULL : describe(document, kind);
	struct fields fields = {.count = 0};
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)document, name, value) {
		add_field(&fields, name, value);
	}
	if (text || described)
		log_fields(level_of(document, kind), "agent", fields.list, fields.count, "%s",
			   text ? text : described);
	fields_done(&fields);
}
