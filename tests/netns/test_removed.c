/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of sockets that somebody removes or replaces under running services. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_removed, .init = world_init, .fini = world_done, .timeout = 45);

static const char *const sockets[] = {"api.sock", "socketmap.sock", "milter.sock",
				      "milter.control"};
#define N_SOCKETS (sizeof(sockets) / sizeof(sockets[0]))

/* A client reaches a process by it. */
static bool is_served(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_(close_fd_p) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/run/%s", world.directory, name);
	return connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

static pid_t start_milter(void)
{
	const char *argv[] = {getenv("POSTERN"), "-c", NULL, "milter", NULL};
	_cleanup_(free_p) char *conf = NULL;

	cr_assert_gt(asprintf(&conf, "%s/postern.conf", world.directory), 0);
	argv[2] = conf;
	return host_start(MAIL, "milter", argv);
}

static void expect_all_served(const char *when)
{
	for (size_t i = 0; i < N_SOCKETS; i++)
		cr_assert(wait_for(is_served(sockets[i]), 5000), "%s %s", sockets[i], when);
}

/* A socket that nobody listens on, over the file. */
static void take_place(const char *name)
{
	struct sockaddr_un place = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char path[96];

	snprintf(place.sun_path, sizeof(place.sun_path), "%s/run/new", world.directory);
	snprintf(path, sizeof(path), "%s/run/%s", world.directory, name);
	cr_assert_eq(bind(fd, (struct sockaddr *)&place, sizeof(place)), 0);
	cr_assert_eq(rename(place.sun_path, path), 0);
	close(fd);
}

Test(netns_removed, a_socket_whose_file_is_removed_is_opened_again)
{
	pid_t agent = postern_begin(NULL), milter = start_milter();

	expect_all_served("at the start");
	free(host_must(MAIL, "cd %s/run; rm api.sock socketmap.sock milter.sock milter.control",
		       world.directory));
	expect_all_served("after it was removed");
	free(postern_must("reload"));
	cr_expect(host_succeeds(MAIL, "grep -q 'had been removed' %s/agent.log", world.directory));
	cr_expect(host_succeeds(MAIL, "grep -q 'had been removed' %s/milter.log", world.directory));
	/* A stale file of another process, too; and the end removes the right files. */
	for (size_t i = 0; i < N_SOCKETS; i++)
		take_place(sockets[i]);
	expect_all_served("after another took its place");
	cr_expect_eq(host_stop(milter, SIGTERM), 0);
	cr_expect_eq(host_stop(agent, SIGTERM), 0);
	cr_expect(host_succeeds(MAIL, "! ls %s/run | grep -e sock -e control", world.directory));
}
