// SPDX-License-Identifier: BSD-2-Clause
/*
 * The API's transport over a real socket: a server in a child process, clients that behave and
 * clients that do not. What is answered is test_api.c's; here every path is one that does not exist.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "api/client.h"
#include "api/server.h"
#include "base/cleanup.h"
#include "base/error.h"

#define REQUEST "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define WAIT_MS 5000

static char directory[] = "/tmp/postern-server-XXXXXX";
static char path[64];
static pid_t child;
static struct error error;

/* Does not return. */
static void serve(int ready)
{
	static const struct api api;
	struct event_base *base = event_base_new();
	struct server *server;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	if (server_new(base, path, &api, &server, &error) < 0 || write(ready, "", 1) != 1)
		_exit(1);
	event_base_dispatch(base);
	_exit(1);
}

static void launch(void)
{
	int pipe_fds[2];
	char byte;

	cr_assert_eq(pipe(pipe_fds), 0);
	child = fork();
	if (child == 0)
		serve(pipe_fds[1]);
	cr_assert_eq(read(pipe_fds[0], &byte, 1), 1);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static void kill_server(void)
{
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	child = 0;
}

static void start(void)
{
	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/api.sock", directory);
	launch();
}

static void stop(void)
{
	kill_server();
	unlink(path);
	rmdir(directory);
}

TestSuite(server, .init = start, .fini = stop, .timeout = 60);

static int connect_to_server(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void send_text(int fd, const char *text)
{
	/* A server that gave up on the request closes early. */
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* The status of the next answer; 0: the connection ended; -1: nothing came in time. */
static int answer_status(int fd, int wait_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char text[4096];
	ssize_t size;
	int status = 0;

	if (poll(&poll_fd, 1, wait_ms) == 0)
		return -1;
	size = recv(fd, text, sizeof(text) - 1, 0);
	text[size < 0 ? 0 : size] = '\0';
	sscanf(text, "HTTP/1.%*d %d", &status);
	return status;
}

static int status_of(const char *request)
{
	_cleanup_(close_fd_p) int fd = connect_to_server();

	send_text(fd, request);
	return answer_status(fd, WAIT_MS);
}

Test(server, a_connection_serves_one_request_after_another)
{
	_cleanup_(close_fd_p) int fd = connect_to_server();

	for (int i = 0; i < 3; i++) {
		send_text(fd, REQUEST);
		cr_assert_eq(answer_status(fd, WAIT_MS), 404);
	}
}

Test(server, connections_one_after_another_are_all_answered)
{
	for (int i = 0; i < 3 * SERVER_CONNECTIONS_MAX; i++)
		cr_assert_eq(status_of(REQUEST), 404);
}

Test(server, the_client_gets_the_reason)
{
	json_t *document = NULL;

	cr_assert_eq(client_request(path, API_GET, "/nowhere", NULL, &document, &error), -ENOENT);
	cr_assert_str_eq(error.text, "no such path");
	cr_assert_null(document);
}

Test(server, a_client_of_neither_owner_nor_group_is_not_let_in)
{
	json_t *document = NULL;
	struct stat status;

	cr_assert_eq(stat(path, &status), 0);
	cr_assert_eq(status.st_mode & 0777, 0660);
	if (geteuid() != 0)
		cr_skip_test("needs root to become another user");
	cr_assert_eq(chmod(directory, 0755), 0);
	cr_assert_eq(setegid(65534), 0);
	cr_assert_eq(seteuid(65534), 0);
	cr_assert_eq(client_request(path, API_GET, "/", NULL, &document, &error), -EACCES);
	cr_assert_eq(seteuid(0), 0);
}

Test(server, no_agent_and_a_dead_one_look_the_same_to_the_client)
{
	json_t *document = NULL;

	kill_server();
	cr_assert_eq(client_request(path, API_GET, "/", NULL, &document, &error), -ECONNREFUSED);
	unlink(path);
	cr_assert_eq(client_request(path, API_GET, "/", NULL, &document, &error), -ECONNREFUSED);
}

Test(server, the_socket_of_a_killed_server_is_replaced)
{
	kill_server();
	cr_assert_eq(access(path, F_OK), 0);
	launch();
	cr_assert_eq(status_of(REQUEST), 404);
}

Test(server, requests_cut_short_and_rubbish_do_not_stop_it)
{
	static const char *const rubbish[] = {
		"",
		"GET",
		"GET / HTTP/1.1\r\n",
		"\r\n\r\n\r\n",
		"\x01\xff\xfe\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort",
		"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"GET / HTTP/9.9\r\n\r\n",
	};

	for (size_t i = 0; i < 20 * sizeof(rubbish) / sizeof(rubbish[0]); i++) {
		int fd = connect_to_server();

		send_text(fd, rubbish[i % (sizeof(rubbish) / sizeof(rubbish[0]))]);
		close(fd);
	}
	cr_assert_eq(status_of(REQUEST), 404);
}

Test(server, headers_over_the_limit_are_refused)
{
	_cleanup_(free_p) char *request = NULL;

	cr_assert_gt(asprintf(&request, "GET / HTTP/1.1\r\nX: %0*d\r\n\r\n",
			      SERVER_HEADERS_MAX_BYTES, 0),
		     0);
	cr_assert_eq(status_of(request), 400);
}

Test(server, a_body_that_nobody_would_read_is_refused_before_it_is_sent)
{
	cr_assert_eq(status_of("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\nx"),
		     413);
}

Test(server, methods_that_the_api_does_not_know_get_its_own_answer)
{
	cr_assert_eq(status_of("OPTIONS /v1/pools HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
	cr_assert_eq(status_of("HEAD /v1/pools HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
}

Test(server, one_connection_over_the_limit_waits_until_another_ends)
{
	int idle[SERVER_CONNECTIONS_MAX];
	_cleanup_(close_fd_p) int fd = -1;

	for (size_t i = 0; i < SERVER_CONNECTIONS_MAX; i++)
		idle[i] = connect_to_server();
	/* The last of them is answered, so all have been accepted. */
	send_text(idle[SERVER_CONNECTIONS_MAX - 1], REQUEST);
	cr_assert_eq(answer_status(idle[SERVER_CONNECTIONS_MAX - 1], WAIT_MS), 404);
	fd = connect_to_server();
	send_text(fd, REQUEST);
	cr_assert_eq(answer_status(fd, 200), -1);
	close(idle[0]);
	cr_assert_eq(answer_status(fd, WAIT_MS), 404);
}

Test(server, a_path_that_does_not_fit_is_refused)
{
	static const struct api api;
	struct event_base *base = event_base_new();
	struct server *server = NULL;
	char long_path[128];

	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	cr_assert_eq(server_new(base, long_path, &api, &server, &error), -ENAMETOOLONG);
	cr_assert_null(server);
	event_base_free(base);
}

Test(server, a_server_that_ends_takes_its_socket_with_it)
{
	static const struct api api;
	struct event_base *base = event_base_new();
	struct server *server = NULL;

	kill_server();
	cr_assert_eq(server_new(base, path, &api, &server, &error), 0, "%s", error.text);
	server_free(server);
	cr_assert_eq(access(path, F_OK), -1);
	event_base_free(base);
}
