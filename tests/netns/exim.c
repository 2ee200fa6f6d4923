/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts a mail host with Exim, and asserts the fate of its mail. */
#include "netns/exim.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/inbox.h"
#include "netns/nameserver.h"
#include "netns/postern.h"

static bool listens(unsigned port)
{
	return host_succeeds(MAIL, "ss -Hltn 'sport = %u' | grep -q .", port);
}

void exim_start(const struct exim_setup *exim)
{
	unsigned port = exim->port ? exim->port : SUBMISSION_PORT;
	char program[64];

	free(host_must(MAIL,
		       "set -e; tools/exim-instance %s/exim; cd %s;"
		       "for part in main acl routers transports; do"
		       " %s -c postern.conf mta exim $part >exim/etc/exim4/postern.$part;"
		       "done; sed -i 's/^daemon_smtp_ports = .*/daemon_smtp_ports = %u/;%s'"
		       " exim/etc/exim4/*",
		       world.directory, world.directory, getenv("POSTERN"), port,
		       exim->edit ? exim->edit : ""));
	snprintf(program, sizeof(program), "%s/exim/exim", world.directory);
	host_start(MAIL, "exim",
		   (const char *const[]){program, "-bdf", exim->waits ? "-odq" : "-q1s", NULL});
	cr_assert(wait_for(listens(port), 5000));
}

pid_t exim_begin_with(const char *more, const struct exim_setup *exim)
{
	const struct setup setup = {.more = more};
	pid_t agent;

	inbox_start();
	agent = postern_begin(&setup);
	nameserver_start(MAIL, "127.0.0.1", 53);
	exim_start(exim);
	return agent;
}

pid_t exim_begin(const char *more)
{
	return exim_begin_with(more, &(const struct exim_setup){.edit = NULL});
}

struct result exim_sendmail(const char *id, const char *from)
{
	free(world_write("local", "From: a program\nMessage-ID: <%s>\n\ntext\n", id));
	return host_run(MAIL, "%s/exim/exim -odb -oep -f '%s' bob@example.org <%s/local 2>&1",
			world.directory, from, world.directory);
}

bool exim_queued(unsigned n)
{
	return host_succeeds(MAIL, "test $(ls %s/exim/spool/input | grep -c -- -H) = %u",
			     world.directory, n);
}

bool exim_logged(const char *pattern)
{
	return host_succeeds(MAIL, "grep -qE -e '%s' %s/exim/log/main", pattern, world.directory);
}

/* ---- fate of a message */

void exim_expect_letter(const char *id, const char *pool)
{
	_cleanup_letter_ struct letter letter = inbox_await(id);

	cr_expect_str_eq(pool_of(letter.client), pool, "<%s> came from %s", id, letter.client);
	cr_expect_str_eq(letter.helo, !strcmp(pool, "normal")  ? "out.example.net"
				      : !strcmp(pool, "relay") ? "relay.example.net"
							       : "risk.example.net");
}

void exim_expect_left(const char *id, const char *pool)
{
	_cleanup_(free_p) char *explained = NULL;

	exim_expect_letter(id, pool);
	explained = postern_must("-j explain '<%s>' | jq -j .pool", id);
	cr_expect_str_eq(explained, pool, "explain <%s>: %s", id, explained);
}

void exim_expect_refused(const struct mail *mail, const char *begins)
{
	_cleanup_(free_p) char *reply = smtp_try(mail);

	cr_expect_eq(strncmp(reply, begins, strlen(begins)), 0, "<%s>: %s", mail->id, reply);
}

void exim_expect_empty(void)
{
	cr_expect(wait_for(exim_queued(0), 10000), "something is left in the queue");
}
