/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the text of a value to the field of its key: the kinds that several keys share. Within
 * config/ only.
 *
 * All functions that return int return 0, -ENOMEM, or -EINVAL with the error "FILE:LINE: found …,
 * expected …".
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "config/keys.h"

/* A number that is left out and has no fallback; over every `max`. */
#define READ_LEFT_OUT UINT32_MAX

#define READ_UNICAST "a unicast address (not unspecified, loopback, multicast or broadcast)"

struct reader {
	struct config *config; /* pools and senders in the order of the file until check_all() */
	struct error *error;
	bool top_only; /* sections are passed over */
	int last_line; /* errors about missing sections and values point here */
};

struct value {
	const char *text; /* borrowed; never empty */
	int line;	  /* 0: a default */
};

/*
 * How the keys of a kind read, print and free their field. A list is read element by element; an
 * error leaves the field as it was before the element.
 */
struct kind {
	const char *name;
	bool is_list;
	int (*read)(const struct reader *reader, const struct config_key *key,
		    const struct value *value, void *field);
	/* One line for each element; NULL: no key of the top level is of this kind. */
	void (*print)(const struct config_key *key, const void *field, FILE *out);
	void (*release)(void *field); /* NULL: the field owns nothing */
};

/* Declares a kind, and the type of the field that it reads into: KEY() in keys.c compares it. */
#define KIND(name, type)                                                                           \
	extern const struct kind name;                                                             \
	typedef __typeof__(type) name##_field

KIND(kind_number, uint32_t);
KIND(kind_boolean, bool);
KIND(kind_word, unsigned);	       /* an enum, by the key's words */
KIND(kind_text, char *);	       /* by is_right() */
KIND(kind_texts, struct config_texts); /* each by is_right() */
KIND(kind_duration, uint32_t);	       /* seconds */
KIND(kind_name, struct config_name);   /* check.c finds what it names */

/* Sets "FILE:LINE: …" and returns -EINVAL. */
int read_error(const struct reader *reader, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int read_out_of_memory(const struct reader *reader);
/* "found KEY 'VALUE', expected …"; a list without a noun: "found 'VALUE' in 'KEY', expected …". */
int read_refuse(const struct reader *reader, const struct config_key *key,
		const struct value *value, const char *expected);

/* Decimal or 0x, within the key's bounds. */
int read_number(const struct reader *reader, const struct config_key *key,
		const struct value *value, uint32_t *ret_number);
/* The key's is_right() and max hold for the copy, which the caller frees. */
int read_copy(const struct reader *reader, const struct config_key *key, const struct value *value,
	      char **ret_text);
/* The name of a pool, sender, policy or tenant; `size` is that of its label, NUL included. */
int read_title(const struct reader *reader, const char *kind, const struct value *title,
	       size_t size, char **ret_name);
