/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A section while it is read. Each value goes to the field of its key at once; defaults follow when
 * the section closes. Within config/ only; results are those of read.h.
 */
#pragma once

#include "config/keys.h"

struct reader;
struct value;

struct section {
	enum config_section kind;
	void *instance;		    /* struct config, config_pool, …: the configuration's */
	int given[CONFIG_KEYS_MAX]; /* the line of the first value; 0: none; -1: an empty list */
};

/* Adds the section to the configuration. `title` is NULL for the top level, and only there. */
int section_open(struct reader *reader, enum config_section kind, const struct value *title,
		 struct section *ret_section);
/* One value; for a list once for each element. */
int section_value(const struct reader *reader, struct section *section,
		  const struct config_key *key, const struct value *value);
/* The line of the key's first value; 0: none yet. */
int section_given(const struct section *section, const struct config_key *key);
/* An empty list: no default follows. */
void section_empty(struct section *section, const struct config_key *key);
/* Defaults, then the checks within the section. */
int section_close(const struct reader *reader, struct section *section);

/* Frees all that the keys and sections of `config` own, but not `config` itself. */
void section_release(struct config *config);
