/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sockets of the agent: the API, the TCP port of metrics, the socketmap for Postfix. Without
 * the API the agent does not start. Without the others it reports an error, runs and retries: the
 * directory of the socketmap may belong to Postfix and appear later.
 */
#pragma once

#include "api/api.h"

struct config;
struct error;
struct rights;
struct event_base;
struct error_log;
struct socketmap;
struct state;

struct listeners {
	/* Borrowed; the caller sets them before listeners_open(): */
	struct event_base *base;
	struct steering *steering;
	struct judge *judge;
	struct rights *rights;
	struct state *state;
	struct error_log *error_log;
	const char *user;
	uint64_t started_ns;
	int (*reload)(void *owner, uint64_t *ret_number, struct error *error); /* struct api's */
	void *owner;

	struct api api;
	const struct config *config;
	struct socketmap *socketmap; /* NULL: not open */
};

/*
 * Sets error_log->server. `config` is the one of the start: listener settings change only on
 * restart. Errors: server_new()'s; -ENOMEM.
 */
int listeners_open(struct listeners *listeners, const struct config *config, struct error *error);
/* The API answers by these from now on; the caller keeps them until the next call. */
void listeners_follow(struct listeners *listeners, struct steering *steering,
		      struct rights *rights);
/*
 * Opens again what is missing: a socket whose file was removed, a port or directory that was not
 * there. The agent calls it every other second.
 */
void listeners_watch(struct listeners *listeners);
/*
 * Ends all connections, followers included. Also after a failed listeners_open(), or without one.
 */
void listeners_close(struct listeners *listeners);
