/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The API's transport over a real socket: a server in a child process, clients that behave and
 * clients that do not. Here no requested path exists: test_api_routes.c has
 * the answers.
 */
#include <criterion/criterion.h>
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/client.h"
#include "api/event_stream.h"
#include "api/server.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "common/patience.h"
#include "common/served.h"

#define REQUEST	     "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define WAIT_MS	     (int)(5000 * test_patience())
#define METRICS_PORT 9525

static char directory[] = "/tmp/postern-server-XXXXXX";
static char path[64];
static char endpoint[32]; /* of the metrics, different for each test */
static pid_t child;
static struct error error;

/* A pipe: for each byte the server publishes an event. */
static int beats[2];

/* Ten kilobytes, so that a few fill the backlog of a follower that does not read. */
static void publish(evutil_socket_t fd, short what, void *data)
{
	static char padding[10240];
	json_t *beat;
	char byte;

	(void)what;
	if (read(fd, &byte, 1) != 1)
		return;
	memset(padding, 'x', sizeof(padding) - 1);
	beat = json_pack("{s:s, s:s}", "event", "beat", "padding", padding);
	server_publish(data, beat);
	json_decref(beat);
}

/* A judge that is never used: the route for events only checks that it exists. */
static struct api api;

static void serve(int ready)
{
	struct event_base *base = event_base_new();
	struct server *server;

	api.judge = (struct judge *)&api;
	signal(SIGPIPE, SIG_IGN);
	if (server_new(base, path, &api, &server, &error) < 0 ||
	    server_serve_metrics(server, endpoint, &error) < 0 || write(ready, "", 1) != 1)
		_exit(1);
	event_add(event_new(base, beats[0], EV_READ | EV_PERSIST, publish, server), NULL);
	event_base_dispatch(base);
}

static void kill_server(void)
{
	if (child > 0)
		served_end(child, SIGKILL);
	child = 0;
}

static void start(void)
{
	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/api.sock", directory);
	snprintf(endpoint, sizeof(endpoint), "%s:%u", served_loopback(), METRICS_PORT);
	cr_assert_eq(pipe2(beats, O_CLOEXEC), 0);
	child = served_start(serve);
}

static void stop(void)
{
	kill_server();
	unlink(path);
	rmdir(directory);
}

TestSuite(api_server, .init = start, .fini = stop, .timeout = 60);

static void send_text(int fd, const char *text)
{
	/* The server may already have closed the connection. */
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
	_cleanup_(close_fd_p) int fd = served_dial(path);

	send_text(fd, request);
	return answer_status(fd, WAIT_MS);
}

Test(api_server, a_connection_serves_one_request_after_another)
{
	_cleanup_(close_fd_p) int fd = served_dial(path);

	for (int i = 0; i < 3; i++) {
		send_text(fd, REQUEST);
		cr_assert_eq(answer_status(fd, WAIT_MS), 404);
	}
}

Test(api_server, connections_one_after_another_are_all_answered)
{
	for (int i = 0; i < 3 * SERVER_CONNECTIONS_MAX; i++)
		cr_assert_eq(status_of(REQUEST), 404);
}

Test(api_server, the_client_gets_the_reason)
{
	json_t *document = NULL;

	cr_assert_eq(client_request(path, API_GET, "/nowhere", NULL, &document, &error), -ENOENT);
	cr_assert_str_eq(error.text, "no such path");
	cr_assert_null(document);
}

Test(api_server, a_client_outside_owner_and_group_cannot_connect)
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

Test(api_server, no_agent_and_a_dead_one_look_the_same_to_the_client)
{
	json_t *document = NULL;

	kill_server();
	cr_assert_eq(client_request(path, API_GET, "/", NULL, &document, &error), -ECONNREFUSED);
	unlink(path);
	cr_assert_eq(client_request(path, API_GET, "/", NULL, &document, &error), -ECONNREFUSED);
}

Test(api_server, the_socket_of_a_killed_server_is_replaced)
{
	kill_server();
	cr_assert_eq(access(path, F_OK), 0);
	child = served_start(serve);
	cr_assert_eq(status_of(REQUEST), 404);
}

Test(api_server, truncated_requests_and_garbage_do_not_stop_the_server)
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
		int fd = served_dial(path);

		send_text(fd, rubbish[i % (sizeof(rubbish) / sizeof(rubbish[0]))]);
		close(fd);
	}
	cr_assert_eq(status_of(REQUEST), 404);
}

Test(api_server, headers_over_the_limit_are_refused)
{
	_cleanup_(free_p) char *request = NULL;

	cr_assert_gt(asprintf(&request, "GET / HTTP/1.1\r\nX: %0*d\r\n\r\n",
			      SERVER_HEADERS_MAX_BYTES, 0),
		     0);
	cr_assert_eq(status_of(request), 400);
}

Test(api_server, a_body_over_the_transport_limit_is_refused_before_it_is_sent)
{
	cr_assert_eq(status_of("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\nx"),
		     413);
}

Test(api_server, unknown_methods_get_the_answer_of_the_api)
{
	cr_assert_eq(status_of("OPTIONS /v1/pools HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
	cr_assert_eq(status_of("HEAD /v1/pools HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
}

static bool is_open(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 0;
}

Test(api_server, over_the_limit_connections_without_a_request_are_evicted_first)
{
	int idle[SERVER_CONNECTIONS_MAX];
	_cleanup_(close_fd_p) int fd = -1;

	/* This one sends a request before the others connect, and none afterwards. */
	idle[0] = served_dial(path);
	send_text(idle[0], REQUEST);
	cr_assert_eq(answer_status(idle[0], WAIT_MS), 404);
	for (size_t i = 1; i < SERVER_CONNECTIONS_MAX - 1; i++)
		idle[i] = served_dial(path);
	for (int i = 0; i < 3; i++) {
		_cleanup_(close_fd_p) int late = served_dial(path);

		send_text(late, REQUEST);
		cr_assert_eq(answer_status(late, WAIT_MS), 404);
	}
	cr_assert(is_open(idle[0]));
	cr_assert_not(is_open(idle[1]), "the oldest that never asked");
	cr_assert(is_open(idle[SERVER_CONNECTIONS_MAX - 2]), "the youngest");
}

Test(api_server, a_thousand_idle_clients_do_not_block_a_request)
{
	static int idle[1000];

	for (size_t i = 0; i < 1000; i++) {
		idle[i] = served_dial(path);
		if (i % 3 == 0)
			send_text(idle[i], "PUT /nowhere HTTP/1.1\r\nHost: x\r\nContent-L");
		if (i % 100 == 99)
			cr_assert_eq(status_of(REQUEST), 404, "after %zu", i + 1);
	}
	for (int i = 0; i < 100; i++)
		cr_assert_eq(status_of(REQUEST), 404);
}

static int follow(void)
{
	int fd = served_dial(path);

	send_text(fd, "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
	return fd;
}

static void beat(void)
{
	cr_assert_eq(write(beats[1], "", 1), 1);
}

/* Does another event come, on its own line? */
static bool hears_an_event(FILE *stream)
{
	char line[32768];

	while (fgets(line, sizeof(line), stream)) {
		json_t *event = *line == '{' ? json_loads(line, 0, NULL) : NULL;

		json_decref(event);
		if (event)
			return true;
	}
	return false;
}

Test(api_server, a_follower_gets_one_event_per_line)
{
	_cleanup_(fclose_p) FILE *stream = fdopen(follow(), "r");
	char line[256];

	/* After the first line of the answer, the client follows. */
	cr_assert_not_null(fgets(line, sizeof(line), stream));
	for (int i = 0; i < 3; i++)
		beat();
	for (int i = 0; i < 3; i++)
		cr_assert(hears_an_event(stream));
}

Test(api_server, the_number_of_followers_is_bounded)
{
	int followers[EVENT_STREAM_MAX];
	_cleanup_(close_fd_p) int more = -1;

	for (size_t i = 0; i < EVENT_STREAM_MAX; i++) {
		followers[i] = follow();
		cr_assert_eq(answer_status(followers[i], WAIT_MS), 200);
	}
	more = follow();
	cr_assert_eq(answer_status(more, WAIT_MS), 503);
	close(followers[0]);
	close(more);
	for (int i = 0; i < 100; i++) {
		more = follow();
		if (answer_status(more, WAIT_MS) == 200)
			return;
		close(more);
	}
	cr_assert_fail("no new follower replaces one that left");
}

Test(api_server, a_slow_follower_is_dropped_and_a_fast_one_stays)
{
	_cleanup_(close_fd_p) int slow = follow();
	_cleanup_(close_fd_p) int fast = follow();
	_cleanup_(fclose_p) FILE *stream = fdopen(dup(fast), "r");
	struct pollfd poll_fd = {.fd = slow, .events = POLLRDHUP};

	cr_assert_eq(answer_status(slow, WAIT_MS), 200);
	cr_assert_eq(answer_status(fast, WAIT_MS), 200);
	/* Each event is sent after the fast follower has read the previous one. */
	for (int i = 0; i < 5000 && poll(&poll_fd, 1, 0) == 0; i++) {
		beat();
		cr_assert(hears_an_event(stream));
	}
	cr_assert(poll_fd.revents & POLLRDHUP, "the slow one is still there");
	beat();
	cr_assert(hears_an_event(stream));
	cr_assert_eq(status_of(REQUEST), 404);
}

Test(api_server, input_from_a_follower_is_not_buffered)
{
	_cleanup_(close_fd_p) int fd = follow();
	static char rubbish[1 << 16], answer[1 << 16];
	size_t sent = 0;

	cr_assert_eq(answer_status(fd, WAIT_MS), 200);
	for (int i = 0; i < 200; i++) {
		ssize_t size = send(fd, rubbish, sizeof(rubbish), MSG_NOSIGNAL | MSG_DONTWAIT);

		sent += size > 0 ? (size_t)size : 0;
		/* The next event proves that the server had the chance to read. */
		beat();
		cr_assert_gt(recv(fd, answer, sizeof(answer), 0), 0);
	}
	cr_assert_lt(sent, sizeof(rubbish) * 20, "%zu bytes were read", sent);
	cr_assert_eq(status_of(REQUEST), 404);
}

static int scrape(const char *request)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(METRICS_PORT),
					    .sin_addr.s_addr = inet_addr(served_loopback())};
	_cleanup_(close_fd_p) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	send_text(fd, request);
	return answer_status(fd, WAIT_MS);
}

Test(api_server, tcp_serves_metrics_only)
{
	cr_assert_eq(scrape("GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n"), 404);
	cr_assert_eq(scrape("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n"), 404);
	cr_assert_eq(scrape("GET /metrics/ HTTP/1.1\r\nHost: x\r\n\r\n"), 404);
	cr_assert_eq(scrape("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), 405);
	cr_assert_eq(scrape("DELETE /v1/senders/x/verdict HTTP/1.1\r\nHost: x\r\n\r\n"), 404);
}

Test(api_server, a_used_endpoint_is_an_error)
{
	struct event_base *base = event_base_new();
	struct server *server = NULL;
	char other[sizeof(path) + 1];

	snprintf(other, sizeof(other), "%s2", path);
	cr_assert_eq(server_new(base, other, &api, &server, &error), 0);
	cr_assert_eq(server_serve_metrics(server, endpoint, &error), -EADDRINUSE);
	cr_assert_not_null(strstr(error.text, "Address already in use"), "%s", error.text);
	server_free(server);
	event_base_free(base);
}

Test(api_server, a_path_that_does_not_fit_is_refused)
{
	struct event_base *base = event_base_new();
	struct server *server = NULL;
	char long_path[128];

	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	cr_assert_eq(server_new(base, long_path, &api, &server, &error), -ENAMETOOLONG);
	cr_assert_null(server);
	event_base_free(base);
}

Test(api_server, a_server_removes_its_socket_at_the_end)
{
	struct event_base *base = event_base_new();
	struct server *server = NULL;

	kill_server();
	cr_assert_eq(server_new(base, path, &api, &server, &error), 0, "%s", error.text);
	server_free(server);
	cr_assert_eq(access(path, F_OK), -1);
	event_base_free(base);
}
