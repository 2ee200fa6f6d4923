/* SPDX-License-Identifier: BSD-2-Clause */
/* A process that opens connections and lets them go. */
#include "netns/stream.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define SYN_EVERY_MS 5

static _Noreturn void open_connections(const char *destination)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
				       .sin_port = htons(25),
				       .sin_addr.s_addr = inet_addr(destination)};
	const struct linger reset = {.l_onoff = 1};

	for (;;) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		connect(fd, (const struct sockaddr *)&to, sizeof(to));
		poll(NULL, 0, SYN_EVERY_MS);
		close(fd);
	}
}

pid_t stream_start_to(enum host host, const char *destination)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The watchdog waits until nobody has its pipe. */
	close(world.watchdog_pipe);
	host_enter(host);
	open_connections(destination);
}

pid_t stream_start(enum host host)
{
	return stream_start_to(host, RECEIVER_IPV4);
}
