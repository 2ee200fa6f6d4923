/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One piece of work in a thread of its own, so that the event loop goes on to answer. The thread
 * shares nothing with the loop but `data`, which the loop leaves alone until `done`.
 */
#pragma once

struct event_base;
struct worker;

typedef void (*worker_call)(void *data);

/* Calls work(data) in a thread, then done(data) in the loop. -ENOMEM, -EAGAIN: no thread. */
int worker_start(struct event_base *base, worker_call work, worker_call done, void *data,
		 struct worker **ret_worker);
/* Waits for the end of the work; `done` is not called. Not after `done` has begun. NULL is fine. */
void worker_cancel(struct worker *worker);
