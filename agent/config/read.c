/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds that several keys share, and the form of all errors. */
#include "config/read.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/word.h"

/* ---- errors */

int read_error(const struct reader *reader, int line, const char *format, ...)
{
	char text[900];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return error_set(reader->error, -EINVAL, "%s:%d: %s", reader->config->file, line, text);
}

int read_out_of_memory(const struct reader *reader)
{
	return error_set(reader->error, -ENOMEM, "%s: out of memory", reader->config->file);
}

int read_refuse(const struct reader *reader, const struct config_key *key,
		const struct value *value, const char *expected)
{
	if (key->kind->is_list && !key->noun)
		return read_error(reader, value->line, "found '%.100s' in '%s', expected %s",
				  value->text, key->name, expected);
	return read_error(reader, value->line, "found %s '%.100s', expected %s",
			  key->noun ? key->noun : key->name, value->text, expected);
}

/* ---- numbers */

int read_number(const struct reader *reader, const struct config_key *key,
		const struct value *value, uint32_t *ret_number)
{
	bool hexadecimal = strncmp(value->text, "0x", 2) == 0;
	unsigned long long number;
	char expected[64], *end;

	/*
	 * Not base 0, which reads 010 as eight. strtoull() takes signs and blanks, so a digit must
	 * come first. On overflow it returns its largest number, which is over every `max`.
	 */
	number = strtoull(value->text, &end, hexadecimal ? 16 : 10);
	if (isdigit((unsigned char)value->text[0]) && !*end && number >= key->min &&
	    number <= key->max) {
		*ret_number = (uint32_t)number;
		return 0;
	}
	snprintf(expected, sizeof(expected), "a number from %u to %u", key->min, key->max);
	return read_refuse(reader, key, value, expected);
}

static int number_read(const struct reader *reader, const struct config_key *key,
		       const struct value *value, void *field)
{
	return read_number(reader, key, value, field);
}

static void number_print(const struct config_key *key, const void *field, FILE *out)
{
	(void)key;
	fprintf(out, "%u\n", *(const uint32_t *)field);
}

const struct kind kind_number = {.name = "number", .read = number_read, .print = number_print};

static int duration_read(const struct reader *reader, const struct config_key *key,
			 const struct value *value, void *field)
{
	uint64_t seconds;

	if (duration_parse(value->text, &seconds) < 0 || seconds > key->max)
		return read_refuse(reader, key, value, key->expected);
	*(uint32_t *)field = (uint32_t)seconds;
	return 0;
}

const struct kind kind_duration = {.name = "duration", .read = duration_read};

/* ---- one of several words */

static int boolean_read(const struct reader *reader, const struct config_key *key,
			const struct value *value, void *field)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(words[i], value->text) != 0)
			continue;
		*(bool *)field = i % 2;
		return 0;
	}
	return read_refuse(reader, key, value, "'true' or 'false'");
}

static void boolean_print(const struct config_key *key, const void *field, FILE *out)
{
	(void)key;
	fputs(*(const bool *)field ? "true\n" : "false\n", out);
}

const struct kind kind_boolean = {.name = "boolean", .read = boolean_read, .print = boolean_print};

static_assert(sizeof(enum config_ingress) == sizeof(int), "fields of words are copied as int");

/* "'a', 'b' or 'c'" */
static void list_words(const struct config_key *key, char *ret_text, size_t size)
{
	size_t used = 0, last = key->n_words;

	while (last > 0 && !key->words[--last])
		;
	for (size_t i = 0; i <= last; i++) {
		const char *before = used == 0 ? "" : i < last ? ", " : " or ";

		if (key->words[i])
			used += (size_t)snprintf(ret_text + used, size - used, "%s'%s'", before,
						 key->words[i]);
	}
}

static int word_read(const struct reader *reader, const struct config_key *key,
		     const struct value *value, void *field)
{
	int found = word_find(key->words, key->n_words, value->text);
	char expected[128];

	if (found < 0) {
		list_words(key, expected, sizeof(expected));
		return read_refuse(reader, key, value, expected);
	}
	memcpy(field, &found, sizeof(found));
	return 0;
}

static void word_print(const struct config_key *key, const void *field, FILE *out)
{
	unsigned index;

	memcpy(&index, field, sizeof(index));
	fprintf(out, "%s\n", key->words[index]);
}

const struct kind kind_word = {.name = "word", .read = word_read, .print = word_print};

/* ---- texts */

int read_copy(const struct reader *reader, const struct config_key *key, const struct value *value,
	      char **ret_text)
{
	char *text;

	if ((key->max && strlen(value->text) > key->max) ||
	    (key->is_right && !key->is_right(value->text)))
		return read_refuse(reader, key, value, key->expected);
	text = strdup(value->text);
	if (!text)
		return read_out_of_memory(reader);
	*ret_text = text;
	return 0;
}

static int text_kind_read(const struct reader *reader, const struct config_key *key,
			  const struct value *value, void *field)
{
	return read_copy(reader, key, value, field);
}

static void text_print(const struct config_key *key, const void *field, FILE *out)
{
	const char *text = *(char *const *)field;

	(void)key;
	if (text)
		fprintf(out, "%s\n", text);
}

static void text_release(void *field)
{
	free(*(char **)field);
}

const struct kind kind_text = {
	.name = "text", .read = text_kind_read, .print = text_print, .release = text_release};

static int texts_read(const struct reader *reader, const struct config_key *key,
		      const struct value *value, void *field)
{
	struct config_texts *texts = field;
	char **grown;
	int r;

	for (size_t i = 0; key->noun && i < texts->count; i++)
		if (strcmp(texts->texts[i], value->text) == 0)
			return read_error(reader, value->line,
					  "found %s '%s' again, expected it once", key->noun,
					  value->text);
	grown = array_grow(texts->texts, texts->count, sizeof(*grown));
	if (!grown)
		return read_out_of_memory(reader);
	texts->texts = grown;
	r = read_copy(reader, key, value, &grown[texts->count]);
	texts->count += r == 0;
	return r;
}

static void texts_print(const struct config_key *key, const void *field, FILE *out)
{
	const struct config_texts *texts = field;

	(void)key;
	for (size_t i = 0; i < texts->count; i++)
		fprintf(out, "%s\n", texts->texts[i]);
}

static void texts_release(void *field)
{
	struct config_texts *texts = field;

	for (size_t i = 0; i < texts->count; i++)
		free(texts->texts[i]);
	free(texts->texts);
}

const struct kind kind_texts = {.name = "text",
				.is_list = true,
				.read = texts_read,
				.print = texts_print,
				.release = texts_release};

/* ---- names */

static int name_read(const struct reader *reader, const struct config_key *key,
		     const struct value *value, void *field)
{
	struct config_name *name = field;

	name->line = value->line;
	return read_copy(reader, key, value, &name->text);
}

static void name_print(const struct config_key *key, const void *field, FILE *out)
{
	text_print(key, &((const struct config_name *)field)->text, out);
}

static void name_release(void *field)
{
	free(((struct config_name *)field)->text);
}

const struct kind kind_name = {
	.name = "name", .read = name_read, .print = name_print, .release = name_release};

static bool is_name(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._@+-";

	return isalnum((unsigned char)text[0]) && text[strspn(text, allowed)] == '\0';
}

int read_title(const struct reader *reader, const char *kind, const struct value *title,
	       size_t size, char **ret_name)
{
	if (strlen(title->text) >= size)
		return read_error(reader, title->line,
				  "found %s name '%.100s', expected at most %zu characters", kind,
				  title->text, size - 1);
	if (!is_name(title->text))
		return read_error(reader, title->line,
				  "found %s name '%s', expected a letter or digit, then letters, "
				  "digits or . _ @ + -",
				  kind, title->text);
	*ret_name = strdup(title->text);
	return *ret_name ? 0 : read_out_of_memory(reader);
}
