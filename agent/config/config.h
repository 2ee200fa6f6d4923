/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postern.conf, read and checked. config_load() either gives a configuration in which every rule
 * below holds, or an error that names file:line, what was found and what was expected; the callers
 * check nothing again.
 *
 *   - pools "normal" and "high-risk" exist; every pool has at least one address; ids stay below
 *     POSTERN_POOLS_MAX; no pool is named "hold", "pass" or "drop"
 *   - an address or handle stands in one place only, over all pools; a handle is no pool's address and no source
 *   - `when_empty` is "hold" or a pool that exists; following it never comes back and never leads
 *     from "high-risk" to "normal", whatever the steps
 *   - a selector belongs to one sender and every sender has one; names are unique, fit their labels
 *     (postern/abi.h) and are made of A-Z a-z 0-9 . _ @ + - with a letter or digit first
 *   - `default` is a pool, "pass" or "drop"
 *   - the file is text, not empty and at most CONFIG_SIZE_MAX_BYTES
 *
 * The file alone decides: no environment variable and no other file is read into it.
 *
 * Below this header: text.h (is it text at all?), syntax.h (libconfuse), read.h (values and their
 * meaning, and what must hold between them).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "postern/abi.h"

struct error;

#define CONFIG_DEFAULT_FILE   "/etc/postern/postern.conf"
#define CONFIG_SIZE_MAX_BYTES (8 << 20)

/* How `up` attaches; AUTO tries the best first. Replies: AUTO and TC are the same. */
enum config_ingress { CONFIG_INGRESS_AUTO, CONFIG_INGRESS_TC };
enum config_egress { CONFIG_EGRESS_AUTO, CONFIG_EGRESS_TCX, CONFIG_EGRESS_CLSACT };

struct config_address {
	struct address address;
	unsigned weight; /* 1..1000; "ADDRESS" or "ADDRESS weight N" */
	int line;
};

struct config_pool {
	char *name;
	uint32_t id; /* POOL_NORMAL, POOL_HIGH_RISK, then in the order of the file */
	struct config_address *addresses;
	size_t n_addresses;
	struct config_address *handles; /* weight unused */
	size_t n_handles;
	char *helo;			      /* NULL: the MTA's own */
	const struct config_pool *when_empty; /* NULL: hold */
	int line;
};

enum config_selector_kind {
	CONFIG_SELECTOR_SOURCE, /* prefix; a single address is one of full length */
	CONFIG_SELECTOR_MARK,	/* number */
	CONFIG_SELECTOR_CGROUP, /* path below the cgroup v2 mount, begins with '/' */
	CONFIG_SELECTOR_UID,	/* number; a user's name was resolved when the file was read */
};

struct config_selector {
	enum config_selector_kind kind;
	struct prefix prefix;
	uint32_t number;
	char *path;
	int line;
};

struct config_sender {
	char *name;
	struct config_selector *selectors;
	size_t n_selectors;
	int line;
};

struct config {
	char *file;
	char **interfaces; /* NULL and 0: those of the default routes */
	size_t n_interfaces;
	uint16_t ports[POSTERN_PORTS_MAX]; /* default: 25; unused ones 0 */
	enum config_ingress ingress;	   /* "auto" | "tc" */
	enum config_egress egress;	   /* "auto" | "tcx" | "clsact" */
	enum verdict_action default_action;
	const struct config_pool *default_pool; /* NULL unless STEER */
	struct config_pool *pools; /* sorted by id; pools[0] is normal, pools[1] high-risk */
	size_t n_pools;
	struct config_sender *senders; /* sorted by name */
	size_t n_senders;
	bool plumb;
	char *pin_path;
	char *runtime_dir;
	char *state;
	char *user;
	uint32_t flows_max;		  /* default 262144, 1024..16777216 */
	uint32_t senders_max;		  /* default 65536, 1024..4194304 */
	uint32_t timeout_established_sec; /* default and minimum 7440 (RFC 5382 REQ-5) */
	uint32_t timeout_transitory_sec;  /* default and minimum 240 (RFC 5382 REQ-5) */
};

/*
 * Reads `file`. -ENOENT, -EACCES and the like: not readable; -EINVAL: its content is wrong or it is
 * no regular file; -EFBIG: too large. Not re-entrant: one at a time in a process. The result is the caller's, freed by config_free() (NULL is fine).
 */
int config_load(const char *file, struct config **ret_config, struct error *error);
void config_free(struct config *config);

/* Borrowed; NULL: no such pool or sender. The sender search is a binary one. */
const struct config_pool *config_pool_find(const struct config *config, const char *name);
const struct config_sender *config_sender_find(const struct config *config, const char *name);
