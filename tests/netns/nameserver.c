// SPDX-License-Identifier: BSD-2-Clause
// Starts and signals the nsd of tools/nsd-instance.
#include "netns/nameserver.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"

static bool has_started(void)
{
	return host_succeeds(MAIL, "grep -q 'nsd started' %s/nsd.log", world.directory);
}

pid_t nameserver_start(enum host host, const char *address, unsigned port)
{
	char conf[64];
	/* A session of its own, so that all its processes have one group. */
	const char *const argv[] = {"setsid", "nsd", "-d", "-c", conf, NULL};
	pid_t pid;

	free(host_must(host, "rm -f %s/nsd.log; tools/nsd-instance %s/nsd %s %u", world.directory,
		       world.directory, address, port));
	snprintf(conf, sizeof(conf), "%s/nsd/nsd.conf", world.directory);
	pid = host_start(host, "nsd", argv);
	cr_assert(wait_for(has_started(), 10000), "the name server did not start: %s/nsd.log",
		  world.directory);
	return pid;
}

void nameserver_signal(pid_t nameserver, int signal)
{
	cr_assert_eq(kill(-nameserver, signal), 0, "kill: %s", strerror(errno));
	if (signal == SIGKILL)
		waitpid(nameserver, NULL, 0);
}
