/* SPDX-License-Identifier: BSD-2-Clause */
/* A real thread beside a real loop. */
#include "daemon/worker.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <semaphore.h>

#include "daemon/loop.h"

static struct loop loop;
static struct worker *worker;
static sem_t go, begun;
static pthread_t worked_in, done_in;
static int works, dones;

static void start(void)
{
	cr_assert_eq(loop_open(&loop), 0);
	sem_init(&go, 0, 0);
	sem_init(&begun, 0, 0);
}

static void stop(void)
{
	loop_close(&loop);
}

TestSuite(daemon_worker, .init = start, .fini = stop, .timeout = 30);

/* Ends only when the loop has answered somebody else meanwhile. */
static void work(void *data)
{
	cr_assert_eq(data, &loop);
	worked_in = pthread_self();
	sem_post(&begun);
	sem_wait(&go);
	works++;
}

static void done(void *data)
{
	cr_assert_eq(data, &loop);
	done_in = pthread_self();
	dones++;
	loop_stop(&loop);
}

static void answer(evutil_socket_t fd, short what, void *data)
{
	(void)fd, (void)what, (void)data;
	sem_post(&go);
}

Test(daemon_worker, the_loop_goes_on_while_a_thread_works)
{
	cr_assert_eq(worker_start(loop.base, work, done, &loop, &worker), 0);
	loop_once(&loop, 1, answer, NULL);
	loop_run(&loop);
	cr_expect_eq(works, 1);
	cr_expect_eq(dones, 1);
	cr_expect_not(pthread_equal(worked_in, pthread_self()));
	cr_expect(pthread_equal(done_in, pthread_self()));
}

Test(daemon_worker, cancelling_waits_for_the_work_and_reports_nothing)
{
	cr_assert_eq(worker_start(loop.base, work, done, &loop, &worker), 0);
	sem_wait(&begun);
	sem_post(&go);
	worker_cancel(worker);
	cr_expect_eq(works, 1);
	cr_expect_eq(dones, 0);
}
