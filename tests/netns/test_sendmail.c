/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The milter under a real Sendmail (tools/sendmail-instance): what it marks, rejects, and survives.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/inbox.h"
#include "netns/postern.h"
#include "netns/smtp.h"

#define CONF                                                                                       \
	"milter = \"unix:%s/sendmail/milter/milter.sock\"\n"                                       \
	"resolver = { \"127.0.0.1@9\" }\n"                                                         \
	"dns_timeout_ms = 100\n"                                                                   \
	"internal_domains = { \"example.net\" }\n"                                                 \
	"policy \"limited\" { senders = { \"full@example.net\" } recipients_per_day = 2 on_limit " \
	"= \"restrict\" }\n"                                                                       \
	"policy \"slow\" { senders = { \"slow@example.net\" } recipients_per_day = 2 on_limit = "  \
	"\"defer\" }\n"

static pid_t milter;

static bool milter_listens(void)
{
	return host_succeeds(MAIL, "ss -Hlx | grep -q %s/.*/milter.sock", world.directory);
}

static void start_milter(void)
{
	char conf[64];
	const char *const argv[] = {getenv("POSTERN"), "-c", conf, "milter", NULL};

	snprintf(conf, sizeof(conf), "%s/postern.conf", world.directory);
	milter = host_start(MAIL, "milter", argv);
	cr_assert(wait_for(milter_listens(), 10000));
}

static bool sendmail_listens(void)
{
	return host_succeeds(MAIL, "ss -Hltn 'sport = %d' | grep -q .", SUBMISSION_PORT);
}

static void start_sendmail(void)
{
	char program[64];

	snprintf(program, sizeof(program), "%s/sendmail/sendmail", world.directory);
	host_start(MAIL, "sendmail", (const char *const[]){program, "-bD", NULL});
	cr_assert(wait_for(sendmail_listens(), 20000));
}

static void set_up(void)
{
	_cleanup_(free_p) char *more = NULL;

	world_init();
	free(host_must(MAIL, "tools/sendmail-instance %s/sendmail 2>&1", world.directory));
	cr_assert_geq(asprintf(&more, CONF, world.directory), 0);
	inbox_start();
	postern_begin(&(const struct setup){.more = more});
	start_milter();
	start_sendmail();
}

TestSuite(netns_sendmail, .init = set_up, .fini = world_done, .timeout = 120);

/* It came, marked with this pool once, and with nothing else of ours. */
static void expect_marked(const char *id, const char *pool)
{
	_cleanup_letter_ struct letter letter = inbox_await(id);
	_cleanup_(free_p) char *line = NULL;
	const char *first = strcasestr(letter.text, "\nX-Postern-Pool:");

	cr_assert_geq(asprintf(&line, "X-Postern-Pool: %s", pool), 0);
	cr_expect(letter_has(&letter, line), "<%s>: %s", id, letter.text);
	cr_expect_null(first ? strcasestr(first + 1, "\nX-Postern-Pool:") : NULL, "%s",
		       letter.text);
	cr_expect_not(letter_has(&letter, "X-Postern-Lane: forged"), "%s", letter.text);
	cr_expect_not(letter_has(&letter, "X-Postern-Other"), "%s", letter.text);
}

static void send(int fd, const struct mail *mail)
{
	_cleanup_(free_p) char *reply = smtp_give(fd, mail);

	cr_assert_eq(*reply, '2', "<%s>: %s", mail->id, reply);
}

Test(netns_sendmail, each_message_of_a_connection_is_marked_with_its_pool)
{
	_cleanup_(close_fd_p) int fd = smtp_open();

	send(fd, &(struct mail){.from = "<ann@example.net>", .id = "clean@x"});
	send(fd, &(struct mail){.from = "<ann@example.net>",
				.id = "forged@x",
				.headers = "X-Postern-Lane: forged\r\nX-Postern-Pool: normal\r\n"
					   "x-postern-other: 1\r\nX-Postern-Lane: forged\r\n"
					   "X-Spam-Flag: YES\r\n"});
	send(fd, &(struct mail){.from = "<>", .author = "<x@example.net>", .id = "null@x"});
	send(fd, &(struct mail){.from = "<postmaster@example.net>",
				.id = "report@x",
				.headers = REPORT_HEADERS,
				.body = REPORT_BODY});
	send(fd, &(struct mail){.from = "<ann@example.net>",
				.id = "large@x",
				.more_bytes = 2000000,
				.copies = 20});
	expect_marked("clean@x", "normal");
	expect_marked("forged@x", "high-risk");
	expect_marked("null@x", "high-risk");
	expect_marked("report@x", "high-risk");
	expect_marked("large@x", "normal");
}

static void expect_reply(int fd, const char *from, unsigned copies, const char *begins)
{
	const struct mail mail = {.from = from, .id = "refused@x", .copies = copies};
	_cleanup_(free_p) char *reply = smtp_give(fd, &mail);

	cr_expect_eq(strncmp(reply, begins, strlen(begins)), 0, "%s", reply);
}

Test(netns_sendmail, a_sender_over_its_limit_gets_our_text)
{
	_cleanup_(close_fd_p) int fd = smtp_open();

	expect_reply(fd, "<slow@example.net>", 2,
		     "550 5.5.3 Too many recipients: a message of slow@example.net may have 2 at");
	send(fd, &(struct mail){.from = "<slow@example.net>", .id = "slow@x", .copies = 1});
	expect_reply(fd, "<slow@example.net>", 0,
		     "451 4.7.1 slow@example.net has sent too much for now, try again later");
	expect_reply(fd, "<full@example.net>", 2,
		     "550 5.1.8 Sending is blocked for full@example.net");
	expect_reply(fd, "<full@example.net>", 0,
		     "550 5.1.8 Sending is blocked for full@example.net");
	send(fd, &(struct mail){.from = "<ann@example.net>", .id = "other@x"});
	expect_marked("other@x", "normal");
}

Test(netns_sendmail, mail_waits_for_a_milter_that_is_restarted)
{
	_cleanup_(free_p) char *reply = NULL;

	cr_assert_eq(host_stop(milter, SIGTERM), 0);
	reply = smtp_try(&(struct mail){.from = "<ann@example.net>", .id = "early@x"});
	cr_expect_eq(*reply, '4', "%s", reply);
	start_milter();
	smtp_send(&(struct mail){.from = "<ann@example.net>", .id = "late@x"});
	expect_marked("late@x", "normal");
}
