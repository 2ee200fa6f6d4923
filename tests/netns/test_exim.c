// SPDX-License-Identifier: BSD-2-Clause
// A real Exim on the mail host with exactly what `postern mta exim` prints, a real name server, and
// smtp-sink on the internet, which writes down the client address of each message.
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/nameserver.h"
#include "netns/postern.h"

TestSuite(netns_exim, .init = world_init, .fini = world_done, .timeout = 60);

#define DOMAINS "internal_domains = { \"example.net\", \"*.example\", \"example\" }\n"

/* ---- hosts */

static bool sinks_listen(void)
{
	return host_succeeds(INTERNET, "test $(ss -Hltn 'sport = 25' | wc -l) = 2");
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

static bool exim_listens(void)
{
	return host_succeeds(MAIL, "test $(ss -Hltn 'sport = 2525' | wc -l) = 1");
}

/* Again, too: with what is printed now. */
static pid_t start_exim(void)
{
	char program[64];
	pid_t pid;

	free(host_must(MAIL,
		       "set -e; cd %s; test -d exim || $OLDPWD/tools/exim-instance $PWD/exim;"
		       "for part in main acl routers transports; do"
		       " %s -c postern.conf mta exim $part >exim/etc/exim4/postern.$part;"
		       "done",
		       world.directory, getenv("POSTERN")));
	snprintf(program, sizeof(program), "%s/exim/exim", world.directory);
	pid = host_start(MAIL, "exim", (const char *const[]){program, "-bdf", "-q1s", NULL});
	cr_assert(wait_for(exim_listens(), 5000));
	return pid;
}

static pid_t begin(const char *more)
{
	const struct setup setup = {.more = more};
	pid_t agent;

	start_receiver();
	agent = postern_begin(&setup);
	nameserver_start(MAIL, "127.0.0.1", 53);
	start_exim();
	return agent;
}

/* ---- mail */

struct mail {
	const char *id;
	const char *from; /* as of curl's --mail-from, in a configuration file of curl's */
	const char *to;
	const char *header; /* one more, or NULL */
	const char *user;   /* who authenticates; NULL: nobody */
	const char *pool;   /* by which it is to leave */
};

static struct result submit(const struct mail *mail)
{
	free(world_write("mail",
			 "From: someone@example.net\r\nMessage-ID: <%s>\r\n%s%s\r\ntext\r\n",
			 mail->id, mail->header ? mail->header : "", mail->header ? "\r\n" : ""));
	free(world_write("curl.conf",
			 "url = \"smtp://127.0.0.1:2525/client.example\"\n"
			 "mail-from = \"%s\"\n"
			 "mail-rcpt = \"%s\"\n"
			 "upload-file = \"%s/mail\"\n"
			 "%s%s%s",
			 mail->from, mail->to, world.directory, mail->user ? "user = \"" : "",
			 mail->user ? mail->user : "", mail->user ? ":x\"\n" : ""));
	return host_run(MAIL, "timeout 20 curl -sSv -K %s/curl.conf 2>&1", world.directory);
}

static void submit_must(const struct mail *mail)
{
	_cleanup_result_ struct result result = submit(mail);

	cr_assert_eq(result.status, 0, "mail %s of %s: %s", mail->id, mail->from, result.text);
}

/* What the receiver has of the message that has this line in it: "address helo". */
static bool arrived(const char *line, char **seen)
{
	free(*seen);
	*seen = host_must(MAIL,
			  "cat $(grep -lFxie '%s' -r %s/received) </dev/null |"
			  "awk '/^X-Client-Addr/ { address = $2; sub(/ipv6:/, \"\", address) }"
			  "/^X-Helo-Args/ { print address, $2 }'",
			  line, world.directory);
	return **seen;
}

static void expect_line(const char *line, const char *pool)
{
	_cleanup_(free_p) char *seen = NULL;
	char address[ADDRESS_TEXT_SIZE], helo[64];

	cr_assert(wait_for(arrived(line, &seen), 15000), "nothing with '%s' arrived", line);
	cr_assert_eq(sscanf(seen, "%45s %63s", address, helo), 2, "%s", seen);
	cr_expect_str_eq(pool_of(address), pool, "'%s' came from %s", line, address);
	cr_expect_str_eq(helo, !strcmp(pool, "normal") ? "out.example.net" : "risk.example.net");
	cr_expect_null(strchr(seen, '\n')[1] ? seen : NULL, "'%s' arrived twice: %s", line, seen);
}

static void expect_pool_of_mail(const struct mail *mail)
{
	char line[600];

	snprintf(line, sizeof(line), "Message-ID: <%s>", mail->id);
	expect_line(line, mail->pool);
}

/* The pool and reason of the decision about it. */
static void expect_explained(const struct mail *mail)
{
	_cleanup_(free_p) char *pool = postern_must("-j explain '<%s>' | jq -j .pool", mail->id);

	cr_expect_str_eq(pool, mail->pool, "explain %s: %s", mail->id, pool);
}

static void expect_leave(const struct mail *mails, size_t n)
{
	for (size_t i = 0; i < n; i++)
		submit_must(&mails[i]);
	for (size_t i = 0; i < n; i++) {
		expect_pool_of_mail(&mails[i]);
		expect_explained(&mails[i]);
	}
}
#define EXPECT_LEAVE(mails) expect_leave(mails, sizeof(mails) / sizeof((mails)[0]))

#define TO "someone@example.org"

Test(netns_exim, every_message_leaves_by_the_pool_that_explain_names)
{
	static const struct mail mails[] = {
		{"clean", "a@example.net", TO, NULL, NULL, "normal"},
		{"spam", "a@example.net", TO, "X-Spam-Flag: YES", NULL, "high-risk"},
		{"folded", "a@example.net", TO, "X-Spam-Status:\r\n Yes, score=9", NULL,
		 "high-risk"},
		{"rspamd", "a@example.net", TO, "X-Rspamd-Action: add\r\n header", NULL,
		 "high-risk"},
		{"ham", "a@example.net", TO, "X-Spam-Status: No, score=0", NULL, "normal"},
		{"quoted-mark", "a@example.net", TO, "Subject: X-Spam-Flag: YES", NULL, "normal"},
		{"null", "<>", TO, NULL, NULL, "high-risk"},
		{"report", "a@example.net", TO,
		 "Content-Type: multipart/report;\r\n\treport-type=delivery-status; boundary=x",
		 NULL, "high-risk"},
		{"neither", "a@neither.example", TO, NULL, NULL, "high-risk"},
		{"nowhere", "a@not-there.example", TO, NULL, NULL, "high-risk"},
		{"servfail", "a@servfail.example", TO, NULL, NULL, "normal"},
		{"mx-only", "a@mx-only.example", TO, NULL, NULL, "normal"},
		{"a-only", "a@a-only.example", TO, NULL, NULL, "normal"},
		{"aaaa-only", "a@aaaa-only.example", TO, NULL, NULL, "high-risk"},
		{"ipv6", "a@example.net", "b@aaaa-only.example", NULL, NULL, "normal"},
		{"ipv6-spam", "a@example.net", "b@aaaa-only.example", "X-Spam: yes", NULL,
		 "high-risk"},
		{"user", "a@example.net", TO, NULL, "bob@example.net", "normal"},
	};
	struct capture *capture;

	begin(DOMAINS);
	capture = capture_start();
	EXPECT_LEAVE(mails);
	expect_pools_only(capture);
}
