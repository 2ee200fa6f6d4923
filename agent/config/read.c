/* SPDX-License-Identifier: BSD-2-Clause */
/* Values that occur in more than one kind of section, and the form of all errors. */
#include "config/read.h"

#include <confuse.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

int read_error(const struct reader *reader, int line, const char *format, ...)
{
	char text[768];
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

int read_number(const struct reader *reader, const struct syntax_value *value, const char *what,
		uint32_t min, uint32_t max, uint32_t *ret_number)
{
	bool hexadecimal = strncmp(value->text, "0x", 2) == 0;
	unsigned long long number;
	char *end;

	/*
	 * Not base 0, which would read 010 as eight; and strtoull() alone takes signs and blanks. What
	 * overflows becomes the largest number there is, which is past any `max`.
	 */
	number = strtoull(value->text, &end, hexadecimal ? 16 : 10);
	if (!isdigit((unsigned char)value->text[0]) || *end || number < min || number > max)
		return read_error(reader, value->line,
				  "found %s '%.100s', expected a number from %u to %u", what,
				  value->text, min, max);
	*ret_number = (uint32_t)number;
	return 0;
}

int read_number_of(const struct reader *reader, const struct syntax_section *section,
		   const char *key, uint32_t min, uint32_t max, uint32_t *ret_number)
{
	const struct syntax_value *value = syntax_get(section, key, 0);

	return value ? read_number(reader, value, key, min, max, ret_number) : 0;
}

static bool is_name(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._@+-";

	return isalnum((unsigned char)text[0]) && text[strspn(text, allowed)] == '\0';
}

int read_title(const struct reader *reader, const struct syntax_section *section, size_t size,
	       char **ret_name)
{
	if (strlen(section->title) >= size)
		return read_error(reader, section->line,
				  "found %s name '%.100s', expected at most %zu characters",
				  section->kind, section->title, size - 1);
	if (!is_name(section->title))
		return read_error(reader, section->line,
				  "found %s name '%s', expected a letter or digit, then letters, "
				  "digits or . _ @ + -",
				  section->kind, section->title);
	*ret_name = strdup(section->title);
	return *ret_name ? 0 : read_out_of_memory(reader);
}

int read_word(const struct reader *reader, const struct syntax_section *section, const char *key,
	      const char *const words[READ_WORDS_MAX], unsigned *ret_index)
{
	const struct syntax_value *value = syntax_get(section, key, 0);
	char expected[128];
	size_t used = 0;

	*ret_index = 0;
	if (!value)
		return 0;
	for (unsigned i = 0; i < READ_WORDS_MAX && words[i]; i++) {
		bool last = i + 1 == READ_WORDS_MAX || !words[i + 1];
		const char *before = last ? " or " : ", ";

		if (strcmp(words[i], value->text) == 0) {
			*ret_index = i;
			return 0;
		}
		used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s'%s'",
					 i ? before : "", words[i]);
	}
	return read_error(reader, value->line, "found %s '%.100s', expected %s", key, value->text,
			  expected);
}

int read_boolean(const struct reader *reader, const struct syntax_section *section, const char *key,
		 bool fallback, bool *ret_boolean)
{
	const struct syntax_value *value = syntax_get(section, key, 0);
	int boolean = value ? cfg_parse_boolean(value->text) : fallback;

	if (boolean < 0)
		return read_error(reader, value->line,
				  "found %s '%.100s', expected 'true' or 'false'", key,
				  value->text);
	*ret_boolean = boolean;
	return 0;
}

int read_copy(const struct reader *reader, const struct syntax_section *section, const char *key,
	      char **ret_text)
{
	const struct syntax_value *value = syntax_get(section, key, 0);
	char *text = NULL;

	if (value) {
		text = strdup(value->text);
		if (!text)
			return read_out_of_memory(reader);
	}
	*ret_text = text;
	return 0;
}
