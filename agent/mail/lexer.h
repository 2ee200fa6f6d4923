/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of structured headers (RFC 5322, 2045): comments, folding and quotes in one place. What is
 * never closed goes to the end of the text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct lexer {
	const char *at; /* in a text that ends with NUL */
};

/* Past white space, folds and comments, nested ones too. True: there was some. */
bool lexer_skip(struct lexer *lexer);

/* Past what is skipped, then `c`. False: something else is there, and stays. */
bool lexer_take(struct lexer *lexer, char c);

/*
 * Past what is skipped, then a quoted string (without its quotes) or what comes before white space, a
 * comment or one of `stops`. Cut to fit `size`. False: there is none.
 */
bool lexer_word(struct lexer *lexer, const char *stops, char *ret_word, size_t size);

/* Past one quoted string or character (a backslash and the next are one), which stays as it is. */
void lexer_step(struct lexer *lexer);

/* To the next of `set` that is in no comment and no quoted string, or to the end. False: the end. */
bool lexer_find(struct lexer *lexer, const char *set);
