/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifications on a real supervisor's socket, which the test is. */
#include "process/sd_notify.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "unit/scratch.h"

TestSuite(process_sd_notify, .init = scratch_open, .fini = scratch_close);

/*
 * A datagram socket at `name`, where '@' stands for the abstract name space, and the variable that
 * names it.
 */
static int supervise(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, name, length);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	cr_assert_eq(bind(fd, (struct sockaddr *)&address,
			  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
		     0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void expect_message(int fd, const char *expected)
{
	char message[64] = "";
	ssize_t size = recv(fd, message, sizeof(message) - 1, 0);

	cr_expect_eq(size, (ssize_t)strlen(expected));
	cr_expect_str_eq(message, expected);
}

static void expect_silence(int fd)
{
	char byte;

	cr_expect_eq(recv(fd, &byte, 1, 0), -1);
	cr_expect_eq(errno, EAGAIN);
}

Test(process_sd_notify, a_message_is_one_datagram_without_its_end)
{
	_cleanup_(close_fd_p) int fd = supervise(scratch_path("notify"));

	sd_notify_send("READY=1");
	sd_notify_send("STOPPING=1");
	expect_message(fd, "READY=1");
	expect_message(fd, "STOPPING=1");
	expect_silence(fd);
}

Test(process_sd_notify, an_at_sign_names_the_abstract_name_space)
{
	_cleanup_(close_fd_p) int fd = -1;
	char name[64];

	snprintf(name, sizeof(name), "@postern-notify-%d", getpid());
	fd = supervise(name);
	sd_notify_send("READY=1");
	expect_message(fd, "READY=1");
}

Test(process_sd_notify, without_a_supervisor_nothing_is_sent)
{
	_cleanup_(close_fd_p) int fd = supervise(scratch_path("notify"));

	unsetenv("NOTIFY_SOCKET");
	sd_notify_send("READY=1");
	expect_silence(fd);
}

/* A descriptor that leaked would shift the next one. */
static int next_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

Test(process_sd_notify, names_that_lead_nowhere_do_no_harm)
{
	char too_long[200];
	int before = next_fd();

	memset(too_long, 'a', sizeof(too_long) - 1);
	too_long[0] = '/';
	too_long[sizeof(too_long) - 1] = '\0';
	const char *const names[] = {"", "/", "relative", too_long, scratch_path("nothing")};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		setenv("NOTIFY_SOCKET", names[i], 1);
		sd_notify_send("READY=1");
	}
	cr_expect_eq(next_fd(), before);
}

Test(process_sd_notify, a_supervisor_that_has_ended_does_not_end_us)
{
	int fd = supervise(scratch_path("notify"));

	close(fd);
	sd_notify_send("READY=1");
}
