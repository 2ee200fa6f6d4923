/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent's event loop: one libevent base and a fixed set of sources. A source calls back until
 * loop_forget() or loop_close().
 */
#pragma once

#include <event2/util.h>
#include <stdbool.h>

struct event;
struct event_base;

enum loop_source {
	LOOP_TERM,
	LOOP_INT,
	LOOP_HUP,
	LOOP_TICK,
	LOOP_WATCH,
	LOOP_EVENTS,
	LOOP_SOURCES,
};

struct loop {
	struct event_base *base;
	struct event *sources[LOOP_SOURCES]; /* NULL: not set up */
};

/* libevent's event_callback_fn; `fd` is the signal's number for a signal. */
typedef void (*loop_callback)(evutil_socket_t fd, short what, void *data);

/* loop_close() frees the result, after a failure too. -ENOMEM. */
int loop_open(struct loop *loop);
void loop_close(struct loop *loop);

/* Each sets up a source that is not set up yet. `sec` is at least 1. -ENOMEM. */
int loop_on_signal(struct loop *loop, enum loop_source source, int number, loop_callback callback,
		   void *data);
int loop_on_readable(struct loop *loop, enum loop_source source, int fd, loop_callback callback,
		     void *data);
int loop_every(struct loop *loop, enum loop_source source, int sec, loop_callback callback,
	       void *data);
/*
 * Calls back once, after `msec`; 0 is before the next look at other sources. Where memory is short
 * it does not call.
 */
void loop_once(struct loop *loop, int msec, loop_callback callback, void *data);
/* Also where the source is not set up. */
void loop_forget(struct loop *loop, enum loop_source source);

/* Returns after loop_stop(), which a callback calls. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/*
 * Blocks (true) SIGTERM, SIGINT and SIGHUP, so that they wait for the loop, or lets them through.
 */
void loop_block_signals(bool block);
