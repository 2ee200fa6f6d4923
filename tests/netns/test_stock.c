/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Follows README.md to the letter on a stock Debian Postfix with its chroots. The commands are read
 * from README.md, so they must work as written. The host is tests/netns/stock-host.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/inbox.h"
#include "netns/mailhost.h"
#include "netns/nameserver.h"
#include "netns/postern.h"
#include "netns/smtp.h"

#define SMTP_PORT 25

static pid_t mount_namespace;

/*
 * Runs a command line as root of the stock host, with its sudo and systemctl. The output is the
 * caller's.
 */
#define in_stock_host(format, ...)                                                                 \
	host_must(MAIL,                                                                            \
		  "exec nsenter --mount=/proc/%d/ns/mnt env PATH=%s/stock/bin:$PATH sh -ec '"      \
		  "cd %s; " format "'",                                                            \
		  mount_namespace, world.directory, world.directory, ##__VA_ARGS__)

static void stop_postfix(void)
{
	if (world.watchdog_pipe >= 0 && mount_namespace)
		host_succeeds(MAIL, "nsenter --mount=/proc/%d/ns/mnt postfix stop",
			      mount_namespace);
	world_done();
}

TestSuite(netns_stock, .init = world_init, .fini = stop_postfix, .timeout = 120);

static bool has_own_mounts(void)
{
	return host_succeeds(MAIL,
			     "test $(readlink /proc/%d/ns/mnt) != $(readlink /proc/self/ns/mnt)",
			     mount_namespace);
}

/* The configuration of the worlds without its paths, which README.md sets. */
static void start_stock_host(void)
{
	const char *const sleeper[] = {"unshare", "-m", "sleep", "infinity", NULL};
	char *tree = getcwd(NULL, 0);

	postern_configure(&(struct setup){.more = "internal_domains = { \"example.net\" }\n"});
	free(host_must(MAIL, "sed -i -E '/^(pin_path|runtime_dir|state|user) /d' %s/postern.conf",
		       world.directory));
	free(world_write("resolv.conf", "nameserver 127.0.0.1\n"));
	mount_namespace = host_start(MAIL, "stock", sleeper);
	cr_assert(wait_for(has_own_mounts(), 2000));
	free(in_stock_host("%s/tests/netns/stock-host %s", tree, world.directory));
	free(tree);
}

/*
 * Writes the code blocks of a step of README.md to files block-STEP-1, -2, …; returns their number.
 * A step ends where the next step or another mail server begins.
 */
static int read_step(int step)
{
	_cleanup_(free_p) char *count =
		host_must(MAIL,
			  "awk -v step=%d -v out=%s/block- '"
			  "/^[0-9]+\\. / { on = $1 == step \".\" } on && /^ +\\*\\*Exim/ { on = 0 }"
			  "on && /^ *```/ { inside = !inside; n += inside; next }"
			  "on && inside { sub(/^   /, \"\"); print > (out step \"-\" n) }"
			  "END { print n + 0 }' README.md",
			  step, world.directory);

	return atoi(count);
}

static void follow_readme(void)
{
	/* Start: the datapath and the agent. */
	cr_assert_eq(read_step(4), 1);
	free(in_stock_host("sh -ex block-4-1"));
	/* Postfix: a directory, two settings, the lanes. Later blocks are for other sites. */
	cr_assert_geq(read_step(5), 3);
	free(in_stock_host("sh -ex block-5-1"));
	free(in_stock_host("cat block-5-2 >>/etc/postern/postern.conf; postern check"));
	free(in_stock_host("sh -ex block-5-3"));
}

static void give(const struct mail *mail)
{
	_cleanup_(close_fd_p) int fd = smtp_open_port(SMTP_PORT);
	_cleanup_(free_p) char *reply = smtp_give(fd, mail);

	cr_assert_eq(*reply, '2', "<%s>: %s", mail->id, reply);
}

static void expect_letter(const char *id, const char *pool, const char *reason)
{
	_cleanup_letter_ struct letter letter = inbox_await(id);
	_cleanup_(free_p) char *explained = in_stock_host(
		"postern -j explain \"%s\" | jq -rj \".pool, \\\" \\\", .reason\"", id);
	char expected[64];

	mailhost_expect_lane(&letter, pool);
	snprintf(expected, sizeof(expected), "%s %s", pool, reason);
	cr_assert_str_eq(explained, expected, "<%s>", id);
}

static void expect_bounce(void)
{
	char *found = NULL;

	cr_assert(wait_for(({
				   free(found);
				   found = host_must(INTERNET,
						     "cat /dev/null $(grep -l 'X-Mail-Args: <>' -r "
						     "%s/received) | grep X-Client-Addr || true",
						     world.directory);
				   *found;
			   }),
			   20000),
		  "no bounce");
	cr_assert(strstr(found, "192.0.2.2") || strstr(found, "2001:db8:1::2"), "%s", found);
	free(found);
}

Test(netns_stock, the_readme_followed_on_a_stock_postfix_steers_its_mail)
{
	_cleanup_(free_p) char *log = NULL;

	inbox_start();
	nameserver_start(MAIL, "127.0.0.1", 53);
	start_stock_host();
	follow_readme();
	give(&(struct mail){.from = "<ann@example.net>", .id = "clean@x"});
	expect_letter("clean@x", "normal", "good");
	give(&(struct mail){
		.from = "<ann@example.net>", .id = "spam@x", .headers = "X-Spam-Flag: YES\r\n"});
	expect_letter("spam@x", "high-risk", "spam");
	give(&(struct mail){.from = "<ann@nobody.example>", .id = "no-dns@x"});
	expect_letter("no-dns@x", "high-risk", "no-mail-dns");
	/* Mail from a program of this host. */
	free(in_stock_host("printf \"Message-ID: <local@x>\\n\\nHello.\\n\" |"
			   "sendmail -f ann@example.net bob@example.org"));
	expect_letter("local@x", "normal", "good");
	give(&(struct mail){
		.from = "<ann@example.net>", .to = "<bob@refuser.example>", .id = "refused@x"});
	expect_bounce();
	log = in_stock_host("cat /var/log/mail.log");
	cr_assert_null(strstr(log, "warning"), "%s", log);
	cr_assert_null(strstr(log, "fatal"), "%s", log);
}
