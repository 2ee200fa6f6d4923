/* SPDX-License-Identifier: BSD-2-Clause */
/* The listener of the metrics' port, which every local user reaches. */
#include "api/http_listener.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <event2/event.h>
#include <event2/http.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "api/server.h"
#include "base/address.h"
#include "base/error.h"
#include "common/patience.h"
#include "common/served.h"
#include "process/listen.h"

#define PORT	    9526
#define IDLE	    1000
#define ANSWER_MS   1000
#define REQUEST	    "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define HTTP_OK_TOO "HTTP/1.1 204"

static pid_t child;
static const char *loopback; /* each process has another */

static void on_request(void *data, struct evhttp_request *request)
{
	(void)data;
	evhttp_send_reply(request, 204, NULL, NULL);
}

static void serve(int ready)
{
	const struct http_listener_options options = {.connections_max = SERVER_SCRAPERS_MAX,
						      .idle_sec = SERVER_SCRAPE_SEC,
						      .headers_max_bytes = 4096,
						      .body_max_bytes = 4096,
						      .handle = on_request};
	struct event_base *base = event_base_new();
	struct http_listener *listener;
	struct address address;
	struct error error;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	if (address_parse(loopback, &address) < 0 || listen_tcp(&address, PORT, &fd, &error) < 0 ||
	    http_listener_new(base, fd, &options, &listener, &error) < 0 ||
	    write(ready, "", 1) != 1)
		_exit(1);
	event_base_dispatch(base);
}

static void start(void)
{
	loopback = served_loopback();
	child = served_start(serve);
}

static void stop(void)
{
	served_end(child, SIGKILL);
}

TestSuite(api_http_listener, .init = start, .fini = stop, .timeout = 60);

static int dial(void)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(PORT),
					    .sin_addr.s_addr = inet_addr(loopback)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static unsigned long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long)now.tv_sec * 1000 + (unsigned long)now.tv_nsec / 1000000;
}

Test(api_http_listener, a_request_behind_a_thousand_idle_clients_is_answered_within_a_second)
{
	unsigned long begun;
	char answer[64] = "";
	int fd;

	for (int i = 0; i < IDLE; i++)
		dial();
	begun = now_ms();
	fd = dial();
	cr_assert_eq(send(fd, REQUEST, strlen(REQUEST), MSG_NOSIGNAL), (ssize_t)strlen(REQUEST));
	cr_assert_gt(recv(fd, answer, sizeof(answer) - 1, 0), 0);
	cr_expect_eq(strncmp(answer, HTTP_OK_TOO, strlen(HTTP_OK_TOO)), 0, "%s", answer);
	cr_expect_lt(now_ms() - begun, ANSWER_MS * test_patience(), "%lu ms", now_ms() - begun);
}
