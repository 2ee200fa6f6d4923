/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts the daemons of a mail host in the order that a person would use. */
#include "netns/mailhost.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/nameserver.h"

#define SCANNER_PORT	 11332
#define POSTERN_DNS_PORT 5353
#define MTA_DNS_PORT	 53
#define DAEMON_MS	 15000

struct mailhost mailhost;

static const char base_conf[] = "milter = \"unix:%s/postfix/queue/postern/milter.sock\"\n"
				"socketmap = \"unix:%s/postfix/queue/postern/socketmap.sock\"\n"
				"resolver = { \"127.0.0.1@5353\" }\n"
				"internal_domains = { \"example.net\", \"*.example\" }\n";

static const char base_main[] = "mynetworks = 0.0.0.0/0, [::]/0\n"
				"smtpd_authorized_xclient_hosts = 127.0.0.0/8\n"
				"smtp_dns_support_level = enabled\n"
				"smtp_host_lookup = dns\n"
				"message_size_limit = 100000000\n"
				"in_flow_delay = 0\n"
				"smtputf8_enable = yes\n";

/* ---- daemons */

/* Fails with the daemon's output: its log is removed with the world. */
static void expect_started(bool started, const char *name)
{
	_cleanup_(free_p) char *log = NULL;
	char path[64];

	if (started)
		return;
	snprintf(path, sizeof(path), "%s/%s.log", world.directory, name);
	log = read_text(path);
	cr_assert_fail("%s does not listen: %s", name, log);
}

static bool port_listens(unsigned port)
{
	return host_succeeds(MAIL, "ss -Hltn 'sport = %u' | grep -q .", port);
}

static void start_scanner(void)
{
	char conf[64];
	const char *const argv[] = {"setpriv",
				    "--reuid=nobody",
				    "--regid=nogroup",
				    "--clear-groups",
				    "rspamd",
				    "-f",
				    "-c",
				    conf,
				    NULL};

	free(host_must(MAIL, "tools/rspamd-instance %s/rspamd", world.directory));
	snprintf(conf, sizeof(conf), "%s/rspamd/rspamd.conf", world.directory);
	host_start(MAIL, "rspamd", argv);
}

void mailhost_start_agent(void)
{
	mailhost.agent = postern_agent();
}

static bool milter_listens(void)
{
	return host_succeeds(MAIL, "ss -Hlx | grep -q %s/.*/milter.sock", world.directory);
}

void mailhost_start_milter(void)
{
	char conf[64];
	const char *const argv[] = {getenv("POSTERN"), "-c", conf, "milter", NULL};

	snprintf(conf, sizeof(conf), "%s/postern.conf", world.directory);
	mailhost.milter = host_start(MAIL, "milter", argv);
	expect_started(wait_for(milter_listens(), DAEMON_MS), "milter");
}

/*
 * rspamd resolves names by libc, which reads /etc/resolv.conf: it gets a mount namespace with the
 * world's own file there.
 */
static void start_postfix(const struct mailhost_setup *setup)
{
	const char *main = setup && setup->main ? setup->main : "";
	char scanner[32] = "";

	if (!setup || !setup->no_scanner)
		snprintf(scanner, sizeof(scanner), "inet:127.0.0.1:%d, ", SCANNER_PORT);
	free(world_write("resolv.conf", "nameserver 127.0.0.1\n"));
	free(world_write("main.cf", "%s%s", base_main, main));
	free(host_must(MAIL,
		       "exec unshare -m sh -ec '"
		       "mount --bind %s/resolv.conf /etc/resolv.conf;"
		       "cd %s/postfix/etc;"
		       "$POSTERN -c ../../postern.conf mta postfix master >>master.cf;"
		       "$POSTERN -c ../../postern.conf mta postfix main >>main.cf;"
		       "sed -i \"s/^smtpd_milters = /&%s/\" main.cf;"
		       /*
		        * Replaced, not appended: every process warns of a setting that occurs
		        * twice, and a log daemon that warns while its socket is full waits for
		        * itself.
		        */
		       "xargs -d \"\\n\" postconf -c $PWD -e <../../main.cf;"
		       /* Postfix would wait until its files are a second old. */
		       "touch -d 1970-01-02 main.cf master.cf;"
		       "exec postfix -c $PWD start'",
		       world.directory, world.directory, scanner));
}

void mailhost_begin(const struct mailhost_setup *setup)
{
	const char *conf = setup && setup->conf ? setup->conf : "";
	_cleanup_(free_p) char *head = NULL, *more = NULL;

	cr_assert_geq(asprintf(&head, base_conf, world.directory, world.directory), 0);
	cr_assert_geq(asprintf(&more, "%s%s", head, conf), 0);
	/* Postfix first: agent and milter listen in the directory of its queue. */
	free(host_must(MAIL, "tools/postfix-instance %s/postfix", world.directory));
	if (!setup || !setup->no_scanner)
		start_scanner();
	inbox_start();
	mailhost.mta_nameserver = nameserver_start(MAIL, "127.0.0.1", MTA_DNS_PORT);
	mailhost.nameserver = nameserver_start(MAIL, "127.0.0.1", POSTERN_DNS_PORT);
	mailhost.agent = postern_begin(&(const struct setup){.more = more});
	mailhost_start_milter();
	start_postfix(setup);
	if (!setup || !setup->no_scanner)
		expect_started(wait_for(port_listens(SCANNER_PORT), DAEMON_MS), "rspamd");
}

void mailhost_done(void)
{
	if (world.watchdog_pipe >= 0)
		host_succeeds(MAIL, "postfix -c %s/postfix/etc stop", world.directory);
	world_done();
}

/* ---- mail */

/*
 * Looks twice where messages move: a message that moves between looks is seen in one place at
 * least.
 */
unsigned mailhost_queued(void)
{
	_cleanup_(free_p) char *count =
		host_must(MAIL,
			  "cd %s/postfix/queue; find maildrop incoming active deferred active "
			  "deferred -type f -printf '%%f\n' 2>/dev/null | sort -u | wc -l",
			  world.directory);

	return (unsigned)atoi(count);
}

struct inbox mailhost_settle(int within_ms)
{
	cr_assert(wait_for(mailhost_queued() == 0, within_ms), "%u messages are still queued",
		  mailhost_queued());
	return inbox_read();
}

char *mailhost_explain(const char *id)
{
	return postern_must("-j explain '<%s>' | jq -rj '.pool, \" \", .reason'", id);
}

static const char *helo_of(const char *pool)
{
	return !strcmp(pool, "normal")	    ? "out.example.net"
	       : !strcmp(pool, "high-risk") ? "risk.example.net"
					    : "relay.example.net";
}

void mailhost_expect_lane(const struct letter *letter, const char *pool)
{
	cr_assert_str_eq(pool_of(letter->client), pool, "<%s> came from %s", letter->id,
			 letter->client);
	cr_assert_str_eq(letter->helo, helo_of(pool), "<%s>", letter->id);
	cr_assert_not(letter_has(letter, "X-Postern-"), "%s", letter->text);
}

void mailhost_expect_letter(const char *id, const char *pool, const char *reason)
{
	_cleanup_letter_ struct letter letter = inbox_await(id);
	_cleanup_(free_p) char *explained = mailhost_explain(id);
	char expected[64];

	mailhost_expect_lane(&letter, pool);
	snprintf(expected, sizeof(expected), "%s %s", pool, reason);
	cr_assert_str_eq(explained, expected, "<%s>", id);
}

void mailhost_expect(const struct mail *mail, const char *pool, const char *reason)
{
	smtp_send(mail);
	mailhost_expect_letter(mail->id, pool, reason);
}

char *mailhost_log(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/postfix/mail.log", world.directory);
	return read_text(path);
}
