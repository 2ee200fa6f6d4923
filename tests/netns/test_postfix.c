/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A real Postfix on the mail host with the lanes that `postern mta postfix` prints, and smtp-sink
 * on the internet, which records the client address of each message.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/postern.h"

static void stop_postfix(void)
{
	if (world.watchdog_pipe >= 0)
		host_succeeds(MAIL, "postfix -c %s/postfix/etc stop", world.directory);
	world_done();
}

TestSuite(netns_postfix, .init = world_init, .fini = stop_postfix, .timeout = 60);

static bool sinks_listen(void)
{
	_cleanup_(free_p) char *count = host_must(INTERNET, "ss -Hltn 'sport = 25' | wc -l");

	return !strcmp(count, "2\n");
}

static void start_receiver(void)
{
	static const char *const listen[] = {"0.0.0.0:25", "[::]:25"};
	char template[64];

	free(host_must(INTERNET, "mkdir -m 0777 %s/received", world.directory));
	snprintf(template, sizeof(template), "%s/received/message.", world.directory);
	for (int i = 0; i < 2; i++)
		host_start(INTERNET, "sink",
			   (const char *const[]){"smtp-sink", "-u", "nobody", "-d", template,
						 listen[i], "64", NULL});
	cr_assert(wait_for(sinks_listen(), 5000));
}

/* Postfix's directory comes first: the agent listens in it. */
static pid_t begin(void)
{
	char more[128];

	free(host_must(MAIL, "tools/postfix-instance %s/postfix", world.directory));
	snprintf(more, sizeof(more),
		 "socketmap = \"unix:%s/postfix/queue/postern/socketmap.sock\"\n", world.directory);
	return postern_begin(&(struct setup){.more = more});
}

static void start_postfix(void)
{
	free(host_must(MAIL,
		       "set -e; cd %s/postfix/etc;"
		       "cp main.cf main.cf.was; cp master.cf master.cf.was;"
		       "%s -c ../../postern.conf mta postfix install --write $PWD >/dev/null 2>&1;"
		       "postfix -c $PWD start",
		       world.directory, getenv("POSTERN")));
}

static void submit(const char *from, const char *to)
{
	free(host_must(MAIL, "timeout 20 smtp-source -f '%s' -t '%s' 127.0.0.1:2525", from, to));
}

static bool arrived(const char *to, char **seen)
{
	free(*seen);
	*seen = host_must(MAIL,
			  "cat $(grep -lF 'X-Rcpt-Args: <%s>' -r %s/received) </dev/null |"
			  "awk '/^X-Client-Addr/ { address = $2; sub(/ipv6:/, \"\", address) }"
			  "/^X-Helo-Args/ { print address, $2 }'",
			  to, world.directory);
	return **seen;
}

/* Awaits the one message to `to`; returns its "address helo", the caller's. */
static char *client_of(const char *to)
{
	char *seen = NULL;

	cr_assert(wait_for(arrived(to, &seen), 15000), "no message to %s arrived", to);
	return seen;
}

static void expect_lane(const char *from, const char *to, const char *pool, const char *helo)
{
	_cleanup_(free_p) char *seen = NULL;
	char address[ADDRESS_TEXT_SIZE], name[64];

	submit(from, to);
	seen = client_of(to);
	cr_assert_eq(sscanf(seen, "%45s %63s", address, name), 2, "%s", seen);
	cr_assert_str_eq(pool_of(address), pool, "mail of %s came from %s", from, address);
	cr_assert_str_eq(name, helo);
}

Test(netns_postfix, each_lane_leaves_by_its_pool_and_says_its_name)
{
	struct capture *capture;

	start_receiver();
	begin();
	capture = capture_start();
	start_postfix();
	expect_lane("user@example.net", "one@[" RECEIVER_IPV4 "]", "normal", "out.example.net");
	expect_lane("<>", "two@[" RECEIVER_IPV4 "]", "high-risk", "risk.example.net");
	expect_lane("user@example.net", "three@[IPv6:" RECEIVER_IPV6 "]", "normal",
		    "out.example.net");
	expect_lane("<>", "four@[IPv6:" RECEIVER_IPV6 "]", "high-risk", "risk.example.net");
	expect_pools_only(capture);
}

static bool something_deferred(void)
{
	return host_succeeds(MAIL, "grep -q status=deferred %s/postfix/mail.log", world.directory);
}

static bool mailq_names_the_pool(void)
{
	return host_succeeds(MAIL,
			     "postqueue -c %s/postfix/etc -p | "
			     "grep -q 'pool high-risk is disabled, mail waits'",
			     world.directory);
}

Test(netns_postfix, mail_of_a_lane_whose_pool_is_disabled_waits_and_goes_when_it_is_enabled)
{
	struct capture *capture;

	start_receiver();
	begin();
	capture = capture_start();
	start_postfix();
	free(postern_must("pool disable high-risk"));
	submit("<>", "late@[" RECEIVER_IPV4 "]");
	expect_lane("user@example.net", "now@[" RECEIVER_IPV4 "]", "normal", "out.example.net");
	cr_assert(wait_for(something_deferred(), 10000));
	cr_assert(mailq_names_the_pool());
	free(postern_must("pool enable high-risk"));
	{
		_cleanup_(free_p) char *seen = client_of("late@[" RECEIVER_IPV4 "]");
		char address[ADDRESS_TEXT_SIZE];

		cr_assert_eq(sscanf(seen, "%45s", address), 1);
		cr_assert_str_eq(pool_of(address), "high-risk");
	}
	expect_pools_only(capture);
}
