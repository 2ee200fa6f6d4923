/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bad inputs to every socket of agent and milter: requests and packets with bytes changed, cut and
 * repeated at random, and after some of them something good to each socket. Must be zero: processes
 * that ended, and good requests without an answer within a second.
 * `make soak-asan PARTS=inputs` runs it under sanitizers, whose reports end a process.
 */
#include <criterion/criterion.h>
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/postern.h"
#include "soak/count.h"

#define ROUNDS	   1429 /* 100,000 inputs */
#define EACH	   10	/* of one target in a round */
#define ANSWER_MS  1000
#define BYTES_MAX  2048
#define MORE_BYTES 512

TestSuite(soak_inputs, .init = world_init, .fini = world_done, .timeout = 900);

/* A good input for each, to be spoilt. */
static const struct target {
	const char *socket; /* in the runtime directory; NULL: the port of metrics */
	const char *good;
	size_t size;
} targets[] = {
#define TARGET(socket, good)                                                                       \
	{                                                                                          \
		socket, good, sizeof(good) - 1                                                     \
	}
	TARGET("api.sock",
	       "PUT /v1/senders/tenant-7/verdict HTTP/1.1\r\nHost: x\r\n"
	       "Content-Length: 37\r\n\r\n{\"action\":\"steer\",\"pool\":\"high-risk\"}"),
	TARGET("api.sock", "POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 52\r\n\r\n"
			   "{\"envelope_from\":\"a@b.example\",\"recipients\":[\"c@d.e\"]}"),
	TARGET("api.sock", "GET /v1/senders?limit=5 HTTP/1.1\r\nHost: x\r\n\r\n"),
	TARGET("socketmap.sock", "23:lane ann@x.example.com.,9:lane a@b.,"),
	TARGET("milter.sock", "\0\0\0\15O\0\0\0\6\0\0\1\377\0\37\377\377\0\0\0\12Mx@y.example\0"
			      "\0\0\0\7Lname\0v\0\0\0\1E\0\0\0\1Q"),
	TARGET("milter.control",
	       "POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
	TARGET(NULL, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"),
};
#define N_TARGETS (sizeof(targets) / sizeof(targets[0]))

static int dial(const char *socket_name)
{
	struct sockaddr_in metrics = {.sin_family = AF_INET, .sin_port = htons(9525)};
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	int fd = socket(socket_name ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	metrics.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	snprintf(path.sun_path, sizeof(path.sun_path), "%s/run/%s", world.directory,
		 socket_name ? socket_name : "");
	if (socket_name)
		(void)!connect(fd, (const struct sockaddr *)&path, sizeof(path));
	else
		(void)!connect(fd, (const struct sockaddr *)&metrics, sizeof(metrics));
	return fd;
}

static size_t spoil(const struct target *target, char bytes[BYTES_MAX])
{
	size_t size = target->size;
	unsigned changes = 1 + count_random(5);

	memcpy(bytes, target->good, size);
	while (changes--)
		bytes[count_random((unsigned)size)] = (char)count_random(256);
	if (count_random(3) == 0)
		size = count_random((unsigned)size) + 1;
	if (count_random(4) == 0)
		for (unsigned more = count_random(MORE_BYTES); more--; size++)
			bytes[size] = bytes[count_random((unsigned)size)];
	return size;
}

static void send_bad(const struct target *target)
{
	_cleanup_(close_fd_p) int fd = dial(target->socket);
	char bytes[BYTES_MAX];
	size_t size = spoil(target, bytes);

	(void)!send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (count_random(2))
		shutdown(fd, SHUT_WR);
	(void)!recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
}

/* ---- good requests between them */

/* One for each socket. */
static const struct target questions[] = {
	TARGET("api.sock", "GET /v1/alive HTTP/1.1\r\nHost: x\r\n\r\n"),
	TARGET("socketmap.sock", "23:lane ann@x.example.com.,"),
	TARGET("milter.sock", "\0\0\0\15O\0\0\0\6\0\0\1\377\0\37\377\377"),
	TARGET("milter.control", "GET /v1/alive HTTP/1.1\r\nHost: x\r\n\r\n"),
	TARGET(NULL, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"),
};
#define N_QUESTIONS (sizeof(questions) / sizeof(questions[0]))

static struct {
	unsigned count, late, slowest_ms;
} answers[N_QUESTIONS];

static void ask(size_t which)
{
	const uint64_t begun = now_ms();
	_cleanup_(close_fd_p) int fd = dial(questions[which].socket);
	struct pollfd answer = {.fd = fd, .events = POLLIN};
	unsigned took_ms;
	char byte;

	(void)!send(fd, questions[which].good, questions[which].size, MSG_NOSIGNAL);
	poll(&answer, 1, 10 * ANSWER_MS);
	took_ms = (unsigned)(now_ms() - begun);
	answers[which].count++;
	answers[which].late += recv(fd, &byte, 1, MSG_DONTWAIT) != 1 || took_ms > ANSWER_MS;
	if (took_ms > answers[which].slowest_ms)
		answers[which].slowest_ms = took_ms;
}

static void count_answers(void)
{
	char name[64];

	for (size_t i = 0; i < N_QUESTIONS; i++) {
		const char *socket_name = questions[i].socket ? questions[i].socket : "metrics";

		count_add("good requests", answers[i].count);
		snprintf(name, sizeof(name), "slowest ms, %s", socket_name);
		count_most(name, answers[i].slowest_ms);
		snprintf(name, sizeof(name), "late or none, %s", socket_name);
		count_add_zero(name, answers[i].late);
	}
}

static pid_t start_milter(void)
{
	const char *argv[] = {getenv("POSTERN"), "-c", NULL, "milter", NULL};
	_cleanup_(free_p) char *conf = NULL, *ready = NULL;
	pid_t milter;

	cr_assert_gt(asprintf(&conf, "%s/postern.conf", world.directory), 0);
	argv[2] = conf;
	milter = host_start(MAIL, "milter", argv);
	cr_assert_gt(asprintf(&ready, "%s/run/milter.control", world.directory), 0);
	cr_assert(wait_for(access(ready, F_OK) == 0, 5000));
	return milter;
}

Test(soak_inputs, bad_inputs_to_every_socket)
{
	pid_t agent = postern_begin(NULL), milter = start_milter();

	host_enter(MAIL);
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < N_TARGETS * EACH; i++)
			send_bad(&targets[i % N_TARGETS]);
		for (size_t i = 0; i < N_QUESTIONS; i++)
			ask(i);
	}
	host_leave();
	count_add("bad inputs", ROUNDS * N_TARGETS * EACH);
	count_answers();
	count_add_zero("processes that ended", waitpid(agent, NULL, WNOHANG) != 0);
	count_add_zero("processes that ended", waitpid(milter, NULL, WNOHANG) != 0);
}
