/* SPDX-License-Identifier: BSD-2-Clause */
/* The marks that scanners leave in the headers of spam, as configured (`spam_marks`). */
#pragma once

struct config_mail;
struct config_mark;

/*
 * The first mark that matches this header, borrowed from the configuration; NULL: none. Folds, and
 * comments before and between the words of the value, do not matter; see struct config_mark.
 */
const struct config_mark *spam_marks_find(const struct config_mail *config, const char *name,
					  const char *value);
