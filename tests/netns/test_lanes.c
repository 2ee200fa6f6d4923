/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One handle for each address (lanes = "address"): real TCP from handles, Postfix's own client of
 * the socketmap, and a real Postfix whose name in HELO fits the address that the receiver sees.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/postern.h"

static void stop_postfix(void)
{
	if (world.watchdog_pipe >= 0)
		host_succeeds(MAIL, "test ! -d %s/postfix/etc || postfix -c %s/postfix/etc stop",
			      world.directory, world.directory);
	world_done();
}

TestSuite(netns_lanes, .init = world_init, .fini = stop_postfix, .timeout = 90);

static const char pools[] =
	"lanes = \"address\"\n"
	"pool \"normal\" { addresses = {\n"
	"  \"192.0.2.10 handle 100.127.0.10 helo out10.example.net\",\n"
	"  \"192.0.2.11 handle 100.127.0.11 helo out11.example.net\",\n"
	"  \"2001:db8:1::10 handle fd70:6f73:7465::10 helo out10.example.net\",\n"
	"  \"2001:db8:1::11 handle fd70:6f73:7465::11 helo out11.example.net\" } }\n"
	"pool \"high-risk\" { addresses = {\n"
	"  \"192.0.2.20 handle 100.127.0.20 helo risk20.example.net\",\n"
	"  \"192.0.2.21 handle 100.127.0.21 helo risk21.example.net\" } }\n";

/* Sockets lie where Postfix finds them. */
static pid_t begin(void)
{
	char more[128];

	free(host_must(MAIL, "tools/postfix-instance %s/postfix", world.directory));
	snprintf(more, sizeof(more),
		 "socketmap = \"unix:%s/postfix/queue/postern/socketmap.sock\"\n", world.directory);
	return postern_begin(&(const struct setup){.pools = pools, .more = more});
}

/* ---- connections */

static void expect_from(int receiver, const char *handle, const char *to, const char *from)
{
	const struct origin origin = {.host = MAIL, .bind = handle};

	for (int i = 0; i < 3; i++) {
		_cleanup_talk_ struct talk talk = talk_must(receiver, &origin, to, 25);

		cr_assert_str_eq(talk.from, from, "%s leaves by %s", handle, talk.from);
	}
}

static void expect_held(int receiver, const char *handle, const char *to)
{
	expect_refused(receiver, &(const struct origin){.host = MAIL, .bind = handle}, to);
}

Test(netns_lanes, what_binds_to_the_handle_of_an_address_leaves_by_it_or_not_at_all)
{
	int receiver = receiver_open(25);
	const struct origin origin = {.host = MAIL, .bind = "100.127.0.10"};
	struct capture *capture;

	begin();
	capture = capture_start();
	expect_from(receiver, "100.127.0.10", RECEIVER_IPV4, "192.0.2.10");
	expect_from(receiver, "100.127.0.11", RECEIVER_IPV4, "192.0.2.11");
	expect_from(receiver, "100.127.0.21", RECEIVER_IPV4, "192.0.2.21");
	expect_from(receiver, "fd70:6f73:7465::10", RECEIVER_IPV6, "2001:db8:1::10");
	expect_from(receiver, "fd70:6f73:7465::11", RECEIVER_IPV6, "2001:db8:1::11");
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &origin, RECEIVER_IPV4, 25);

		free(postern_must("pool drain normal 192.0.2.10"));
		expect_held(receiver, "100.127.0.10", RECEIVER_IPV4);
		cr_assert(talk_lives(&talk));
	}
	expect_from(receiver, "100.127.0.11", RECEIVER_IPV4, "192.0.2.11");
	expect_from(receiver, "fd70:6f73:7465::10", RECEIVER_IPV6, "2001:db8:1::10");
	free(postern_must("pool activate normal 192.0.2.10"));
	expect_from(receiver, "100.127.0.10", RECEIVER_IPV4, "192.0.2.10");
	free(postern_must("pool disable high-risk"));
	expect_held(receiver, "100.127.0.21", RECEIVER_IPV4);
	expect_pools_only(capture);
}

Test(netns_lanes, handles_of_addresses_come_with_up_and_go_with_down)
{
	begin();
	cr_assert(host_succeeds(MAIL, "ip -o address show dev lo | grep -q 100.127.0.21/32"));
	cr_assert(
		host_succeeds(MAIL, "ip -o address show dev lo | grep -q fd70:6f73:7465::11/128"));
	free(postern_must("down"));
	cr_assert_not(host_succeeds(MAIL, "ip -o address show dev lo | grep -q 100.127"));
}

/* ---- Postfix's own client */

/*
 * A command line: `key` looked up in `table` of the agent's socketmap. With the instance's main.cf:
 * the machine's own need not exist. The caller's.
 */
static char *lookup_command(const char *key, const char *table)
{
	char *command;

	cr_assert_geq(asprintf(&command,
			       "postmap -c %s/postfix/etc -q '%s' "
			       "socketmap:unix:%s/postfix/queue/postern/socketmap.sock:%s",
			       world.directory, key, world.directory, table),
		      0);
	return command;
}

/* "KEY LANE" a line, of so many senders; the caller's. */
static char *lanes_of_senders(int count)
{
	_cleanup_(free_p) char *command = lookup_command("-", "lane");

	return host_must(MAIL, "for i in $(seq %d); do echo user$i@example.net; done | %s", count,
			 command);
}

static unsigned count_texts(const char *text, const char *wanted)
{
	unsigned count = 0;

	for (const char *at = text; (at = strstr(at, wanted)); at++)
		count++;
	return count;
}

/* An error, and not "no such sender": mail waits. */
static bool ask_fails(const char *table)
{
	_cleanup_(free_p) char *command = lookup_command("a@b", table);

	return host_succeeds(MAIL, "%s 2>&1 | grep -q 'lookup error\\|query error'", command);
}

Test(netns_lanes, postmap_is_told_the_lane_of_each_sender)
{
	_cleanup_(free_p) char *before = NULL, *drained = NULL, *after = NULL, *null = NULL;
	_cleanup_(free_p) char *command = lookup_command("<>", "lane");
	pid_t agent = begin();

	before = lanes_of_senders(40);
	cr_assert_eq(count_texts(before, "\tpostern-normal~192.0.2.1"), 40, "%s", before);
	cr_assert_gt(count_texts(before, "\tpostern-normal~192.0.2.10:\n"), 5);
	cr_assert_gt(count_texts(before, "\tpostern-normal~192.0.2.11:\n"), 5);
	free(postern_must("pool drain normal 192.0.2.10"));
	drained = lanes_of_senders(40);
	cr_assert_eq(count_texts(drained, "\tpostern-normal~192.0.2.11:\n"), 40, "%s", drained);
	free(postern_must("pool activate normal 192.0.2.10"));
	after = lanes_of_senders(40);
	cr_assert_str_eq(after, before);
	null = host_must(MAIL, "%s", command);
	cr_assert_eq(strncmp(null, "postern-high-risk~192.0.2.2", 27), 0, "%s", null);
	cr_assert(ask_fails("other"));
	host_stop(agent, SIGTERM);
	cr_assert(ask_fails("lane"));
	postern_agent();
	free(after);
	after = lanes_of_senders(40);
	cr_assert_str_eq(after, before);
}

/* ---- mail */

static bool sink_listens(void)
{
	return host_succeeds(INTERNET, "ss -Hltn 'sport = 25' | grep -q .");
}

static void start_mail(void)
{
	char template[64];

	free(host_must(INTERNET, "mkdir -m 0777 %s/received", world.directory));
	snprintf(template, sizeof(template), "%s/received/message.", world.directory);
	host_start(INTERNET, "sink",
		   (const char *const[]){"smtp-sink", "-u", "nobody", "-d", template,
					 RECEIVER_IPV4 ":25", "64", NULL});
	cr_assert(wait_for(sink_listens(), 5000));
	free(host_must(MAIL,
		       "set -e; cd %s/postfix/etc;"
		       "%s -c ../../postern.conf mta postfix master >>master.cf;"
		       "%s -c ../../postern.conf mta postfix main >>main.cf;"
		       "postfix -c $PWD start",
		       world.directory, getenv("POSTERN"), getenv("POSTERN")));
}

/* `from` may have an $i: so many senders. */
static void submit(int count, const char *from)
{
	free(host_must(MAIL,
		       "for i in $(seq %d); do timeout 20 smtp-source -f %s "
		       "-t 'to@[" RECEIVER_IPV4 "]' 127.0.0.1:2525; done",
		       count, from));
}

/* Each is written as a whole, at its end. */
static unsigned received(void)
{
	_cleanup_(free_p) char *count =
		host_must(MAIL, "find %s/received -type f -size +0 | wc -l", world.directory);

	return (unsigned)atoi(count);
}

/* Lines "ADDRESS HELO", different ones only; the caller's. */
static char *who_came(void)
{
	return host_must(MAIL,
			 "for file in %s/received/*; do awk "
			 "'/^X-Client-Addr/ { a = $2 } /^X-Helo-Args/ { print a, $2 }' $file;"
			 "done | sort -u",
			 world.directory);
}

Test(netns_lanes, the_name_in_helo_is_that_of_the_address_that_the_receiver_sees)
{
	_cleanup_(free_p) char *seen = NULL;
	struct capture *capture;
	pid_t agent = begin();

	capture = capture_start();
	start_mail();
	submit(12, "user$i@example.net");
	cr_assert(wait_for(received() == 12, 20000), "%u", received());
	seen = who_came();
	cr_assert_str_eq(seen, "192.0.2.10 out10.example.net\n192.0.2.11 out11.example.net\n");
	/* Postfix had a connection to the agent, and makes another. */
	host_stop(agent, SIGKILL);
	postern_agent();
	submit(1, "'<>'");
	cr_assert(wait_for(received() == 13, 20000));
	free(seen);
	seen = who_came();
	cr_assert(strstr(seen, "192.0.2.20 risk20.example.net\n") ||
			  strstr(seen, "192.0.2.21 risk21.example.net\n"),
		  "%s", seen);
	cr_assert_not(host_succeeds(MAIL, "grep -q status=deferred %s/postfix/mail.log",
				    world.directory));
	expect_pools_only(capture);
}

static bool waits_for_its_sender(void)
{
	return host_succeeds(MAIL,
			     "postqueue -c %s/postfix/etc -p | "
			     "grep -q 'mail of this sender waits: manual'",
			     world.directory);
}

Test(netns_lanes, mail_that_waits_follows_the_verdict_on_its_sender)
{
	_cleanup_(free_p) char *seen = NULL;

	begin();
	start_mail();
	free(host_must(MAIL,
		       "curl -sf --unix-socket %s/run/api.sock http://localhost/v1/messages "
		       "-d '{\"user\": \"bob@example.net\"}'",
		       world.directory));
	free(postern_must("sender block bob@example.net"));
	submit(1, "bob@example.net");
	cr_assert(wait_for(waits_for_its_sender(), 10000));
	cr_assert_eq(received(), 0);
	free(postern_must("sender set bob@example.net high-risk"));
	/*
	 * Postfix keeps the last answer for 30 s (resolve_clnt): another sender's takes its place.
	 */
	submit(1, "ann@example.net");
	cr_assert(wait_for(received() == 2, 20000));
	seen = who_came();
	cr_assert_eq(count_texts(seen, "risk2"), 1, "%s", seen);
	cr_assert_eq(count_texts(seen, "out1"), 1, "%s", seen);
}

/* ---- lanes by handles */

#define SECOND_HANDLE "100.127.0.9"
#define PORTS	      16

static const char two_handles[] =
	"pool \"normal\" { addresses = { \"192.0.2.10\", \"192.0.2.11\" }\n"
	"  handles = { \"" HANDLE_NORMAL "\", \"" SECOND_HANDLE "\" } }\n"
	"pool \"high-risk\" { addresses = { \"192.0.2.20\" } handles = \"" HANDLE_HIGH_RISK "\" }\n"
	"pool \"relay\" { addresses = { \"192.0.2.30\" } }\n";

static int open_by(int receiver, const char *handle, struct talk *ret_talk)
{
	const struct origin origin = {.host = MAIL, .bind = handle};

	return talk_open(receiver, &origin, RECEIVER_IPV4, 25, CONNECT_MS, ret_talk);
}

/* A connection that binds takes a port of its handle, whatever its destination. */
Test(netns_lanes, the_second_handle_of_a_pool_has_ports_of_its_own)
{
	int receiver = receiver_open(25);
	struct talk talks[2 * PORTS];
	struct talk other = TALK_NONE;

	postern_configure(&(const struct setup){.pools = two_handles});
	free(postern_must("up"));
	free(host_must(MAIL, "sysctl -qw net.ipv4.ip_local_port_range='40000 %d'",
		       40000 + PORTS - 1));
	for (int i = 0; i < 2 * PORTS; i++) {
		const char *handle = i % 2 ? HANDLE_NORMAL : SECOND_HANDLE;

		cr_assert_eq(open_by(receiver, handle, &talks[i]), 0, "connection %d", i);
		cr_expect_str_eq(pool_of(talks[i].from), "normal");
	}
	cr_expect_eq(open_by(receiver, HANDLE_NORMAL, &other), -EADDRINUSE);
	for (int i = 0; i < 2 * PORTS; i++)
		talk_close(&talks[i]);
}

/* The lane of each delivery stands in Postfix's log. */
static unsigned deliveries_by(const char *lane)
{
	_cleanup_(free_p) char *count = host_must(
		MAIL, "grep -c 'postfix/%s/smtp.*status=sent' %s/postfix/mail.log || true", lane,
		world.directory);

	return (unsigned)atoi(count);
}

Test(netns_lanes, postfix_spreads_mail_over_the_handles_of_a_pool)
{
	char more[128];

	free(host_must(MAIL, "tools/postfix-instance %s/postfix", world.directory));
	snprintf(more, sizeof(more),
		 "socketmap = \"unix:%s/postfix/queue/postern/socketmap.sock\"\n", world.directory);
	postern_begin(&(const struct setup){.pools = two_handles, .more = more});
	start_mail();
	for (unsigned sent = 1;
	     !deliveries_by("postern-normal") || !deliveries_by("postern-normal~2"); sent++) {
		char from[32];

		cr_assert_leq(sent, 20, "only one lane delivers");
		/* Postfix keeps the last answer for 30 s. */
		snprintf(from, sizeof(from), "user%u@example.net", sent);
		free(host_must(MAIL, "sleep 0.4"));
		submit(1, from);
		cr_assert(wait_for(received() == sent, 20000));
	}
}
