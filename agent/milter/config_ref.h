/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration for the next message, and the older ones that messages in progress started
 * under. A message counts as a user of its configuration; one that has been replaced is freed when
 * it has no user left.
 */
#pragma once

#include <sys/queue.h>

#include "pool/lane.h"

struct config;
struct error;
struct event_base;
struct maildns;

struct config_ref {
	const struct config *config;
	struct config *owned; /* the same, or NULL: the caller's */
	struct maildns *dns;
	char high_risk_lane[LANE_NAME_SIZE]; /* "": none */
	unsigned users;
	SLIST_ENTRY(config_ref) link;
};

/* All zero: none yet. */
struct config_refs {
	struct config_ref *current;
	SLIST_HEAD(, config_ref) replaced;
};

/*
 * Makes `config` current; with `owned`, takes it over on success. -EINVAL: no address of a
 * resolver; -ENOMEM; the current one stays.
 */
int config_refs_replace(struct config_refs *refs, const struct config *config, struct config *owned,
			struct event_base *base, struct error *error);

/* Frees the replaced ones without users; not within a callback of their maildns. */
void config_refs_sweep(struct config_refs *refs);
/* There are no users any more. */
void config_refs_done(struct config_refs *refs);

/* The current one, for one message, until config_ref_put(). */
struct config_ref *config_ref_get(struct config_refs *refs);
/* NULL is fine. */
void config_ref_put(struct config_ref *ref);
