/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread that ends by writing to an eventfd, for which the loop waits. */
#include "daemon/worker.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"

struct worker {
	worker_call work, done;
	void *data;
	pthread_t thread;
	struct event *ended;
	int fd;
};

static void *run(void *data)
{
	struct worker *worker = data;

	worker->work(worker->data);
	eventfd_write(worker->fd, 1);
	return NULL;
}

static void release(struct worker *worker)
{
	if (worker->ended)
		event_free(worker->ended);
	if (worker->fd >= 0)
		close(worker->fd);
	free(worker);
}

void worker_cancel(struct worker *worker)
{
	if (!worker)
		return;
	pthread_join(worker->thread, NULL);
	release(worker);
}

static void on_end(evutil_socket_t fd, short what, void *data)
{
	struct worker *worker = data;
	worker_call done = worker->done;
	void *argument = worker->data;

	(void)fd, (void)what;
	worker_cancel(worker);
	done(argument);
}

/* Signals belong to the thread of the event loop. */
static int start_thread(struct worker *worker)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	r = pthread_create(&worker->thread, NULL, run, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

int worker_start(struct event_base *base, worker_call work, worker_call done, void *data,
		 struct worker **ret_worker)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int r = -ENOMEM;

	if (!worker)
		return -ENOMEM;
	*worker = (struct worker){.work = work, .done = done, .data = data};
	worker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->fd >= 0)
		worker->ended = event_new(base, worker->fd, EV_READ, on_end, worker);
	if (worker->ended && event_add(worker->ended, NULL) == 0)
		r = start_thread(worker);
	if (r < 0)
		release(worker);
	else
		*ret_worker = worker;
	return r;
}
