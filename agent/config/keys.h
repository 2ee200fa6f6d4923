/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each key of postern.conf is a row of the table `config_keys`. The reader, its errors, the
 * defaults, the rules of a reload and `postern check -j` follow from the row. A test compares
 * postern.conf(5) and the example with it. agent/README.md says how to add a key.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct kind;

enum config_section {
	CONFIG_TOP,
	CONFIG_POOL,
	CONFIG_SENDER,
	CONFIG_POLICY,
	CONFIG_TENANT,
	CONFIG_SECTIONS,
};

/* What must run before a new value holds; a sum. 0: a reload of agent and milter is enough. */
#define CONFIG_NEEDS_UP	    1u
#define CONFIG_NEEDS_AGENT  2u /* a restart of the agent */
#define CONFIG_NEEDS_MILTER 4u /* a restart of the milter */

struct config_key {
	enum config_section section;
	const char *name;
	const struct kind *kind; /* how text becomes a value; see read.h */
	size_t offset;	   /* of its field in struct config, config_pool, config_sender, … */
	uint32_t min, max; /* of a number; of a text: `max` characters */
	const char *const *words; /* by the value of their enum; NULL: not allowed here */
	size_t n_words;
	bool (*is_right)(const char *text); /* NULL: every text is */
	const char *expected;		    /* the end of the error for a wrong one */
	const char *noun;		    /* one value of a list, in errors */
	const char *fallback; /* default, as in the file; commas in a list; NULL: see config.h */
	unsigned needs;
	const char *help;
};

#define CONFIG_KEYS_MAX 80

/* Sorted by section; otherwise in the order of the errors that name all keys. */
extern const struct config_key config_keys[];
extern const size_t config_n_keys;

/* NULL: the top level. */
const char *config_section_name(enum config_section section);
/* NULL: no such key. */
const struct config_key *config_key_find(enum config_section section, const char *name);
/* "number", "boolean", "word", "text", … */
const char *config_key_kind(const struct config_key *key);
bool config_key_is_list(const struct config_key *key);
/*
 * The value of a key of the top level, each element of a list on a line. free() frees it; NULL: no
 * memory.
 */
char *config_key_value(const struct config_key *key, const struct config *config);

/*
 * Counts the keys of the top level whose values differ and that need one of `needs`. Writes their
 * names, "pin_path, user", cut to fit. -ENOMEM.
 */
int config_changed(const struct config *before, const struct config *after, unsigned needs,
		   char *ret_names, size_t size);
