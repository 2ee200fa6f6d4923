// SPDX-License-Identifier: BSD-2-Clause
// Real TCP between two hosts, both ends in this one thread: what is sent has arrived when the call is back, so the
// thread's CPU time is that of both ends and of the whole way, and nobody waits. Each prints what
// a second of CPU time is enough for.
//
//   talk CPU CLIENT_HOST SERVER_HOST SERVER_ADDRESS mail COUNT      mails, each of a connection of its own; to 16
//                                                                   addresses in turn
//   talk CPU CLIENT_HOST SERVER_HOST SERVER_ADDRESS bulk MBYTES     MB one way over one connection
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/wire.h"

#define SMTP_PORT	25
#define ADDRESSES	16
#define CHUNK_BYTES	(64 << 10)
#define PATIENCE_MS	5000
#define MESSAGE_BYTES	1000
#define NS_PER_SECOND	1e9
#define BYTES_PER_MBYTE (1 << 20)

/* A short message with PIPELINING (RFC 2920); who is not the client is the server. */
struct turn {
	bool client;
	const char *text;
};

static char message[MESSAGE_BYTES + sizeof(".\r\nQUIT\r\n")];
static const struct turn dialogue[] = {
	{false, "220 mx.example ESMTP\r\n"},
	{true, "EHLO out.example.net\r\n"},
	{false, "250-mx.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n"},
	{true, "MAIL FROM:<a@example.net>\r\nRCPT TO:<b@mx.example>\r\nDATA\r\n"},
	{false, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go on\r\n"},
	{true, message},
	{false, "250 2.0.0 Ok: queued\r\n221 2.0.0 Bye\r\n"},
};

/* Sockets stay in the namespace that they were made in. */
static void enter(const char *host)
{
	int fd = open(host, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die("%s", host);
	close(fd);
}

static int tcp_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		die("socket");
	return fd;
}

static int listen_here(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(SMTP_PORT)};
	int fd = tcp_socket(), on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 128))
		die("listen");
	return fd;
}

/* For what is there already, but for a retransmission. */
static void await(int fd, short events)
{
	struct pollfd wait = {.fd = fd, .events = events};

	if (poll(&wait, 1, PATIENCE_MS) != 1)
		die("no answer in time");
}

static int accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0 && errno == EAGAIN) {
		await(listener, POLLIN);
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	}
	if (fd < 0)
		die("accept");
	return fd;
}

struct talk {
	int client, server;
};

static struct talk talk_open(int listener, in_addr_t to)
{
	struct sockaddr_in place = {
		.sin_family = AF_INET, .sin_port = htons(SMTP_PORT), .sin_addr.s_addr = to};
	struct talk talk = {.client = tcp_socket()};

	if (connect(talk.client, (struct sockaddr *)&place, sizeof(place)) && errno != EINPROGRESS)
		die("connect");
	talk.server = accept_one(listener);
	return talk;
}

/* All of it, from one end to the other. */
static void tell(int from, int to, const char *text)
{
	static char buffer[2 * MESSAGE_BYTES];
	size_t size = strlen(text);

	if (send(from, text, size, MSG_NOSIGNAL) != (ssize_t)size)
		die("send");
	for (size_t got = 0; got < size;) {
		ssize_t r = recv(to, buffer, sizeof(buffer), 0);

		if (!r || (r < 0 && errno != EAGAIN))
			die("recv");
		if (r < 0)
			await(to, POLLIN);
		else
			got += (size_t)r;
	}
}

static void deliver(int listener, in_addr_t to)
{
	struct talk talk = talk_open(listener, to);

	for (size_t i = 0; i < sizeof(dialogue) / sizeof(dialogue[0]); i++)
		if (dialogue[i].client)
			tell(talk.client, talk.server, dialogue[i].text);
		else
			tell(talk.server, talk.client, dialogue[i].text);
	close(talk.server);
	close(talk.client);
}

static double mails_per_second(int listener, in_addr_t first, unsigned count)
{
	uint64_t begin = cpu_ns();

	for (unsigned i = 0; i < count; i++)
		deliver(listener, htonl(ntohl(first) + i % ADDRESSES));
	return count / ((double)(cpu_ns() - begin) / NS_PER_SECOND);
}

/* Chunk by chunk: what is under way stays in the caches, whatever the windows have grown to. */
static void push(const struct talk *talk, size_t bytes)
{
	static char buffer[CHUNK_BYTES];

	for (size_t sent = 0, got = 0; got < bytes;) {
		ssize_t s = send(talk->client, buffer, bytes - sent, MSG_NOSIGNAL);
		ssize_t r = recv(talk->server, buffer, sizeof(buffer), 0);

		if ((s < 0 && errno != EAGAIN) || !r || (r < 0 && errno != EAGAIN))
			die("bulk");
		sent += s > 0 ? (size_t)s : 0;
		got += r > 0 ? (size_t)r : 0;
		if (r < 0)
			await(talk->server, POLLIN);
	}
}

static double mbytes_per_second(int listener, in_addr_t to, unsigned mbytes)
{
	struct talk talk = talk_open(listener, to);
	uint64_t total = (uint64_t)mbytes * BYTES_PER_MBYTE, begin = cpu_ns();

	for (uint64_t done = 0; done < total; done += CHUNK_BYTES)
		push(&talk, CHUNK_BYTES);
	close(talk.client);
	close(talk.server);
	return mbytes / ((double)(cpu_ns() - begin) / NS_PER_SECOND);
}

int main(int argc, char **argv)
{
	in_addr_t to;
	int listener;

	if (argc != 7 || inet_pton(AF_INET, argv[4], &to) != 1) {
		fprintf(stderr, "talk: wrong usage, see the head of its source\n");
		return 2;
	}
	memset(message, 'm', MESSAGE_BYTES);
	strcpy(message + MESSAGE_BYTES - 2, "\r\n.\r\nQUIT\r\n");
	pin_to_cpu((unsigned)atoi(argv[1]));
	enter(argv[3]);
	listener = listen_here();
	enter(argv[2]);
	printf("%.1f\n", !strcmp(argv[5], "mail")
				 ? mails_per_second(listener, to, (unsigned)atoi(argv[6]))
				 : mbytes_per_second(listener, to, (unsigned)atoi(argv[6])));
	return 0;
}
