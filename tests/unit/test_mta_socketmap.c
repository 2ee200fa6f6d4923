/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socketmap over a real socket: a server in a child process, clients that behave and clients
 * that do not. test_mta_lookup.c has the answers.
 */
#include "mta/socketmap.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "common/patience.h"
#include "common/served.h"
#include "config/config.h"
#include "mta/lookup.h"
#include "mta/netstring.h"
#include "unit/judge_fixture.h"

#define WAIT_MS (int)(5000 * test_patience())
#define ASK_BOB "20:lane bob@example.net,"
#define NORMAL	"18:OK postern-normal:,"

static char directory[] = "/tmp/postern-socketmap-XXXXXX";
static char path[64];
static pid_t child;
static struct error error;

static const char configuration[] =
	"pool \"normal\" { addresses = \"192.0.2.10\" handles = \"100.127.0.1\" }\n"
	"pool \"high-risk\" { addresses = \"192.0.2.20\" handles = \"100.127.0.2\" }\n"
	"senders_tracked_max = 1024\ndecisions_max = 1024\n";

static void on_term(evutil_socket_t number, short what, void *base)
{
	(void)number, (void)what;
	event_base_loopbreak(base);
}

/* Does not return. SIGTERM ends the loop and is a clean end. */
static void serve(int ready)
{
	const struct config_socket to = {.path = path};
	struct event_base *base = event_base_new();
	struct socketmap *socketmap;

	signal(SIGPIPE, SIG_IGN);
	event_add(evsignal_new(base, SIGTERM, on_term, base), NULL);
	if (socketmap_new(base, &to, judge_fixture.judge, &socketmap, &error) < 0 ||
	    write(ready, "", 1) != 1)
		_exit(1);
	event_base_dispatch(base);
	socketmap_free(socketmap);
	_exit(0);
}

static int end_server(int signal)
{
	int status = child > 0 ? served_end(child, signal) : 0;

	child = 0;
	return status;
}

static void start(void)
{
	judge_fixture_open(configuration);
	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/socketmap.sock", directory);
	child = served_start(serve);
}

static void stop(void)
{
	end_server(SIGKILL);
	unlink(path);
	rmdir(directory);
	judge_fixture_close();
}

TestSuite(mta_socketmap, .init = start, .fini = stop, .timeout = 60);

static void say(int fd, const void *bytes, size_t size)
{
	cr_assert_eq(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

static void say_text(int fd, const char *text)
{
	say(fd, text, strlen(text));
}

/* Reads exactly this text. */
static void hears(int fd, const char *expected)
{
	char text[256] = "";
	size_t size = 0;

	while (size < strlen(expected)) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		ssize_t more;

		cr_assert_eq(poll(&poll_fd, 1, WAIT_MS), 1, "nothing behind '%s'", text);
		more = recv(fd, text + size, strlen(expected) - size, 0);
		cr_assert_gt(more, 0, "the end behind '%s'", text);
		size += (size_t)more;
	}
	cr_assert_str_eq(text, expected);
}

static void hears_the_end(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char byte;

	cr_assert_eq(poll(&poll_fd, 1, WAIT_MS), 1, "the connection is still there");
	cr_assert_leq(recv(fd, &byte, 1, 0), 0);
}

static bool has_ended(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char byte;

	return poll(&poll_fd, 1, 0) == 1 && recv(fd, &byte, 1, MSG_PEEK) <= 0;
}

Test(mta_socketmap, requests_are_answered_one_after_the_other_and_all_at_once)
{
	int fd = served_dial(path);

	say_text(fd, ASK_BOB);
	hears(fd, NORMAL);
	say_text(fd, "5:lane ,");
	hears(fd, "21:OK postern-high-risk:,");
	say_text(fd, ASK_BOB "7:lane <>," ASK_BOB);
	hears(fd, NORMAL "21:OK postern-high-risk:," NORMAL);
	close(fd);
}

Test(mta_socketmap, a_request_may_come_byte_by_byte)
{
	int fd = served_dial(path);

	for (const char *c = ASK_BOB ASK_BOB; *c; c++)
		say(fd, c, 1);
	hears(fd, NORMAL NORMAL);
	close(fd);
}

Test(mta_socketmap, another_table_is_refused_and_the_connection_stays)
{
	int fd = served_dial(path);

	say_text(fd, "9:other bob,");
	hears(fd, "48:PERM no such table, expected 'lane' and a sender,");
	say_text(fd, ASK_BOB);
	hears(fd, NORMAL);
	close(fd);
}

Test(mta_socketmap, a_client_that_shut_down_sending_still_gets_the_answers)
{
	int fd = served_dial(path);

	say_text(fd, ASK_BOB ASK_BOB);
	shutdown(fd, SHUT_WR);
	hears(fd, NORMAL NORMAL);
	hears_the_end(fd);
	close(fd);
}

Test(mta_socketmap, other_input_ends_the_connection_after_the_pending_answers)
{
	static const char *const garbage[] = {"GET / HTTP/1.1\r\n\r\n", "3:lane ,", "4097:",
					      "99999999999999999999:",	"\n",	    "01:a,"};

	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		int fd = served_dial(path);

		say_text(fd, ASK_BOB);
		say_text(fd, garbage[i]);
		hears(fd, NORMAL);
		hears_the_end(fd);
		close(fd);
	}
}

Test(mta_socketmap, the_longest_request_is_answered)
{
	static char request[LOOKUP_REQUEST_MAX + 16];
	int size = snprintf(request, sizeof(request), "%d:lane ", LOOKUP_REQUEST_MAX - 1);
	int fd = served_dial(path);

	memset(request + size, 'a', LOOKUP_REQUEST_MAX - 1 - 5);
	size += LOOKUP_REQUEST_MAX - 1 - 5;
	request[size++] = ',';
	say(fd, request, (size_t)size);
	hears(fd, NORMAL);
	close(fd);
}

/* Else a client that only asks would exhaust the memory of the agent. */
Test(mta_socketmap, a_client_that_does_not_read_is_not_read)
{
	static char requests[1 << 20];
	size_t size = 0, sent = 0;
	int fd = served_dial(path);

	while (size + strlen(ASK_BOB) < sizeof(requests))
		size += (size_t)sprintf(requests + size, "%s", ASK_BOB);
	for (;;) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
		ssize_t more;

		if (poll(&poll_fd, 1, 500) == 0)
			break;
		more = send(fd, requests + sent % size, size - sent % size,
			    MSG_NOSIGNAL | MSG_DONTWAIT);
		cr_assert_gt(more, 0);
		sent += (size_t)more;
		cr_assert_lt(sent, 64 * sizeof(requests), "it is read for ever");
	}
	/* Other clients are not affected. */
	say_text(served_dial(path), ASK_BOB);
	{
		int other = served_dial(path);

		say_text(other, ASK_BOB);
		hears(other, NORMAL);
		close(other);
	}
	/* When the client starts to read, it gets every answer. */
	shutdown(fd, SHUT_WR);
	for (size_t answers = 0; answers < sent / strlen(ASK_BOB); answers++)
		hears(fd, NORMAL);
	close(fd);
}

Test(mta_socketmap, a_thousand_idle_connections_do_not_block_a_request)
{
	static int idle[1000];
	int old = served_dial(path);

	say_text(old, ASK_BOB);
	hears(old, NORMAL);
	for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++)
		idle[i] = served_dial(path);
	{
		int fd = served_dial(path);

		say_text(fd, ASK_BOB);
		hears(fd, NORMAL);
		close(fd);
	}
	cr_assert(has_ended(idle[0]), "the oldest that never asked has gone");
	cr_assert_not(has_ended(old), "connections without a request are evicted first");
	say_text(old, ASK_BOB);
	hears(old, NORMAL);
	cr_assert_not(has_ended(idle[999]), "the youngest");
}

Test(mta_socketmap, the_client_with_the_oldest_request_is_evicted)
{
	int peers[SOCKETMAP_CONNECTIONS_MAX];
	int fd;

	for (size_t i = 0; i < SOCKETMAP_CONNECTIONS_MAX; i++) {
		peers[i] = served_dial(path);
		say_text(peers[i], ASK_BOB);
		hears(peers[i], NORMAL);
	}
	say_text(peers[0], ASK_BOB);
	hears(peers[0], NORMAL);
	fd = served_dial(path);
	say_text(fd, ASK_BOB);
	hears(fd, NORMAL);
	hears_the_end(peers[1]);
	cr_assert_not(has_ended(peers[0]));
	cr_assert_not(has_ended(peers[2]));
}

Test(mta_socketmap, the_socket_is_for_owner_and_group_and_is_removed_at_the_end)
{
	struct stat status;

	cr_assert_eq(stat(path, &status), 0);
	cr_assert_eq(status.st_mode & 07777, 0660);
	cr_assert_eq(end_server(SIGTERM), 0);
	cr_assert_eq(stat(path, &status), -1);
}

Test(mta_socketmap, a_stale_socket_is_replaced)
{
	int fd;

	end_server(SIGKILL);
	cr_assert_eq(access(path, F_OK), 0, "there is one");
	child = served_start(serve);
	fd = served_dial(path);
	say_text(fd, ASK_BOB);
	hears(fd, NORMAL);
	close(fd);
}

static int try_path(const char *at)
{
	const struct config_socket to = {.path = (char *)at};
	struct event_base *base = event_base_new();
	struct socketmap *socketmap = NULL;
	int code = socketmap_new(base, &to, NULL, &socketmap, &error);

	socketmap_free(socketmap);
	event_base_free(base);
	return code;
}

Test(mta_socketmap, a_file_that_is_no_socket_is_refused_and_kept)
{
	char file[96], longer[160];
	FILE *out;

	snprintf(file, sizeof(file), "%s/precious", directory);
	out = fopen(file, "w");
	cr_assert_not_null(out);
	fclose(out);
	cr_assert_eq(try_path(file), -EEXIST);
	cr_assert_eq(access(file, F_OK), 0);
	unlink(file);
	snprintf(file, sizeof(file), "%s/nowhere/socketmap.sock", directory);
	cr_assert_eq(try_path(file), -ENOENT);
	snprintf(longer, sizeof(longer), "%s/%0100d", directory, 0);
	cr_assert_eq(try_path(longer), -ENAMETOOLONG);
}

Test(mta_socketmap, it_serves_tcp_of_loopback_too)
{
	struct config_socket to = {.port = 2526};
	struct event_base *base = event_base_new();
	struct socketmap *socketmap = NULL, *second = NULL;

	address_parse(served_loopback(), &to.address);
	cr_assert_eq(socketmap_new(base, &to, NULL, &socketmap, &error), 0, "%s", error.text);
	cr_assert_eq(socketmap_new(base, &to, NULL, &second, &error), -EADDRINUSE);
	socketmap_free(socketmap);
	event_base_free(base);
}
