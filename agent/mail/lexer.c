/* SPDX-License-Identifier: BSD-2-Clause */
/* Each function only moves forward, so the time is linear in the length of the text. */
#include "mail/lexer.h"

#include <string.h>

#include "base/text.h"

/* Passes one character, or a quoted-pair: a backslash and its successor. */
static void step(struct lexer *lexer)
{
	if (*lexer->at == '\\' && lexer->at[1])
		lexer->at++;
	lexer->at++;
}

static void skip_comment(struct lexer *lexer)
{
	size_t depth = 0;

	do {
		if (*lexer->at == '(')
			depth++;
		else if (*lexer->at == ')')
			depth--;
		step(lexer);
	} while (depth > 0 && *lexer->at);
}

bool lexer_skip(struct lexer *lexer)
{
	const char *start = lexer->at;

	while (*lexer->at) {
		if (text_is_blank(*lexer->at))
			lexer->at++;
		else if (*lexer->at == '(')
			skip_comment(lexer);
		else
			break;
	}
	return lexer->at > start;
}

bool lexer_take(struct lexer *lexer, char c)
{
	lexer_skip(lexer);
	if (*lexer->at != c || !c)
		return false;
	lexer->at++;
	return true;
}

/* Starts at the opening quote. `ret_word` may be NULL. */
static size_t read_quoted(struct lexer *lexer, char *ret_word, size_t size)
{
	size_t length = 0;

	for (lexer->at++; *lexer->at && *lexer->at != '"'; lexer->at++) {
		if (*lexer->at == '\\' && lexer->at[1])
			lexer->at++;
		else if (*lexer->at == '\r' || *lexer->at == '\n')
			continue;
		if (ret_word && length + 1 < size)
			ret_word[length++] = *lexer->at;
	}
	if (*lexer->at)
		lexer->at++;
	return length;
}

bool lexer_word(struct lexer *lexer, const char *stops, char *ret_word, size_t size)
{
	size_t length = 0;

	lexer_skip(lexer);
	if (*lexer->at == '"') {
		length = read_quoted(lexer, ret_word, size);
		ret_word[length] = '\0';
		return true;
	}
	for (; *lexer->at && !text_is_blank(*lexer->at) && *lexer->at != '(' && *lexer->at != '"' &&
	       !strchr(stops, *lexer->at);
	     lexer->at++)
		if (length + 1 < size)
			ret_word[length++] = *lexer->at;
	ret_word[length] = '\0';
	return length > 0;
}

void lexer_step(struct lexer *lexer)
{
	if (*lexer->at == '"')
		read_quoted(lexer, NULL, 0);
	else if (*lexer->at)
		step(lexer);
}

bool lexer_find(struct lexer *lexer, const char *set)
{
	while (*lexer->at && !strchr(set, *lexer->at))
		if (!lexer_skip(lexer))
			lexer_step(lexer);
	return *lexer->at != '\0';
}
