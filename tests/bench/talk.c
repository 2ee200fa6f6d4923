/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Real TCP between a client and a server process that wait for each other as usual. Prints the work
 * done in a second of CPU time, for both ends and the path between them: veths and both processes
 * use the same processor.
 *
 *   talk CPU CLIENT_HOST SERVER_HOST SERVER_ADDRESS mail COUNT    mails, each of a connection of
 *                                                                 its own,
 *                                                                 to 16 addresses in turn
 *   talk CPU CLIENT_HOST SERVER_HOST SERVER_ADDRESS bulk MBYTES   MB one way over one connection
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/wire.h"

#define SMTP_PORT	25
#define ADDRESSES	16
#define CHUNK_BYTES	(64 << 10)
#define PATIENCE_SEC	10
#define MESSAGE_BYTES	1000
#define NS_PER_SECOND	1e9
#define BYTES_PER_MBYTE (1 << 20)

/* A short message with PIPELINING (RFC 2920), and the replies of the server. */
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

/* A socket stays in the namespace in which it was made. */
static void enter(const char *host)
{
	int fd = open(host, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die("%s", host);
	close(fd);
}

/*
 * A longer wait would never end. The kernel sizes the buffers, as for an MTA: with buffers so small
 * that a cache holds all data in flight, they would make more difference than any translation.
 */
static int tcp_socket(void)
{
	struct timeval patience = {.tv_sec = PATIENCE_SEC};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)))
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

static int connect_to(in_addr_t to)
{
	struct sockaddr_in place = {
		.sin_family = AF_INET, .sin_port = htons(SMTP_PORT), .sin_addr.s_addr = to};
	int fd = tcp_socket();

	if (connect(fd, (struct sockaddr *)&place, sizeof(place)))
		die("connect");
	return fd;
}

static int accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		die("accept");
	return fd;
}

/* ---- mail */

static void listen_to(int fd, size_t bytes)
{
	char buffer[2 * MESSAGE_BYTES];

	for (ssize_t r; bytes; bytes -= (size_t)r) {
		r = recv(fd, buffer, bytes < sizeof(buffer) ? bytes : sizeof(buffer), 0);
		if (r <= 0)
			die("recv");
	}
}

static void hold_dialogue(int fd, bool is_client)
{
	for (size_t i = 0; i < sizeof(dialogue) / sizeof(dialogue[0]); i++) {
		size_t bytes = strlen(dialogue[i].text);

		if (dialogue[i].client != is_client)
			listen_to(fd, bytes);
		else if (send(fd, dialogue[i].text, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
			die("send");
	}
	close(fd);
}

static void send_mails(in_addr_t first, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		hold_dialogue(connect_to(htonl(ntohl(first) + i % ADDRESSES)), true);
}

static void receive_mails(int listener, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		hold_dialogue(accept_one(listener), false);
}

/* ---- bulk */

static char chunk[CHUNK_BYTES];

static void send_bulk(in_addr_t to, unsigned mbytes)
{
	uint64_t left = (uint64_t)mbytes * BYTES_PER_MBYTE;
	int fd = connect_to(to);

	for (ssize_t r; left; left -= (uint64_t)r) {
		r = send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL);
		if (r <= 0)
			die("send");
	}
	close(fd);
}

static void receive_bulk(int listener, unsigned mbytes)
{
	uint64_t left = (uint64_t)mbytes * BYTES_PER_MBYTE;
	int fd = accept_one(listener);

	for (ssize_t r; left; left -= (uint64_t)r) {
		r = recv(fd, chunk, sizeof(chunk), 0);
		if (r <= 0)
			die("recv");
	}
	close(fd);
}

/* ---- both ends */

/* The server ends with the bench. */
static pid_t start_server(int listener, bool is_bulk, unsigned count)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (is_bulk)
		receive_bulk(listener, count);
	else
		receive_mails(listener, count);
	_exit(0);
}

static double seconds_of(clockid_t clock)
{
	struct timespec used;

	if (clock_gettime(clock, &used))
		die("CPU time");
	return (double)used.tv_sec + (double)used.tv_nsec / NS_PER_SECOND;
}

/*
 * CPU time in seconds. The child has ended and is not yet waited for, so its time can still be
 * read.
 */
static double run(int listener, in_addr_t to, bool is_bulk, unsigned count)
{
	double own = seconds_of(CLOCK_PROCESS_CPUTIME_ID), servers;
	pid_t server = start_server(listener, is_bulk, count);
	siginfo_t info;
	clockid_t clock;
	int status;

	if (clock_getcpuclockid(server, &clock))
		die("CPU time");
	if (is_bulk)
		send_bulk(to, count);
	else
		send_mails(to, count);
	if (waitid(P_PID, (id_t)server, &info, WEXITED | WNOWAIT))
		die("waitid");
	servers = seconds_of(clock);
	if (waitpid(server, &status, 0) != server || status)
		die("the server failed");
	return seconds_of(CLOCK_PROCESS_CPUTIME_ID) - own + servers;
}

int main(int argc, char **argv)
{
	unsigned count;
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
	count = (unsigned)atoi(argv[6]);
	printf("%.1f\n", count / run(listener, to, !strcmp(argv[5], "bulk"), count));
	return 0;
}
