/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where others reach the agent: the API's socket, the TCP port of metrics, the socketmap for
 * Postfix. Without the first there is no agent; without the others steering goes on, and it is said
 * that they are missing. The socketmap is tried again, as its directory may be Postfix's.
 */
#pragma once

#include "api/api.h"

struct config;
struct error;
struct event_base;
struct error_log;
struct socketmap;
struct state;

struct listeners {
	/* The caller's, before listeners_open(): */
	struct event_base *base;
	struct steering *steering;
	struct judge *judge;
	struct state *state;
	struct error_log *error_log;
	const char *user;
	uint64_t started_ns;

	struct api api;
	const struct config *config;
	struct socketmap *socketmap; /* NULL: not there */
};

/*
 * Sets error_log->server. `config`: of the start; what another one says of listeners holds from the
 * next start on.
 */
int listeners_open(struct listeners *listeners, const struct config *config, struct error *error);
/* From now on the API answers from this one. */
void listeners_follow(struct listeners *listeners, struct steering *steering);
/* Now and then: tries again what was missing. */
void listeners_retry(struct listeners *listeners);
/*
 * Whoever follows the events is gone after it. Also where listeners_open() failed or was never
 * called.
 */
void listeners_close(struct listeners *listeners);
