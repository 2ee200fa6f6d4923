/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts tests/netns/boot-host, and runs commands on the host in it. */
#include "netns/boot.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/host.h"
#include "netns/inbox.h"
#include "netns/nameserver.h"
#include "netns/postern.h"

#define MTA_DNS_PORT 53
#define UNIT_MS	     20000

static pid_t namespaces;	 /* the process that holds them; systemd is its child */
static long systemd;		 /* its pid as the test sees it */
static int bpf_file_system = -1; /* keeps the pins, and so the datapath, when the host has ended */

/* As README.md has them, step 5. */
static const char sockets[] = "milter = \"unix:/var/spool/postfix/postern/milter.sock\"\n"
			      "socketmap = \"unix:/var/spool/postfix/postern/socketmap.sock\"\n"
			      "internal_domains = { \"example.net\" }\n";

static const char lanes_script[] =
	"install -d -o postern -g postfix -m 2710 /var/spool/postfix/postern\n"
	"postern mta postfix install --write >/dev/null 2>&1\n"
	"touch -d 1970-01-02 /etc/postfix/*.cf\n";

/* $1: Message-ID, $2: sender, $3: one more header. */
static const char queue_script[] =
	"postfix check\n"
	"queue() {\n"
	"	printf 'Message-ID: <%s>\\nFrom: a program\\n%s\\n\\nHello.\\n' \"$1\" \"$3\" |\n"
	"		sendmail -f \"$2\" bob@example.org\n"
	"}\n"
	"queue good@x ann@example.net X-Nothing:\n"
	"queue spam@x ann@example.net 'X-Spam-Flag: YES'\n"
	"queue bounce@x '<>' X-Nothing:\n";

static void skip_where_it_cannot_boot(void)
{
	_cleanup_(free_p) char *missing =
		host_must(MAIL, "printf %%s \"$(tests/netns/boot-host --missing)\"");

	if (*missing)
		cr_skip_test("systemd cannot be booted here: %s", missing);
}

void boot_prepare(void)
{
	skip_where_it_cannot_boot();
	postern_configure(&(const struct setup){.more = sockets});
	/* The paths are those of an installation. */
	free(host_must(MAIL, "sed -i -E '/^(pin_path|runtime_dir|state|user) /d' %s/postern.conf",
		       world.directory));
	free(world_write("resolv.conf", "nameserver 127.0.0.1\n"));
	boot_script(lanes_script);
}

void boot_prepare_mail(void)
{
	boot_prepare();
	inbox_start();
	nameserver_start(MAIL, "127.0.0.1", MTA_DNS_PORT);
}

void boot_queue_mail(void)
{
	boot_script(queue_script);
}

static void append(const char *name, const char *text)
{
	char path[256];
	_cleanup_(fclose_p) FILE *file = NULL;

	snprintf(path, sizeof(path), "%s/%s", world.directory, name);
	file = fopen(path, "ae");
	cr_assert_not_null(file, "%s: %s", path, strerror(errno));
	cr_assert_geq(fputs(text, file), 0);
}

void boot_file(const char *path, const char *text)
{
	char name[192];

	snprintf(name, sizeof(name), "boot%s", path);
	free(host_must(MAIL, "mkdir -p $(dirname '%s/%s')", world.directory, name));
	append(name, text);
}

void boot_script(const char *text)
{
	append("prepare", text);
}

static bool systemd_answers(void)
{
	_cleanup_result_ struct result child = host_run(MAIL, "pgrep -x -P %d systemd", namespaces);

	if (child.status != 0)
		return false;
	systemd = atol(child.text);
	return boot_succeeds("systemctl show --property Version");
}

void boot_start(void)
{
	const char *const argv[] = {"tests/netns/boot-host", world.directory, NULL};
	_cleanup_(free_p) char *log = NULL;
	char path[64];

	namespaces = host_start(MAIL, "boot", argv);
	if (!wait_for(systemd_answers(), UNIT_MS)) {
		snprintf(path, sizeof(path), "%s/boot.log", world.directory);
		log = read_text(path);
		cr_assert_fail("systemd does not answer: %s", log);
	}
}

void boot_finish(void)
{
	/* Its status says whether a unit has failed, and some tests want one to. */
	boot_succeeds("systemctl is-system-running --wait");
}

/* ---- commands */

static char *command_on_host(const char *format, va_list arguments)
{
	_cleanup_(free_p) char *command = NULL;
	char *entered;

	cr_assert_geq(vasprintf(&command, format, arguments), 0);
	cr_assert_geq(asprintf(&entered,
			       "exec nsenter --target %ld --mount --pid --uts --ipc --wdns=/ "
			       "sh -ec '%s'",
			       systemd, command),
		      0);
	return entered;
}

char *boot_must(const char *format, ...)
{
	_cleanup_(free_p) char *command = NULL;
	va_list arguments;

	va_start(arguments, format);
	command = command_on_host(format, arguments);
	va_end(arguments);
	return host_must(MAIL, "%s", command);
}

bool boot_succeeds(const char *format, ...)
{
	_cleanup_(free_p) char *command = NULL;
	va_list arguments;

	va_start(arguments, format);
	command = command_on_host(format, arguments);
	va_end(arguments);
	return host_succeeds(MAIL, "%s", command);
}

/* ---- units */

uint64_t boot_number(const char *unit, const char *property)
{
	_cleanup_(free_p) char *value =
		boot_must("systemctl show --value --property %s %s", property, unit);

	return strtoull(value, NULL, 10);
}

bool boot_is_active(const char *unit)
{
	return boot_succeeds("systemctl is-active --quiet %s", unit);
}

void boot_expect_active(const char *unit)
{
	_cleanup_(free_p) char *journal = NULL;

	if (wait_for(boot_is_active(unit), UNIT_MS))
		return;
	journal = boot_must("journalctl --no-pager --output short-monotonic");
	cr_assert_fail("%s is not active: %s", unit, journal);
}

/* ---- the end */

void boot_power_off(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/root/sys/fs/bpf", systemd);
	bpf_file_system = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(bpf_file_system, 0, "%s: %s", path, strerror(errno));
	free(boot_must("systemctl poweroff"));
	while (waitpid(namespaces, NULL, 0) < 0)
		cr_assert_eq(errno, EINTR);
}
