/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a living host does to Postern: a disturbance is a function that makes it happen with the
 * host's own commands, connects, and undoes it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "netns/traffic.h"

struct scene {
	int receiver;
	pid_t stream; /* new connections of the host, of no sender */
};

struct disturbance {
	const char *name; /* of its count */
	void (*happen)(const struct scene *scene);
};
#define DISTURBANCES_MAX 32
extern const struct disturbance disturbances[];
extern const size_t n_disturbances;

/* talk_open() with the receiver, whatever other disturbances have left in its queue. */
int scene_open(const struct scene *scene, const struct origin *origin, const char *destination,
	       int within_ms, struct talk *ret_talk);

/* ---- for them; each counts what is wrong (senders.c) */

/* A connection leaves by the pool, in the end and never by another. */
void must_leave(const struct scene *scene, const struct origin *origin, const char *destination,
		const char *pool);
/* The same, and the first one does. */
void must_leave_at_once(const struct scene *scene, const struct origin *origin,
			const char *destination, const char *pool);
/* It is refused; `at_once`: within a second. */
void must_be_refused(const struct scene *scene, const struct origin *origin,
		     const char *destination, bool at_once);
void must_succeed(bool succeeds, const char *count);
