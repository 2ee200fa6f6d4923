/* SPDX-License-Identifier: BSD-2-Clause */
/* What scanners leave in the headers of spam, as configured (`spam_marks`). */
#pragma once

struct config_mail;
struct config_mark;

/*
 * The first mark that this header is, borrowed from the configuration; NULL: none. The value is looked at
 * without folds, and without comments before and between its words; see struct config_mark.
 */
const struct config_mark *spam_marks_find(const struct config_mail *config, const char *name,
					  const char *value);
