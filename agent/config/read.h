/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From values to struct config. Sections are read one by one as the parser hands them out (read_pool.c,
 * read_sender.c; the top level, last, by read_global.c); then check_all() looks at what must hold
 * between them. Within config/ only.
 *
 * All functions return 0, -ENOMEM or -EINVAL with the error "FILE:LINE: found …, expected …".
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "config/syntax.h"

/* A pool's name that is looked up when all pools are known. text NULL: not given. */
struct read_name {
	char *text;
	int line;
};

struct reader {
	struct config *config; /* pools in order of the file until check_all() */
	struct error *error;
	int last_line; /* where to point to for what is missing */
	size_t senders_room;
	struct read_name default_name;
	struct read_name when_empty[POSTERN_POOLS_MAX]; /* by pool id */
};

/* Sets "FILE:LINE: …" and returns -EINVAL. */
int read_error(const struct reader *reader, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int read_out_of_memory(const struct reader *reader);

int read_pool(struct reader *reader, const struct syntax_section *section);
int read_sender(struct reader *reader, const struct syntax_section *section);
int read_global(struct reader *reader, const struct syntax_section *section);

/* ---- single values (read.c) */

/* Decimal or 0x. `what` is for the message. */
int read_number(const struct reader *reader, const struct syntax_value *value, const char *what,
		uint32_t min, uint32_t max, uint32_t *ret_number);
/* A name of a pool or sender; `size` is that of its label, NUL included. */
int read_title(const struct reader *reader, const struct syntax_section *section, size_t size,
	       char **ret_name);
/* Copy of the only value of a key; NULL where it is not set. */
int read_copy(const struct reader *reader, const struct syntax_section *section, const char *key,
	      char **ret_text);

/* ---- what must hold between sections */

/* Sorts pools by id and senders by name, resolves names of pools (check.c), and calls check_unique(). */
int check_all(struct reader *reader);
/* Addresses, handles, selectors and names of senders, each in one place only (check_unique.c). */
int check_unique(struct reader *reader);
