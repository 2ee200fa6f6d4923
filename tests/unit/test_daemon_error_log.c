/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors in the log, in the list of the last ones, and at a follower of the events over a real
 * socket.
 */
#include "daemon/error_log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "api/server.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/names.h"
#include "common/served.h"
#include "unit/scratch.h"
#include "unit/steering_fixture.h"

#define FOLLOW "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n"

static struct error_log error_log;
static json_t *list;

/* stderr goes to the file "log". */
static void start(void)
{
	int fd;

	steering_fixture_open();
	scratch_open();
	fd = open(scratch_path("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	cr_assert_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
	unsetenv("JOURNAL_STREAM");
	error_log.recent = recent_errors_new();
}

static void stop(void)
{
	json_decref(list);
	recent_errors_free(error_log.recent);
	scratch_close();
	steering_fixture_close();
}

TestSuite(daemon_error_log, .init = start, .fini = stop, .timeout = 30);

static void add(const char *text)
{
	struct error error;

	error_set(&error, 0, "%s", text);
	error_log_add(&error_log, &error);
}

static const char *recent(size_t index, const char *member)
{
	json_decref(list);
	list = recent_errors_json(error_log.recent, clock_monotonic_ns());
	return json_string_value(json_object_get(json_array_get(list, index), member));
}

Test(daemon_error_log, an_error_is_one_line_and_among_the_last_ones)
{
	add("the disk is full");
	add("the disk is full");
	cr_expect_str_eq(scratch_read("log"), "agent: the disk is full\n");
	cr_expect_str_eq(recent(0, "text"), "the disk is full");
	cr_expect_str_eq(recent(0, "what"), "agent");
	cr_expect_eq(json_array_size(list), 1);
	cr_expect_eq(json_integer_value(json_object_get(json_array_get(list, 0), "count")), 2);
}

static struct event drop(uint32_t sender, uint32_t pool)
{
	struct event event = {.counter = COUNTER_dropped_no_port,
			      .sender = sender,
			      .pool = pool,
			      .source_port = 40000,
			      .destination_port = 25};

	event.source[10] = event.source[11] = event.destination[10] = event.destination[11] = 0xff;
	memcpy(event.source + 12, (__u8[]){10, 0, 0, 7}, 4);
	memcpy(event.destination + 12, (__u8[]){203, 0, 113, 5}, 4);
	return event;
}

Test(daemon_error_log, a_drop_names_its_sender_pool_and_both_ends)
{
	const struct steering_sender *sender;
	struct event event;
	char line[256];

	sender = steering_sender_find(steering_fixture.steering, "tenant-17");
	cr_assert_not_null(sender);
	event = drop(sender->id, POOL_NORMAL);
	error_log_drop(&error_log, steering_fixture.steering, &event);
	snprintf(line, sizeof(line), "agent: %s; sender tenant-17 to 203.0.113.5:25\n",
		 counter_help(COUNTER_dropped_no_port));
	cr_expect_str_eq(scratch_read("log"), line);
	cr_expect_str_eq(recent(0, "what"), "dropped_no_port");
	cr_expect_str_eq(recent(0, "sender"), "tenant-17");
	cr_expect_str_eq(recent(0, "pool"), "normal");
	cr_expect_str_eq(recent(0, "source"), "10.0.0.7:40000");
	cr_expect_str_eq(recent(0, "destination"), "203.0.113.5:25");
}

Test(daemon_error_log, a_drop_of_a_pool_that_is_gone_has_no_pool)
{
	const struct event event = drop(0, 99);

	error_log_drop(&error_log, steering_fixture.steering, &event);
	cr_expect_str_eq(recent(0, "what"), "dropped_no_port");
	cr_expect_str_eq(recent(0, "pool"), "");
}

Test(daemon_error_log, a_state_file_that_refuses_writes_is_an_error_until_it_takes_them)
{
	error_log_state(&error_log, "state '/x': disk full");
	cr_expect_str_eq(recent(0, "text"),
			 "state '/x': disk full; continuing in memory, retrying");
	error_log_state(&error_log, "");
	cr_expect_not_null(strstr(scratch_read("log"), "the state file accepts writes again"));
	recent(0, "text");
	cr_expect_eq(json_array_size(list), 1);
}

/* ---- a follower */

static int order[2]; /* a byte: the server's process reports everything */

static void report_all(evutil_socket_t fd, short what, void *data)
{
	char byte;

	(void)what, (void)data;
	if (read(fd, &byte, 1) != 1)
		return;
	add("the disk is full");
	add("the disk is full");
	error_log_state(&error_log, "no space");
	error_log_state(&error_log, "");
}

static void serve(int ready)
{
	static struct api api = {.judge = (struct judge *)&api}; /* never looked into */
	struct event_base *base = event_base_new();
	struct error error;

	signal(SIGPIPE, SIG_IGN);
	if (server_new(base, scratch_path("socket"), &api, &error_log.server, &error) < 0 ||
	    write(ready, "", 1) != 1)
		_exit(1);
	event_add(event_new(base, order[0], EV_READ | EV_PERSIST, report_all, NULL), NULL);
	event_base_dispatch(base);
}

/* The next line that is an object; the chunks of HTTP have lines of their own. */
static json_t *next_event(FILE *stream)
{
	char line[1024];

	while (fgets(line, sizeof(line), stream))
		if (line[0] == '{')
			return json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
	cr_expect_fail("the events end");
	return NULL;
}

static void expect_event(FILE *stream, const char *kind, const char *member, const char *text)
{
	json_t *event = next_event(stream);
	const char *found = json_string_value(json_object_get(event, member));

	cr_expect_str_eq(json_string_value(json_object_get(event, "event")), kind);
	if (text)
		cr_expect_str_eq(found, text);
	else
		cr_expect(json_is_null(json_object_get(event, member)));
	json_decref(event);
}

Test(daemon_error_log, a_follower_gets_each_error_once_a_minute_and_each_state_once)
{
	_cleanup_(fclose_p) FILE *stream = NULL;
	pid_t server;
	int fd;

	cr_assert_eq(pipe(order), 0);
	server = served_start(serve);
	fd = served_dial(scratch_path("socket"));
	cr_assert_eq(write(fd, FOLLOW, strlen(FOLLOW)), (ssize_t)strlen(FOLLOW));
	stream = fdopen(fd, "r");
	cr_assert_eq(fgetc(stream), 'H', "the answer begins: from here on it follows");
	cr_assert_eq(write(order[1], "", 1), 1);
	expect_event(stream, "error", "text", "the disk is full");
	expect_event(stream, "state", "trouble", "no space");
	expect_event(stream, "error", "text", "no space; continuing in memory, retrying");
	expect_event(stream, "state", "trouble", NULL);
	served_end(server, SIGKILL);
}
