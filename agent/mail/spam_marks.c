/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares word by word, without regard to case. */
#include "mail/spam_marks.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "config/config.h"
#include "mail/lexer.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool begins_with(const char *value, const char *mark)
{
	struct lexer lexer = {.at = value};

	/* A mark that begins with '(' matches a comment. */
	if (*mark != '(')
		lexer_skip(&lexer);
	else
		lexer.at += strspn(value, " \t\r\n");
	while (*mark) {
		if (is_blank(*mark)) {
			if (!lexer_skip(&lexer))
				return false;
			mark += strspn(mark, " \t");
		} else if (text_lower_character(*lexer.at++) != text_lower_character(*mark++)) {
			return false;
		}
	}
	return !isalnum((unsigned char)*lexer.at);
}

const struct config_mark *spam_marks_find(const struct config_mail *config, const char *name,
					  const char *value)
{
	for (size_t i = 0; i < config->n_spam_marks; i++) {
		const struct config_mark *mark = &config->spam_marks[i];

		if (strcasecmp(mark->header, name) == 0 && begins_with(value, mark->value))
			return mark;
	}
	return NULL;
}
