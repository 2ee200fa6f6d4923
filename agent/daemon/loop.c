/* SPDX-License-Identifier: BSD-2-Clause */
/* A thin layer over libevent that knows what the agent waits for. */
#include "daemon/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stddef.h>

#include "base/cleanup.h"

/*
 * An answer of the API turns writing on and off again: with the changelist this needs no system
 * call.
 */
int loop_open(struct loop *loop)
{
	struct event_config *config = event_config_new();

	*loop = (struct loop){0};
	if (config && event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) == 0)
		loop->base = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	return loop->base ? 0 : -ENOMEM;
}

void loop_close(struct loop *loop)
{
	for (enum loop_source source = 0; source < LOOP_SOURCES; source++)
		loop_forget(loop, source);
	if (loop->base)
		event_base_free(TAKE_PTR(loop->base));
}

static int set_up(struct loop *loop, enum loop_source source, struct event *event,
		  const struct timeval *interval)
{
	loop->sources[source] = event;
	return event && event_add(event, interval) == 0 ? 0 : -ENOMEM;
}

int loop_on_signal(struct loop *loop, enum loop_source source, int number, loop_callback callback,
		   void *data)
{
	return set_up(loop, source, evsignal_new(loop->base, number, callback, data), NULL);
}

int loop_on_readable(struct loop *loop, enum loop_source source, int fd, loop_callback callback,
		     void *data)
{
	return set_up(loop, source, event_new(loop->base, fd, EV_READ | EV_PERSIST, callback, data),
		      NULL);
}

int loop_every(struct loop *loop, enum loop_source source, int sec, loop_callback callback,
	       void *data)
{
	const struct timeval interval = {.tv_sec = sec};

	return set_up(loop, source, event_new(loop->base, -1, EV_PERSIST, callback, data),
		      &interval);
}

void loop_once(struct loop *loop, int msec, loop_callback callback, void *data)
{
	const struct timeval delay = {.tv_sec = msec / 1000, .tv_usec = msec % 1000 * 1000};

	event_base_once(loop->base, -1, EV_TIMEOUT, callback, data, &delay);
}

void loop_forget(struct loop *loop, enum loop_source source)
{
	if (loop->sources[source])
		event_free(TAKE_PTR(loop->sources[source]));
}

void loop_run(struct loop *loop)
{
	event_base_dispatch(loop->base);
}

void loop_stop(struct loop *loop)
{
	event_base_loopbreak(loop->base);
}

void loop_block_signals(bool block)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(block ? SIG_BLOCK : SIG_UNBLOCK, &signals, NULL);
}
