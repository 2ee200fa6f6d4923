/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words and signs of postern.conf:
 *
 *   word     letters, digits and _ . : / @ % -, or printable ASCII in quotes, on one line. In "…" a
 *            backslash stands only before \ and "; in '…' it is plain text except before \ and '.
 *            "${" is refused: the environment is not read. '${' is plain text.
 *   sign     = += { } , ( )
 *   comment  # and // up to the end of the line, and those of C; "//" in /srv//state is part of the
 *            word
 */
#pragma once

#include <stddef.h>

struct reader;

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_SIGN };

struct token {
	enum token_kind kind;
	int line;
	const char *text; /* a word without its quotes, or the sign; gone with the next token */
};

/* Embedded; all in it is private. */
struct tokens {
	const struct reader *reader; /* for errors */
	const char *at;
	int line;
	char *word;
};

/* Borrows `text` until tokens_done(), which must follow a failure, too. -ENOMEM. */
int tokens_init(struct tokens *tokens, const struct reader *reader, const char *text);
void tokens_done(struct tokens *tokens);
/* -EINVAL: a byte, string or comment that is none of these. */
int tokens_next(struct tokens *tokens, struct token *ret_token);
/*
 * To behind the '}' that closes the next '{', without a look at what is in between: a quarter of a
 * second less in a file of 100,000 senders. -EINVAL: the file ends before.
 */
int tokens_skip_block(struct tokens *tokens);
