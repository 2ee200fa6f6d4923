/* SPDX-License-Identifier: BSD-2-Clause */
/* main.cf and master.cf of a real Postfix, which checks them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/option.h"
#include "config/config.h"
#include "unit/config_file.h"

static char directory[] = "/tmp/postern-install-XXXXXX";
static struct error error;

static void run(const char *format)
{
	char command[1024];

	snprintf(command, sizeof(command), format, directory, directory, directory, directory);
	cr_assert_eq(system(command), 0, "%s", command);
}

static void start(void)
{
	config_file_setup();
	cr_assert_not_null(mkdtemp(directory));
	run("cp /usr/share/postfix/master.cf.dist %s/master.cf && "
	    "printf 'compatibility_level = 3.6\\nmyhostname = mail.example.net' > %s/main.cf && "
	    "chmod 640 %s/main.cf && chgrp 8 %s/main.cf");
	run("mkdir %s/as_it_was && cp -p %s/*.cf %s/as_it_was");
}

static void stop(void)
{
	run("rm -r %s");
	config_file_teardown();
}

TestSuite(cli_install, .init = start, .fini = stop, .timeout = 60);

static int call(int (*command)(struct cli *, char **, struct error *), unsigned given,
		char **ret_output)
{
	char *arguments[] = {directory, NULL};
	struct config *config = config_file_load(TWO_POOLS);
	struct cli cli = {.config = config, .given = given};
	size_t size;
	int r;

	cli.out = open_memstream(ret_output, &size);
	r = command(&cli, arguments, &error);
	fclose(cli.out);
	config_free(config);
	return r;
}

static bool succeeds(const char *format)
{
	char command[1024];

	snprintf(command, sizeof(command), format, directory, directory, directory, directory);
	return system(command) == 0;
}

static bool is_as_it_was(void)
{
	return succeeds(
		"cd %s/as_it_was && cmp main.cf ../main.cf && cmp master.cf ../master.cf && "
		"[ \"$(stat -c %%a%%g main.cf)\" = \"$(stat -c %%a%%g ../main.cf)\" ]");
}

Test(cli_install, without_write_it_shows_a_patch_and_changes_nothing)
{
	_cleanup_(free_p) char *shown = NULL;
	FILE *patch;

	cr_assert_eq(call(cli_mta_install, 0, &shown), 0, "%s", error.text);
	cr_expect(is_as_it_was());
	run("cd %s/as_it_was && cp -p *.cf ..");
	patch = popen("patch -s -p0 -d /", "w");
	cr_assert_not_null(patch);
	fputs(shown, patch);
	cr_assert_eq(pclose(patch), 0, "%s", shown);
	run("cp -p %s/main.cf %s/by_patch");
	run("cp -p %s/as_it_was/*.cf %s");
	cr_assert_eq(call(cli_mta_install, OPTION_WRITE, &(char *){NULL}), 0, "%s", error.text);
	cr_expect(succeeds("cmp %s/main.cf %s/by_patch"));
}

Test(cli_install, what_is_installed_is_replaced_and_removed_byte_for_byte)
{
	_cleanup_(free_p) char *first = NULL, *again = NULL, *removed = NULL;

	cr_assert_eq(call(cli_mta_install, OPTION_WRITE, &first), 0, "%s", error.text);
	cr_expect(succeeds(
		"grep -q '^# BEGIN postern' %s/master.cf && grep -q '^# END postern' %s/main.cf"));
	cr_expect(succeeds("[ $(stat -c %%a%%g %s/main.cf) = 6408 ]"));
	cr_expect(succeeds("cmp %s/main.cf.before-postern %s/as_it_was/main.cf"));
	cr_assert_eq(call(cli_mta_install, OPTION_WRITE, &again), 0, "%s", error.text);
	cr_expect_str_eq(again, "");
	cr_assert_eq(call(cli_mta_remove, OPTION_WRITE, &removed), 0, "%s", error.text);
	cr_expect(is_as_it_was());
}

Test(cli_install, a_setting_of_the_operator_is_not_overridden)
{
	_cleanup_(free_p) char *shown = NULL;

	run("printf '\\nsmtpd_milters = inet:127.0.0.1:11332\\n' >> %s/main.cf && "
	    "cp -p %s/main.cf %s/as_it_was");
	cr_expect_eq(call(cli_mta_install, OPTION_WRITE, &shown), -EEXIST);
	cr_expect(strstr(error.text, "/main.cf:3: found 'smtpd_milters' of your own"), "%s",
		  error.text);
	cr_expect(is_as_it_was());
}

Test(cli_install, files_that_postfix_refuses_are_undone)
{
	_cleanup_(free_p) char *shown = NULL;

	run("echo 'bogus line without a type' >> %s/master.cf && "
	    "echo 'queue_directory = /nonexistent' >> %s/main.cf && cp -p %s/*.cf %s/as_it_was");
	cr_expect_eq(call(cli_mta_install, OPTION_WRITE, &shown), -EINVAL);
	cr_expect(strstr(error.text, "finds errors; main.cf and master.cf are as they were"), "%s",
		  error.text);
	cr_expect(is_as_it_was());
}

Test(cli_install, an_instance_that_is_not_there_is_named)
{
	_cleanup_(free_p) char *shown = NULL;

	run("rm %s/master.cf");
	cr_expect_eq(call(cli_mta_install, 0, &shown), -ENOENT);
	cr_expect(strstr(error.text, "/master.cf': No such file or directory"), "%s", error.text);
}
