/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boots with random delays: of the datapath's start, of the default route, of the agent and the
 * milter. Then restarts, reloads, stops and kills in random order and time, and a shutdown, all
 * under new connections of the host and of a tenant. Must be zero: packets by a wrong source,
 * services that are down at the end, letters that did not come or came by a wrong pool.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/boot.h"
#include "netns/inbox.h"
#include "netns/postern.h"
#include "netns/stream.h"
#include "soak/count.h"

#define UP_DELAY_MS    1500
#define DELAY_MS       500
#define EVENT_EVERY_MS 300
#define EVENTS	       8
#define ANYWHERE       "maildrop incoming active deferred"
#define LETTERS	       3 /* of boot_queue_mail() */

TestSuite(soak_boots, .init = world_init, .fini = world_done, .timeout = 180);

static const char *const units[] = {"postern.service", "postern-agent.service",
				    "postern-milter.service", "postfix@-.service"};
#define N_UNITS (sizeof(units) / sizeof(units[0]))

static void delay_unit(const char *unit, unsigned most_ms)
{
	char path[96], text[96];
	unsigned ms = count_random(most_ms);

	snprintf(path, sizeof(path), "/etc/systemd/system/%s.d/delay.conf", unit);
	snprintf(text, sizeof(text), "[Service]\nExecStartPre=/bin/sleep %u.%03u\n", ms / 1000,
		 ms % 1000);
	boot_file(path, text);
}

/* Without the interfaces' names `up` fails until the default route is there. */
static void delay_route(void)
{
	const char *const argv[] = {"sh",
				    "-c",
				    "sleep $1; ip route add default via 192.0.2.1;"
				    "ip -6 route add default via 2001:db8:1::1",
				    "sh",
				    count_random(2) ? "1" : "3",
				    NULL};

	free(host_must(MAIL,
		       "sed -i /^interfaces/d %s/postern.conf; ip route del default;"
		       "ip -6 route del default",
		       world.directory));
	host_start(MAIL, "route", argv);
}

/* Messages in these directories of Postfix's queue. */
static unsigned queued(const char *directories)
{
	_cleanup_(free_p) char *count = boot_must(
		"cd /var/spool/postfix; find %s -type f 2>/dev/null | wc -l", directories);

	return (unsigned)atoi(count);
}

static void boot(void)
{
	boot_prepare_mail();
	boot_queue_mail();
	delay_unit("postern.service", UP_DELAY_MS);
	delay_unit("postern-agent.service", DELAY_MS);
	delay_unit("postern-milter.service", DELAY_MS);
	if (count_random(3) == 0)
		delay_route();
	boot_start();
	boot_finish();
	count_add("boots", 1);
	/*
	 * Mail that comes in while the milter is down leaves unjudged: that is as on_agent_down
	 * says.
	 */
	cr_assert(wait_for(queued("maildrop incoming") == 0, 20000));
}

/* ---- what an operator or a fault does */

static void disturb(void)
{
	static const char *const commands[] = {
		"systemctl restart postern",
		"systemctl reload postern",
		"systemctl stop postern && systemctl start postern",
		"systemctl restart postern-agent",
		"systemctl restart postern-milter",
		"systemctl kill --signal KILL postern-agent",
		"systemctl kill --signal KILL postern-milter",
	};

	poll(NULL, 0, (int)count_random(EVENT_EVERY_MS));
	if (boot_succeeds("%s", commands[count_random(sizeof(commands) / sizeof(commands[0]))]))
		count_add("disturbances", 1);
}

static void count_services(void)
{
	for (size_t i = 0; i < N_UNITS; i++)
		count_add_zero("services down at the end",
			       !wait_for(boot_is_active(units[i]), 10000));
}

/* ---- what came of it */

static unsigned received(void)
{
	_cleanup_inbox_ struct inbox inbox = inbox_read();

	return (unsigned)inbox.count;
}

/* Of boot_queue_mail(). */
static bool is_wrong(const struct letter *letter)
{
	const char *pool = strcmp(letter->id, "good@x") == 0 ? "normal" : "high-risk";

	return strcmp(pool_of(letter->client), pool) != 0;
}

static void count_letters(void)
{
	bool all = wait_for(received() + queued(ANYWHERE) >= LETTERS, 10000);
	_cleanup_inbox_ struct inbox inbox = inbox_read();

	count_add("letters received", (long long)inbox.count);
	/* A disturbance may have deferred one for minutes. */
	count_add("letters deferred", queued(ANYWHERE));
	count_add_zero("letters lost", !all);
	for (size_t i = 0; i < inbox.count; i++)
		count_add_zero("letters by a wrong pool", is_wrong(&inbox.letters[i]));
}

Test(soak_boots, boots_restarts_and_a_shutdown_at_random)
{
	struct capture *capture = capture_start();
	pid_t tenant, local;

	boot();
	tenant = stream_start(TENANT);
	local = stream_start(MAIL);
	for (int i = 0; i < EVENTS; i++)
		disturb();
	count_services();
	count_letters();
	boot_power_off();
	host_stop(tenant, SIGKILL);
	host_stop(local, SIGKILL);
	count_capture(capture);
}
