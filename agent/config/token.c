/* SPDX-License-Identifier: BSD-2-Clause */
/* Cuts text into tokens. Their order is checked by syntax.c. */
#include "config/token.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config/read.h"

int tokens_init(struct tokens *tokens, const struct reader *reader, const char *text)
{
	*tokens = (struct tokens){.reader = reader, .at = text, .line = 1};
	tokens->word = malloc(strlen(text) + 1);
	return tokens->word ? 0 : read_out_of_memory(reader);
}

void tokens_done(struct tokens *tokens)
{
	free(tokens->word);
}

/* ---- between tokens */

static void skip_line(struct tokens *tokens)
{
	tokens->at += strcspn(tokens->at, "\n");
}

static int skip_c_comment(struct tokens *tokens)
{
	const char *end = strstr(tokens->at + 2, "*/");

	if (!end)
		return read_error(tokens->reader, tokens->line,
				  "found a comment that is never closed, expected '*/'");
	for (; tokens->at < end + 2; tokens->at++)
		tokens->line += *tokens->at == '\n';
	return 0;
}

static bool begins(const struct tokens *tokens, const char *text)
{
	return strncmp(tokens->at, text, strlen(text)) == 0;
}

static int skip_blanks(struct tokens *tokens)
{
	int r = 0;

	while (r == 0) {
		const char c = *tokens->at;

		if (c == '#' || (c == '/' && tokens->at[1] == '/'))
			skip_line(tokens);
		else if (c == '/' && tokens->at[1] == '*')
			r = skip_c_comment(tokens);
		else if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			tokens->line += *tokens->at++ == '\n';
		else
			break;
	}
	return r;
}

/* ---- tokens */

static int refuse_byte(const struct tokens *tokens, const char *expected)
{
	unsigned char c = (unsigned char)*tokens->at;

	if (isgraph(c))
		return read_error(tokens->reader, tokens->line, "found '%c', expected %s", c,
				  expected);
	return read_error(tokens->reader, tokens->line, "found byte 0x%02x, expected text", c);
}

/* One character of a string; past it is the next one. */
static int read_character(struct tokens *tokens, char quote, char *ret_character)
{
	char next = tokens->at[1];

	if (*tokens->at == '\0' || *tokens->at == '\n')
		return read_error(tokens->reader, tokens->line,
				  "found a string that is never closed, expected %c before the end "
				  "of the line",
				  quote);
	if (!isprint((unsigned char)*tokens->at) && *tokens->at != '\t')
		return refuse_byte(tokens, "text");
	if (quote == '"' && begins(tokens, "${"))
		return read_error(tokens->reader, tokens->line,
				  "found '${', expected the value itself (nothing is taken from "
				  "the environment)");
	if (*tokens->at == '\\' && (next == '\\' || next == quote))
		tokens->at++;
	else if (*tokens->at == '\\' && quote == '"')
		return read_error(tokens->reader, tokens->line,
				  "found '\\' in a string, expected '\\\\', '\\\"' or quotes of "
				  "the other kind ('…')");
	*ret_character = *tokens->at++;
	return 0;
}

static int read_string(struct tokens *tokens)
{
	char quote = *tokens->at++;
	size_t size = 0;

	if (*tokens->at == quote)
		return read_error(tokens->reader, tokens->line,
				  "found an empty string, expected text in it");
	while (*tokens->at != quote) {
		int r = read_character(tokens, quote, &tokens->word[size++]);

		if (r < 0)
			return r;
	}
	tokens->at++;
	tokens->word[size] = '\0';
	return 0;
}

/* A table: each character of the file is asked for. */
static bool is_word_character(char c)
{
	static const bool words[256] = {
		['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['_'] = true,
		['.'] = true,	      [':'] = true,	    ['/'] = true,	  ['@'] = true,
		['%'] = true,	      ['-'] = true,
	};

	return words[(unsigned char)c];
}

/* A comment ends the word, but "//" does so only where no more of the word stands behind it. */
static bool is_of_word(const char *at)
{
	const char *behind = at;

	if (*at != '/')
		return is_word_character(*at);
	while (*behind == '/')
		behind++;
	return at[1] != '*' && (behind == at + 1 || is_word_character(*behind));
}

static int read_plain(struct tokens *tokens)
{
	size_t size = 0;

	while (is_of_word(tokens->at))
		tokens->word[size++] = *tokens->at++;
	tokens->word[size] = '\0';
	return size ? 0
		    : refuse_byte(tokens, "a key, a value (in quotes where it is more than a "
					  "word), '=', ',' or braces");
}

static bool read_sign(struct tokens *tokens, struct token *token)
{
	static const char *const signs[] = {"=", "+=", "{", "}", ",", "(", ")"};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (*tokens->at != *signs[i] || !begins(tokens, signs[i]))
			continue;
		tokens->at += strlen(signs[i]);
		token->kind = TOKEN_SIGN;
		token->text = signs[i];
		return true;
	}
	return false;
}

int tokens_next(struct tokens *tokens, struct token *ret_token)
{
	struct token token = {.kind = TOKEN_WORD, .text = tokens->word};
	int r = skip_blanks(tokens);

	if (r < 0)
		return r;
	token.line = tokens->line;
	if (*tokens->at == '\0')
		token = (struct token){TOKEN_END, tokens->line, "the end of the file"};
	else if (*tokens->at == '"' || *tokens->at == '\'')
		r = read_string(tokens);
	else if (!read_sign(tokens, &token))
		r = read_plain(tokens);
	if (r == 0)
		*ret_token = token;
	return r;
}

/* ---- over a block */

/* Behind the quote that ends the string, or at the end of a line where none does. */
static void skip_string(struct tokens *tokens)
{
	const char quote = *tokens->at++;

	for (; *tokens->at != quote && *tokens->at && *tokens->at != '\n'; tokens->at++)
		if (*tokens->at == '\\' && (tokens->at[1] == '\\' || tokens->at[1] == quote))
			tokens->at++;
	tokens->at += *tokens->at == quote;
}

static void skip_word(struct tokens *tokens)
{
	while (is_of_word(tokens->at))
		tokens->at++;
}

static int skip_any(struct tokens *tokens)
{
	const char c = *tokens->at;

	if (c == '"' || c == '\'')
		skip_string(tokens);
	else if (c == '#' || c == '/')
		return skip_blanks(tokens);
	else if (is_word_character(c))
		skip_word(tokens);
	else
		tokens->line += *tokens->at++ == '\n';
	return 0;
}

int tokens_skip_block(struct tokens *tokens)
{
	int depth = 0, r = 0;

	while (r == 0 && *tokens->at) {
		const char *before = tokens->at;

		depth += *before == '{';
		depth -= *before == '}';
		r = skip_any(tokens);
		if (tokens->at == before)
			tokens->at++; /* a '/' of its own */
		if (*before == '}' && depth <= 0)
			return r;
	}
	return r < 0 ? r
		     : read_error(tokens->reader, tokens->line,
				  "found the end of the file, expected '}'");
}
