/* SPDX-License-Identifier: BSD-2-Clause */
/* Real listening sockets: connections to them, their files, and places that are taken. */
#include "process/listen.h"

#include <criterion/criterion.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "common/served.h"
#include "unit/scratch.h"

#define PORT 2525

static struct error error;

TestSuite(process_listen, .init = scratch_open, .fini = scratch_close, .timeout = 30);

static void expect_flags(int fd)
{
	cr_expect(fcntl(fd, F_GETFL) & O_NONBLOCK);
	cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

/* ---- unix sockets */

Test(process_listen, a_unix_socket_takes_connections_of_its_user_and_group)
{
	_cleanup_(close_fd_p) int fd = -1, client = -1, served = -1;

	cr_assert_eq(listen_unix(scratch_path("socket"), &fd, &error), 0, "%s", error.text);
	cr_expect_eq(scratch_mode("socket"), 0660);
	expect_flags(fd);
	client = served_dial(scratch_path("socket"));
	served = accept(fd, NULL, NULL);
	cr_expect_geq(served, 0);
}

Test(process_listen, a_socket_file_that_nobody_serves_is_replaced)
{
	_cleanup_(close_fd_p) int first = -1, second = -1, client = -1;

	cr_assert_eq(listen_unix(scratch_path("socket"), &first, &error), 0);
	close(first);
	first = -1;
	cr_assert_eq(listen_unix(scratch_path("socket"), &second, &error), 0, "%s", error.text);
	client = served_dial(scratch_path("socket"));
	cr_expect_geq(client, 0);
}

Test(process_listen, a_socket_that_a_process_serves_stays)
{
	_cleanup_(close_fd_p) int first = -1, client = -1;
	int second = -1;

	cr_assert_eq(listen_unix(scratch_path("socket"), &first, &error), 0);
	cr_expect_eq(listen_unix(scratch_path("socket"), &second, &error), -EADDRINUSE);
	cr_expect_eq(second, -1);
	client = served_dial(scratch_path("socket"));
	cr_expect_geq(client, 0);
}

Test(process_listen, a_process_that_accepts_nothing_blocks_nobody)
{
	_cleanup_(close_fd_p) int first = -1;
	int second = -1;

	cr_assert_eq(listen_unix(scratch_path("socket"), &first, &error), 0);
	cr_assert_eq(listen(first, 0), 0);
	served_dial(scratch_path("socket")); /* its queue is full; it ends with the test */
	cr_expect_eq(listen_unix(scratch_path("socket"), &second, &error), -EADDRINUSE);
}

Test(process_listen, a_file_that_is_no_socket_stays)
{
	int fd = -1;

	scratch_write("socket", "kept");
	cr_expect_eq(listen_unix(scratch_path("socket"), &fd, &error), -EEXIST);
	cr_expect_eq(fd, -1);
	cr_expect_not_null(strstr(error.text, scratch_path("socket")), "%s", error.text);
	cr_expect_str_eq(scratch_read("socket"), "kept");
}

Test(process_listen, a_path_fits_up_to_107_letters)
{
	_cleanup_(close_fd_p) int fits = -1, over = -1;
	char path[LISTEN_PATH_SIZE + 1];
	size_t length = strlen(scratch);

	memset(path, 'a', sizeof(path));
	memcpy(path, scratch, length);
	path[length] = '/';
	path[LISTEN_PATH_SIZE] = '\0';
	cr_expect_eq(listen_unix(path, &over, &error), -ENAMETOOLONG);
	cr_expect_eq(over, -1);
	path[LISTEN_PATH_SIZE - 1] = '\0';
	cr_expect_eq(listen_unix(path, &fits, &error), 0, "%s", error.text);
}

Test(process_listen, without_its_directory_there_is_no_socket)
{
	int fd = -1;

	cr_expect_eq(listen_unix(scratch_path("nothing/socket"), &fd, &error), -ENOENT);
	cr_expect_eq(fd, -1);
}

/* ---- TCP */

static struct address address_of(const char *text)
{
	struct address address;

	cr_assert_eq(address_parse(text, &address), 0);
	return address;
}

static int port_of(int fd)
{
	struct sockaddr_in6 name;
	socklen_t size = sizeof(name);

	cr_assert_eq(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	return ntohs(name.sin6_port); /* in the same place as IPv4's */
}

Test(process_listen, a_tcp_socket_takes_connections_at_its_address)
{
	const struct address address = address_of(served_loopback());
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	_cleanup_(close_fd_p) int fd = -1, client = socket(AF_INET, SOCK_STREAM, 0), served = -1;

	cr_assert_eq(listen_tcp(&address, PORT, &fd, &error), 0, "%s", error.text);
	expect_flags(fd);
	cr_assert_eq(inet_pton(AF_INET, served_loopback(), &name.sin_addr), 1);
	cr_assert_eq(connect(client, (struct sockaddr *)&name, sizeof(name)), 0);
	served = accept(fd, NULL, NULL);
	cr_expect_geq(served, 0);
}

Test(process_listen, ipv6_has_its_own_form_of_address)
{
	const struct address address = address_of("::1");
	struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	_cleanup_(close_fd_p) int fd = -1, client = socket(AF_INET6, SOCK_STREAM, 0);

	cr_assert_eq(listen_tcp(&address, 0, &fd, &error), 0, "%s", error.text);
	name.sin6_port = htons((uint16_t)port_of(fd));
	cr_expect_eq(connect(client, (struct sockaddr *)&name, sizeof(name)), 0);
}

Test(process_listen, a_port_that_is_taken_is_an_error_with_its_name)
{
	const struct address address = address_of(served_loopback());
	_cleanup_(close_fd_p) int first = -1;
	char expected[ENDPOINT_TEXT_SIZE + 8], text[ENDPOINT_TEXT_SIZE];
	int second = -1;

	cr_assert_eq(listen_tcp(&address, PORT, &first, &error), 0, "%s", error.text);
	cr_expect_eq(listen_tcp(&address, PORT, &second, &error), -EADDRINUSE);
	cr_expect_eq(second, -1);
	snprintf(expected, sizeof(expected), "'%s': ", endpoint_format(&address, PORT, text));
	cr_expect_not_null(strstr(error.text, expected), "%s", error.text);
}

Test(process_listen, an_address_of_another_host_is_an_error)
{
	const struct address address = address_of("203.0.113.9");
	int fd = -1;

	cr_expect_eq(listen_tcp(&address, PORT, &fd, &error), -EADDRNOTAVAIL);
	cr_expect_eq(fd, -1);
}
