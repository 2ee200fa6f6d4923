/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts Haraka as a person would. */
#include "netns/haraka.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/host.h"

#define INSTALLED "/var/cache/postern-deps/haraka/node_modules/Haraka"

void haraka_need(void)
{
	if (access(INSTALLED, F_OK) < 0)
		cr_skip_test("Haraka is not installed (tools/install-deps)");
}

static bool listens(unsigned port)
{
	return host_succeeds(MAIL, "ss -Hltn 'sport = %u' | grep -q .", port);
}

void haraka_start(unsigned port)
{
	char program[64], log[64];

	free(host_must(MAIL, "tools/haraka-instance %s/haraka %s/run/api.sock %u", world.directory,
		       world.directory, port));
	snprintf(program, sizeof(program), "%s/haraka/haraka", world.directory);
	host_start(MAIL, "haraka", (const char *const[]){program, NULL});
	if (!wait_for(listens(port), 10000)) {
		_cleanup_(free_p) char *text = NULL;

		snprintf(log, sizeof(log), "%s/haraka.log", world.directory);
		text = read_text(log);
		cr_assert_fail("Haraka does not listen; its log: %s", text);
	}
}
