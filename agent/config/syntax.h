/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which keys and sections there are, and libconfuse, which finds them. Every value comes out as text
 * with its line; what it means is for read.h.
 *
 * libconfuse is given types of our own only (CFG_PTR), so that each value passes through one callback
 * while the parser's line is still that of the value. Sections are handed out and dropped as each one
 * closes: libconfuse compares a section's title with those of all it holds, which would take
 * minutes for 100,000 senders.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct cfg_t;
struct error;

struct syntax_value {
	int line;
	char text[];
};

struct syntax_section {
	const char *kind;  /* "pool", "sender", …; NULL: the top level */
	const char *title; /* NULL at the top level */
	int line;	   /* where it opens */
	struct cfg_t *keys;
};

/* A negative errno ends the parse and is returned from it. */
typedef int (*syntax_visitor)(void *data, const struct syntax_section *section);

/*
 * Visits every section in the order of the file, the top level last. `text` comes from text_read();
 * `file` is its name for errors. -EINVAL: not of the syntax, or no such key; -ENOMEM.
 */
int syntax_parse(const char *file, const char *text, syntax_visitor visitor, void *data,
		 struct error *error);

/* Also true for an empty list. The key must be one of the section's. */
bool syntax_is_set(const struct syntax_section *section, const char *key);
size_t syntax_count(const struct syntax_section *section, const char *key);
/* Borrowed for the visit; NULL: no such value. */
const struct syntax_value *syntax_get(const struct syntax_section *section, const char *key,
				      size_t index);
