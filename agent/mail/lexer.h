/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words of structured headers (RFC 5322, 2045), with comments, folding and quotes. An unclosed
 * comment or quoted string extends to the end of the text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct lexer {
	const char *at; /* NUL-terminated text */
};

/* Skips white space, folds and comments, also nested ones. True: there were some. */
bool lexer_skip(struct lexer *lexer);

/* Skips, then takes `c`. False: another character follows, and stays. */
bool lexer_take(struct lexer *lexer, char c);

/*
 * Skips, then takes a quoted string (without its quotes), or the characters up to white space, a
 * comment or one of `stops`. Cut to fit `size`. False: no word follows.
 */
bool lexer_word(struct lexer *lexer, const char *stops, char *ret_word, size_t size);

/* Passes one quoted string or one character; a backslash and its successor count as one. */
void lexer_step(struct lexer *lexer);

/*
 * Passes to the next character of `set` outside of comments and quoted strings. False: to the end
 * of the text.
 */
bool lexer_find(struct lexer *lexer, const char *set);
