/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts and signals the nsd of tools/nsd-instance. */
#include "netns/nameserver.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"

static bool has_started(const char *name)
{
	return host_succeeds(MAIL, "grep -q 'nsd started' %s/%s.log", world.directory, name);
}

pid_t nameserver_start(enum host host, const char *address, unsigned port)
{
	char name[16], conf[64];
	/* A session of its own: all its processes share one group. */
	const char *const argv[] = {"setsid", "nsd", "-d", "-c", conf, NULL};
	pid_t pid;

	snprintf(name, sizeof(name), "nsd-%u", port);
	snprintf(conf, sizeof(conf), "%s/%s/nsd.conf", world.directory, name);
	free(host_must(host, "rm -f %s/%s.log; tools/nsd-instance %s/%s %s %u", world.directory,
		       name, world.directory, name, address, port));
	pid = host_start(host, name, argv);
	if (!wait_for(has_started(name), 10000)) {
		_cleanup_(free_p) char *log =
			host_must(host, "cat %s/%s.log", world.directory, name);

		cr_assert_fail("the name server does not start: %s", log);
	}
	return pid;
}

void nameserver_signal(pid_t nameserver, int signal)
{
	cr_assert_eq(kill(-nameserver, signal), 0, "kill: %s", strerror(errno));
	if (signal == SIGKILL)
		waitpid(nameserver, NULL, 0);
}
