/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads type, subtype and two parameters. */
#include "mail/content_type.h"

#include <stdio.h>
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

/* A longer boundary would be cut, and match no line. */
static void take_boundary(const char *value, char ret_boundary[CONTENT_TYPE_BOUNDARY_SIZE])
{
	size_t length = strlen(value);

	/* RFC 2046: a boundary does not end in white space; gateways append it. */
	while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
		length--;
	if (length < CONTENT_TYPE_BOUNDARY_SIZE)
		snprintf(ret_boundary, CONTENT_TYPE_BOUNDARY_SIZE, "%.*s", (int)length, value);
}

static void read_parameter(struct lexer *lexer, struct content_type *content)
{
	char name[CONTENT_TYPE_WORD_SIZE], value[CONTENT_TYPE_BOUNDARY_SIZE + 1];

	if (!lexer_word(lexer, "=;", name, sizeof(name)) || !lexer_take(lexer, '=') ||
	    !lexer_word(lexer, ";", value, sizeof(value)))
		return;
	if (strcasecmp(name, "boundary") == 0 && !*content->boundary) {
		take_boundary(value, content->boundary);
	} else if (strcasecmp(name, "report-type") == 0 && !*content->report_type) {
		snprintf(content->report_type, sizeof(content->report_type), "%.*s",
			 CONTENT_TYPE_WORD_SIZE - 1, value);
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
