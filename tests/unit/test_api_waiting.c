/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests for a reload at a real server, in a child process, which ends reloads a moment later. */
#include "api/waiting.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/server.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "common/served.h"

#define OTHER  "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define RELOAD "POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"

static char directory[] = "/tmp/postern-waiting-XXXXXX";
static char path[64];
static pid_t child;
static struct api api;
static struct server *server;

/* The first reload ends well, the others do not. */
static void end_reload(evutil_socket_t fd, short what, void *data)
{
	static uint64_t ended;
	struct error reason = {"refused"};

	(void)fd, (void)what, (void)data;
	ended++;
	server_answer(server, ended, ended == 1 ? 0 : -EINVAL, &reason);
}

static int reload(void *data, uint64_t *ret_number, struct error *error)
{
	const struct timeval moment = {.tv_usec = 20000};
	static uint64_t begun;

	(void)error;
	*ret_number = ++begun;
	event_base_once(data, -1, EV_TIMEOUT, end_reload, NULL, &moment);
	return -EINPROGRESS;
}

static void serve(int ready)
{
	struct event_base *base = event_base_new();
	struct error error;

	api = (struct api){.reload = reload, .data = base};
	signal(SIGPIPE, SIG_IGN);
	if (server_new(base, path, &api, &server, &error) < 0 || write(ready, "", 1) != 1)
		_exit(1);
	event_base_dispatch(base);
}

static void start(void)
{
	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/api.sock", directory);
	child = served_start(serve);
}

static void stop(void)
{
	served_end(child, SIGKILL);
	unlink(path);
	rmdir(directory);
}

TestSuite(api_waiting, .init = start, .fini = stop, .timeout = 30);

static void ask(int fd, const char *request)
{
	cr_assert_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
}

static int answer(int fd)
{
	char text[4096];
	ssize_t size = recv(fd, text, sizeof(text) - 1, 0);
	int status = 0;

	text[size < 0 ? 0 : size] = '\0';
	sscanf(text, "HTTP/1.%*d %d", &status);
	return status;
}

Test(api_waiting, a_reload_is_answered_at_its_end_and_others_meanwhile)
{
	_cleanup_(close_fd_p) int waiting = served_dial(path), other = served_dial(path);

	ask(waiting, RELOAD);
	ask(other, OTHER);
	cr_expect_eq(answer(other), 404);
	cr_expect_lt(recv(waiting, &(char){0}, 1, MSG_DONTWAIT | MSG_PEEK), 0, "too early");
	cr_expect_eq(answer(waiting), 200);
	ask(waiting, OTHER);
	cr_expect_eq(answer(waiting), 404);
}

Test(api_waiting, a_client_that_leaves_is_forgotten_and_a_failure_is_told)
{
	_cleanup_(close_fd_p) int gone = served_dial(path), waiting = served_dial(path);

	ask(waiting, OTHER);
	cr_expect_eq(answer(waiting), 404);
	ask(gone, RELOAD);
	ask(waiting, OTHER);
	cr_expect_eq(answer(waiting), 404);
	close_fd_p(&gone);
	gone = -1;
	ask(waiting, RELOAD);
	cr_expect_eq(answer(waiting), 400);
}

Test(api_waiting, no_more_than_a_number_wait)
{
	int fds[WAITING_MAX + 1], refused = 0;

	for (int i = 0; i <= WAITING_MAX; i++) {
		fds[i] = served_dial(path);
		ask(fds[i], RELOAD);
	}
	for (int i = 0; i <= WAITING_MAX; i++) {
		refused += answer(fds[i]) == 503;
		close(fds[i]);
	}
	cr_expect_leq(refused, 1);
}
