/* SPDX-License-Identifier: BSD-2-Clause */
/* The milter's own socket: its group, stale files, other processes, TCP. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "common/served.h"
#include "milter/milter_fixture.h"
#include "milter/peer.h"

TestSuite(milter_sockets, .fini = milter_fixture_close, .timeout = 60);

static void expect_served(struct peer *peer)
{
	const struct peer_message message = {
		.user = "bob", .from = "<bob@example.net>", .external = 1};
	struct peer_result result = peer_deliver(peer, &message);

	cr_expect_eq(result.action, PROTOCOL_CONTINUE, "%d: %s", result.action, result.reply);
	cr_expect_str_eq(result.pool, "normal");
}

Test(milter_sockets, the_socket_has_the_directorys_group_where_that_is_setgid)
{
	struct stat status;

	milter_fixture_prepare("");
	cr_assert_eq(chown(milter_fixture_directory, (uid_t)-1, 65534), 0);
	cr_assert_eq(chmod(milter_fixture_directory, 02750), 0);
	milter_fixture_agent_start();
	milter_fixture_milter_start();
	cr_assert_eq(stat(milter_fixture_socket, &status), 0);
	cr_expect_eq(status.st_mode & 07777, 0660, "%o", status.st_mode);
	cr_expect_eq(status.st_gid, 65534);
}

Test(milter_sockets, a_stale_socket_is_replaced)
{
	struct peer peer;

	milter_fixture_open("");
	cr_assert_eq(milter_fixture_milter_end(SIGKILL), 128 + SIGKILL);
	cr_assert_eq(access(milter_fixture_socket, F_OK), 0);
	milter_fixture_milter_start();
	peer = milter_fixture_connect();
	expect_served(&peer);
	peer_close(&peer);
	cr_expect_eq(milter_fixture_milter_end(SIGINT), 0);
	cr_expect_neq(access(milter_fixture_socket, F_OK), 0);
}

Test(milter_sockets, a_served_socket_is_left_alone)
{
	_cleanup_(free_p) char *text = NULL;
	struct peer peer;

	milter_fixture_open("");
	text = milter_fixture_milter_refusal();
	cr_expect_not_null(strstr(text, "/milter.sock': another process serves it\n"), "%s", text);
	peer = milter_fixture_connect();
	expect_served(&peer);
	peer_close(&peer);
}

Test(milter_sockets, a_file_that_is_not_a_socket_is_left_alone)
{
	_cleanup_(free_p) char *text = NULL;
	FILE *file;

	milter_fixture_prepare("");
	file = fopen(milter_fixture_socket, "w");
	cr_assert_not_null(file);
	fclose(file);
	text = milter_fixture_milter_refusal();
	cr_expect_not_null(strstr(text, "/milter.sock': the file is not a socket; remove it\n"),
			   "%s", text);
	cr_expect_eq(access(milter_fixture_socket, F_OK), 0);
}

Test(milter_sockets, the_error_names_a_socket_that_cannot_be_created)
{
	_cleanup_(free_p) char *text = NULL;

	milter_fixture_prepare("milter = \"unix:/nonexistent/milter.sock\"\n");
	text = milter_fixture_milter_refusal();
	cr_expect_str_eq(text, "socket '/nonexistent/milter.sock': No such file or directory\n");
}

Test(milter_sockets, a_tcp_socket_is_served_by_one_milter)
{
	const uint32_t words[] = {htonl(6), htonl(0x1ff), htonl(PEER_STEPS_ALL)};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(8890)};
	struct peer peer = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	_cleanup_(free_p) char *text = NULL;
	char more[96], data[64];
	size_t size;

	inet_pton(AF_INET, served_loopback(), &to.sin_addr);
	snprintf(more, sizeof(more), "milter = \"inet:%s:8890\"\nmilter_inet = true\n",
		 served_loopback());
	milter_fixture_prepare(more);
	milter_fixture_agent_start();
	milter_fixture_milter_start();
	cr_assert_eq(connect(peer.fd, (struct sockaddr *)&to, sizeof(to)), 0);
	cr_assert(peer_send(&peer, PROTOCOL_OPTNEG, words, sizeof(words)));
	cr_expect_eq(peer_receive(&peer, data, sizeof(data), &size), PROTOCOL_OPTNEG);
	peer.steps = PEER_STEPS_ALL;
	peer_connect(&peer, "198.51.100.7");
	expect_served(&peer);
	peer_close(&peer);
	text = milter_fixture_milter_refusal();
	cr_expect_not_null(strstr(text, ":8890': Address already in use\n"), "%s", text);
}
