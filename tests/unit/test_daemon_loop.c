/* SPDX-License-Identifier: BSD-2-Clause */
/* The event loop with real signals and a real pipe. */
#include "daemon/loop.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <unistd.h>

#define ROUNDS_MAX 100 /* a loop that does not end is a failure */

static struct loop loop;
static int ends[2];
static int calls;
static evutil_socket_t last;

static void start(void)
{
	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(loop_open(&loop), 0);
}

static void stop(void)
{
	loop_close(&loop);
}

TestSuite(daemon_loop, .init = start, .fini = stop, .timeout = 30);

static void note(evutil_socket_t fd, short what, void *data)
{
	(void)what;
	cr_assert_eq(data, &loop);
	last = fd;
	if (++calls == ROUNDS_MAX)
		loop_stop(&loop);
}

static void note_and_stop(evutil_socket_t fd, short what, void *data)
{
	note(fd, what, data);
	loop_stop(&loop);
}

static void end(evutil_socket_t fd, short what, void *data)
{
	(void)fd, (void)what, (void)data;
	loop_stop(&loop);
}

Test(daemon_loop, a_signal_calls_back_with_its_number)
{
	cr_assert_eq(loop_on_signal(&loop, LOOP_HUP, SIGHUP, note_and_stop, &loop), 0);
	raise(SIGHUP);
	loop_run(&loop);
	cr_expect_eq(calls, 1);
	cr_expect_eq(last, SIGHUP);
}

Test(daemon_loop, a_blocked_signal_waits)
{
	cr_assert_eq(loop_on_signal(&loop, LOOP_TERM, SIGTERM, note_and_stop, &loop), 0);
	loop_block_signals(true);
	raise(SIGTERM);
	loop_once(&loop, 10, end, NULL);
	loop_run(&loop);
	cr_expect_eq(calls, 0);
	loop_block_signals(false);
	loop_run(&loop);
	cr_expect_eq(calls, 1);
}

Test(daemon_loop, a_readable_source_calls_back_until_it_is_forgotten)
{
	cr_assert_eq(loop_on_readable(&loop, LOOP_EVENTS, ends[0], note, &loop), 0);
	cr_assert_eq(write(ends[1], "", 1), 1);
	loop_run(&loop);
	cr_expect_eq(calls, ROUNDS_MAX);
	cr_expect_eq(last, ends[0]);
	loop_forget(&loop, LOOP_EVENTS);
	loop_once(&loop, 10, end, NULL);
	loop_run(&loop);
	cr_expect_eq(calls, ROUNDS_MAX);
}

Test(daemon_loop, a_source_can_be_set_up_again)
{
	cr_assert_eq(loop_on_readable(&loop, LOOP_EVENTS, ends[1], note_and_stop, &loop), 0);
	loop_forget(&loop, LOOP_EVENTS);
	loop_forget(&loop, LOOP_EVENTS);
	cr_assert_eq(loop_on_readable(&loop, LOOP_EVENTS, ends[0], note_and_stop, &loop), 0);
	cr_assert_eq(write(ends[1], "", 1), 1);
	loop_run(&loop);
	cr_expect_eq(last, ends[0]);
}

Test(daemon_loop, one_that_was_never_opened_can_be_closed)
{
	struct loop unused = {0};

	loop_close(&unused);
	cr_expect_null(unused.base);
}
