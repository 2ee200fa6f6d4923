/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads type, subtype and two parameters. */
#include "mail/content_type.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "mail/lexer.h"

static void read_type(struct lexer *lexer, char ret_type[CONTENT_TYPE_WORD_SIZE])
{
	char type[CONTENT_TYPE_WORD_SIZE / 2], subtype[CONTENT_TYPE_WORD_SIZE / 2];

	if (lexer_word(lexer, "/;", type, sizeof(type)) && lexer_take(lexer, '/') &&
	    lexer_word(lexer, ";", subtype, sizeof(subtype)))
		snprintf(ret_type, CONTENT_TYPE_WORD_SIZE, "%s/%s", type, subtype);
	text_lower(ret_type);
}

/* RFC 2046: a boundary does not end in white space; gateways append it. */
static void trim_boundary(char *value)
{
	size_t length = strlen(value);

	while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
		value[--length] = '\0';
	/* A longer boundary would be cut, and match no line. */
	if (length >= CONTENT_TYPE_BOUNDARY_SIZE)
		value[0] = '\0';
}

/*
 * RFC 2231: "name*" and "name*0*" are encoded, "name*0", "name*1" are pieces, in order. Cuts `name`
 * at the first asterisk.
 */
static void read_extension(char *name, bool *ret_encoded, bool *ret_continues)
{
	char *star = strchr(name, '*');
	size_t length = strlen(name);

	*ret_encoded = star && name[length - 1] == '*';
	*ret_continues = star && isdigit((unsigned char)star[1]) && strtoul(star + 1, NULL, 10) > 0;
	if (star)
		*star = '\0';
}

static int hex_of(char c)
{
	const char *digits = "0123456789abcdef";
	const char *digit = c ? strchr(digits, text_lower_character(c)) : NULL;

	return digit ? (int)(digit - digits) : -1;
}

/* "us-ascii'en'delivery%2Dstatus"; later pieces have no charset. */
static void decode(char *value, bool first)
{
	char *from = value, *to = value;
	char *quote = first ? strchr(value, '\'') : NULL;

	if (quote && strchr(quote + 1, '\''))
		from = strchr(quote + 1, '\'') + 1;
	while (*from) {
		int high = *from == '%' ? hex_of(from[1]) : -1;
		int low = high >= 0 ? hex_of(from[2]) : -1;

		*to++ = low > 0 || high > 0 ? (char)(high * 16 + low) : *from;
		from += low > 0 || high > 0 ? 3 : 1;
	}
	*to = '\0';
}

/* The first value counts, with the pieces behind it. */
static void take_value(const char *value, bool continues, char *ret_text, size_t size)
{
	size_t length = strlen(ret_text);

	if ((length > 0) == continues)
		snprintf(ret_text + length, size - length, "%.*s", (int)(size - length - 1), value);
}

static void read_parameter(struct lexer *lexer, struct content_type *content)
{
	char name[CONTENT_TYPE_WORD_SIZE], value[CONTENT_TYPE_BOUNDARY_SIZE + 1];
	bool encoded, continues;

	if (!lexer_word(lexer, "=;", name, sizeof(name)) || !lexer_take(lexer, '=') ||
	    !lexer_word(lexer, ";", value, sizeof(value)))
		return;
	read_extension(name, &encoded, &continues);
	if (encoded)
		decode(value, !continues);
	if (strcasecmp(name, "boundary") == 0) {
		trim_boundary(value);
		take_value(value, continues, content->boundary, sizeof(content->boundary));
	} else if (strcasecmp(name, "report-type") == 0) {
		take_value(value, continues, content->report_type, sizeof(content->report_type));
		text_lower(content->report_type);
	}
}

void content_type_read(const char *value, struct content_type *ret_content)
{
	struct lexer lexer = {.at = value};

	*ret_content = (struct content_type){.type = ""};
	read_type(&lexer, ret_content->type);
	while (lexer_find(&lexer, ";")) {
		lexer.at++;
		read_parameter(&lexer, ret_content);
	}
}
