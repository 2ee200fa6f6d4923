/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where others reach the agent: the API's socket, the TCP port of metrics, the socketmap for Postfix. Without
 * the first there is no agent; without the others steering goes on, and it is said that they are
 * missing. The socketmap is tried again, as its directory may be Postfix's.
 */
#pragma once

#include "api/api.h"

struct config;
struct error;
struct event_base;
struct reports;
struct socketmap;
struct state;

struct doors {
	/* The caller's, before doors_open(): */
	struct event_base *base;
	struct steering *steering;
	struct judge *judge;
	struct state *state;
	struct reports *reports;
	const char *user;
	uint64_t started_ns;

	struct api api;
	const struct config *config;
	struct socketmap *socketmap; /* NULL: not there */
};

/* Sets reports->server. `config`: of the start; what another one says of doors holds from the next start on. */
int doors_open(struct doors *doors, const struct config *config, struct error *error);
/* From now on the API answers from this one. */
void doors_follow(struct doors *doors, struct steering *steering);
/* Now and then: tries again what was missing. */
void doors_look(struct doors *doors);
/* Whoever follows the events is gone after it. Also where doors_open() failed or was never called. */
void doors_close(struct doors *doors);
