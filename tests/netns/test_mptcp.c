/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that ask for MPTCP get plain TCP to a steered port: no subflow leaves by another pool,
 * and a cut ends the whole connection.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_mptcp, .init = world_init, .fini = world_done, .timeout = 60);

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static int open_mptcp(enum host host)
{
	int fd;

	host_enter(host);
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);
	host_leave();
	if (fd < 0)
		cr_skip_test("this kernel has no MPTCP");
	return fd;
}

static int listen_mptcp(void)
{
	struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons(25)};
	int fd = open_mptcp(INTERNET);

	cr_assert_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0, "%s", strerror(errno));
	cr_assert_eq(listen(fd, 4), 0);
	return fd;
}

/* As the user of sender `webmail`. */
static int connect_mptcp(const char *destination)
{
	struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons(25)};
	int fd;

	cr_assert_eq(inet_pton(AF_INET6, destination, &name.sin6_addr), 1);
	cr_assert_eq(seteuid(SENDER_UID), 0);
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);
	cr_assert_eq(seteuid(0), 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0, "%s", strerror(errno));
	return fd;
}

static int connect_from_mail(const char *destination)
{
	int fd;

	host_enter(MAIL);
	fd = connect_mptcp(destination);
	host_leave();
	return fd;
}

/* Another address of the host opens a second subflow of each MPTCP connection. */
static void want_subflows(void)
{
	free(host_must(MAIL, "ip mptcp limits set subflow 2 add_addr_accepted 2 &&"
			     "ip mptcp endpoint add " MAIL_IPV4 " dev wan subflow &&"
			     "ip mptcp endpoint add " MAIL_IPV6 " dev wan subflow"));
	free(host_must(INTERNET, "ip mptcp limits set subflow 2 add_addr_accepted 2"));
}

/* Sends until the socket fails; -ETIMEDOUT: it goes on. */
static int send_until_error(int client)
{
	static char buffer[1 << 14];
	uint64_t end = now_ms() + 5000 * (uint64_t)test_patience();
	ssize_t sent;

	do {
		sent = send(client, buffer, sizeof(buffer), MSG_DONTWAIT | MSG_NOSIGNAL);
		poll(NULL, 0, 10);
	} while ((sent > 0 || errno == EAGAIN) && now_ms() < end);
	return sent < 0 && errno != EAGAIN ? -errno : -ETIMEDOUT;
}

static pid_t drain(int server)
{
	static char buffer[1 << 14];
	pid_t pid = fork();

	if (pid == 0) {
		while (recv(server, buffer, sizeof(buffer), 0) > 0)
			;
		_exit(0);
	}
	return pid;
}

static void cut_ends(const char *destination)
{
	int listener = listen_mptcp(), client, server, error;
	pid_t reader;

	want_subflows();
	postern_begin(NULL);
	free(postern_must("sender set webmail high-risk"));
	client = connect_from_mail(destination);
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_geq(server, 0);
	reader = drain(server);
	cr_assert_eq(send(client, "x", 1, MSG_NOSIGNAL), 1);
	poll(NULL, 0, 200); /* a subflow would be there now */
	cr_expect(host_succeeds(MAIL,
				"%s -c %s/postern.conf -j flow list | jq -e 'length == 1 and "
				".[0].pool == \"high-risk\"'",
				getenv("POSTERN"), world.directory),
		  "a second flow");
	free(postern_must("sender block webmail --cut"));
	error = send_until_error(client);
	kill(reader, SIGKILL); /* nobody tells the remote end */
	waitpid(reader, NULL, 0);
	cr_expect(error == -ECONNRESET || error == -EPIPE, "%s", strerror(-error));
}

Test(netns_mptcp, a_cut_ends_the_whole_connection_over_ipv4)
{
	cut_ends("::ffff:" RECEIVER_IPV4);
}

Test(netns_mptcp, a_cut_ends_the_whole_connection_over_ipv6)
{
	cut_ends(RECEIVER_IPV6);
}
