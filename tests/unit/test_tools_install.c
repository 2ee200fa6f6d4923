/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/install and tools/uninstall below a directory; tools/install-deps beside a mail server. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "unit/scratch.h"

TestSuite(tools_install, .init = scratch_open, .fini = scratch_close, .timeout = 60);

static char *run(const char *command, int *ret_status)
{
	char *text = calloc(1, 4096);
	FILE *out = popen(command, "r");

	cr_assert_not_null(out);
	(void)!fread(text, 1, 4095, out);
	*ret_status = WEXITSTATUS(pclose(out));
	return text;
}

static char *run_in_scratch(const char *command, int *ret_status)
{
	setenv("scratch", scratch, 1);
	return run(command, ret_status);
}

Test(tools_install, what_is_installed_is_uninstalled_and_nothing_else)
{
	_cleanup_(free_p) char *installed = NULL, *text = NULL, *left = NULL;
	int status;

	scratch_mkdir("build", 0755);
	scratch_write("build/postern", "");
	chmod(scratch_path("build/postern"), 0755);
	free(run_in_scratch("BUILD=$scratch/build DESTDIR=$scratch/root PREFIX=/usr tools/install",
			    &status));
	cr_assert_eq(status, 0);
	free(run_in_scratch("touch $scratch/root/usr/sbin/other", &status));
	installed = run_in_scratch("find $scratch/root -type f | wc -l", &status);
	cr_expect_gt(atoi(installed), 12, "%s", installed);
	text = run_in_scratch("DESTDIR=$scratch/root PREFIX=/usr tools/uninstall", &status);
	cr_expect_eq(status, 0);
	cr_expect_not_null(strstr(text, "/var/lib/postern"), "%s", text);
	left = run_in_scratch("cd $scratch/root && find . -type f -o -name '*postern*'", &status);
	cr_expect_str_eq(left, "./usr/sbin/other\n");
}

/* dpkg-query of such a host. */
#define DPKG(server)                                                                               \
	"#!/bin/sh\n"                                                                              \
	"case \"$*\" in *Provides*) printf '" server "\tinstall ok installed\t"                    \
	"mail-transport-agent, default-mta\n' ;; *' postfix') ;; *) printf 'install ok "           \
	"installed' ;; esac\n"

Test(tools_install, a_mail_server_is_never_replaced)
{
	_cleanup_(free_p) char *text = NULL;
	int status;

	scratch_mkdir("bin", 0755);
	scratch_write("bin/dpkg-query", DPKG("exim4-daemon-light"));
	scratch_write("bin/apt-get", "#!/bin/sh\necho apt-get was called\n");
	chmod(scratch_path("bin/dpkg-query"), 0755);
	chmod(scratch_path("bin/apt-get"), 0755);
	text = run_in_scratch("PATH=$scratch/bin:$PATH tools/install-deps 2>&1", &status);
	cr_expect_eq(status, 1);
	cr_expect_not_null(strstr(text, "Postfix would replace exim4-daemon-light"), "%s", text);
	cr_expect_null(strstr(text, "apt-get was called"), "%s", text);
}
