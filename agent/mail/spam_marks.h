/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The marks that scanners leave in the headers of spam, as configured (`spam_marks`). A header that
 * the file names counts wherever it stands. Of a named scanner one verdict counts, the last or the
 * first (config/scanner.h): that is the scanner's own, and a header from elsewhere is not.
 */
#pragma once

#include <stdint.h>

#include "config/scanner.h"

struct config_mail;
struct config_mark;

/* All zero before the first header. */
struct spam_marks {
	const struct config_mark *plain;		  /* the first; NULL: none */
	uint32_t said;					  /* scanners with a verdict, by place */
	const struct config_mark *verdicts[SCANNERS_MAX]; /* of these: the mark that counts */
};

/* Takes one header; the topmost comes first. */
void spam_marks_read(struct spam_marks *marks, const struct config_mail *config, const char *name,
		     const char *value);

/* The mark by which the message is spam, borrowed from the configuration; NULL: none. */
const struct config_mark *spam_marks_result(const struct spam_marks *marks);

/*
 * The first mark of this header, borrowed from the configuration; NULL: none. Folds, and comments
 * before and between the words of the value, do not matter; see struct config_mark.
 */
const struct config_mark *spam_marks_find(const struct config_mail *config, const char *name,
					  const char *value);
