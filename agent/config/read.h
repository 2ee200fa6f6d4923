/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From values to struct config. Sections are read one by one as the parser hands them out (read_pool.c,
 * read_sender.c, read_policy.c, read_tenant.c; the top level, last, by read_global.c); then check_all() looks at what must hold
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

/* A policy's name at a sender, likewise. */
struct read_sender_policy {
	struct read_name name;
	size_t sender; /* index into config->senders, in the order of the file */
};

struct reader {
	struct config *config; /* pools and senders in order of the file until check_all() */
	struct error *error;
	int last_line; /* where to point to for what is missing */
	size_t senders_room;
	size_t tenants_room;
	struct read_sender_policy *sender_policies;
	size_t n_sender_policies;
	size_t sender_policies_room;
	struct read_name default_name;
	struct read_name when_empty[POSTERN_POOLS_MAX]; /* by pool id */
};

/* Sets "FILE:LINE: …" and returns -EINVAL. */
int read_error(const struct reader *reader, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int read_out_of_memory(const struct reader *reader);

int read_pool(struct reader *reader, const struct syntax_section *section);
int read_sender(struct reader *reader, const struct syntax_section *section);
int read_policy(struct reader *reader, const struct syntax_section *section);
int read_tenant(struct reader *reader, const struct syntax_section *section);
int read_global(struct reader *reader, const struct syntax_section *section);

/* ---- single values (read.c) */

/* A number that is not set; past every `max`. */
#define READ_LEFT_OUT UINT32_MAX
/* What a flow table may have room for. */
#define READ_FLOWS_LAST 16777216

/* Decimal or 0x. `what` is for the message. */
int read_number(const struct reader *reader, const struct syntax_value *value, const char *what,
		uint32_t min, uint32_t max, uint32_t *ret_number);
/* The only value of a key; *ret_number is untouched where it is not set. */
int read_number_of(const struct reader *reader, const struct syntax_section *section,
		   const char *key, uint32_t min, uint32_t max, uint32_t *ret_number);
/* A name of a pool or sender; `size` is that of its label, NUL included. */
int read_title(const struct reader *reader, const struct syntax_section *section, size_t size,
	       char **ret_name);
/* The index of a word, which is its enum's value; 0 where the key is left out. Unused words are NULL. */
#define READ_WORDS_MAX 4
int read_word(const struct reader *reader, const struct syntax_section *section, const char *key,
	      const char *const words[READ_WORDS_MAX], unsigned *ret_index);
int read_boolean(const struct reader *reader, const struct syntax_section *section, const char *key,
		 bool fallback, bool *ret_boolean);
/* Copy of the only value of a key; NULL where it is not set. */
int read_copy(const struct reader *reader, const struct syntax_section *section, const char *key,
	      char **ret_text);

/* ---- one value of a pool (read_address.c); what is allocated in it is the pool's, also after an error */

int read_pool_address(const struct reader *reader, const struct syntax_value *value,
		      struct config_address *ret_address);
int read_handle(const struct reader *reader, const struct syntax_value *value,
		struct config_address *ret_handle);
int read_helo_name(const struct reader *reader, const char *text, int line, char **ret_helo);

/* ---- what policies and tenants have in common (read_policy.c) */

int read_sender_patterns(const struct reader *reader, const struct syntax_section *section,
			 struct config_patterns *patterns);
int read_domain_patterns(const struct reader *reader, const struct syntax_section *section,
			 const char *key, struct config_patterns *patterns);
/* Untouched where the key is left out. `restricts`: those two words may stand there. */
int read_on_limit(const struct reader *reader, const struct syntax_section *section, bool restricts,
		  enum config_on_limit *ret_on_limit);

/* The TCP listener for figures (read_metrics.c). */
int read_metrics(const struct reader *reader, const struct syntax_section *section);

/* What concerns the mail itself (read_mail.c); after runtime_dir was read. */
int read_mail(const struct reader *reader, const struct syntax_section *section);
/*
 * A listening socket, "unix:PATH" or "inet:ADDRESS:PORT" with a loopback address. Left out: `name` in
 * runtime_dir.
 */
int read_socket(const struct reader *reader, const struct syntax_section *section, const char *key,
		const char *name, struct config_socket *socket);

/* Adds the ready-made policies that the file does not define; finds the default one. */
int read_ready_made(struct reader *reader);

/* ---- what must hold between sections */

/* Sorts pools by id and senders by name, resolves names of pools (check.c), and calls check_unique(). */
int check_all(struct reader *reader);
/* Addresses, handles, selectors and names of senders, each in one place only (check_unique.c). */
int check_unique(struct reader *reader);
