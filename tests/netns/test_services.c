/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The services with wrong owners, full disks and files in the way: each says in one line what is
 * wrong and where, and ends with status 1, unless it can serve all the same.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_services, .init = world_init, .fini = world_done, .timeout = 60);

#define SERVES 124 /* of timeout(1): it was still running */

/* $run, $state, $mail, $conf and $pin_path are set; a mount is the service's own. */
struct wrong {
	const char *what, *prepare, *service;
	int status;
	const char *says[2];
	const char *repair;
};

static const struct wrong before_up[] = {
	{"up without root",
	 "chmod 755 .",
	 "as_nobody up",
	 1,
	 {"not privileged", "run it as root"},
	 ""},
	{"nothing is up", "", "agent", 1, {"/run'", "run 'postern up' first"}, ""},
	{"nothing is up", "", "milter", 1, {"/run'", "run 'postern up' first"}, ""},
	{"a file in place of the runtime directory",
	 "touch $run",
	 "up",
	 1,
	 {"/run", "Not a directory"},
	 "rm $run"},
	{"a user that does not exist",
	 "sed -i 's/\"nobody\"/\"nosuch\"/' $conf",
	 "up",
	 1,
	 {"no user 'nosuch'", "useradd"},
	 ""},
	{"the same", "", "agent", 1, {"user 'nosuch'", "create it"}, ""},
	{"the same",
	 "mkdir $run",
	 "milter",
	 1,
	 {"user 'nosuch'", "create it"},
	 "rmdir $run; sed -i 's/\"nosuch\"/\"nobody\"/' $conf"},
	{"a full disk",
	 "mkdir $run; mount=\"$run nr_inodes=1\"",
	 "up",
	 1,
	 {"/run/", "No space left on device"},
	 "rm -r $run"},
};

static const struct wrong after_up[] = {
	{"a runtime directory of another",
	 "chown root $run",
	 "agent",
	 1,
	 {"/run/agent.lock': Permission denied", "'postern up' makes it"},
	 ""},
	{"the same",
	 "",
	 "milter",
	 1,
	 {"/run/milter.lock': Permission denied", "'postern up' makes it"},
	 "chown nobody $run"},
	{"pins of another",
	 "chown root $pin_path/postern_verdict; chmod 600 $pin_path/postern_verdict",
	 "agent",
	 1,
	 {"/postern_verdict': not permitted", "the configured user may open it"},
	 "chown nobody $pin_path/postern_verdict"},
	{"a directory in place of the lock",
	 "rm -f $run/agent.lock; mkdir $run/agent.lock",
	 "agent",
	 1,
	 {"/agent.lock'", "Is a directory"},
	 "rmdir $run/agent.lock"},
	{"a file of another in place of the socket",
	 "install -o daemon -m 600 /dev/null $run/api.sock",
	 "agent",
	 1,
	 {"/api.sock': the file is not a socket", "remove it"},
	 "rm $run/api.sock"},
	{"no directory for the milter's socket",
	 "",
	 "milter",
	 1,
	 {"/mail/milter.sock'", "No such file or directory"},
	 ""},
	{"one of another",
	 "mkdir $mail",
	 "milter",
	 1,
	 {"/mail/milter.sock'", "Permission denied"},
	 ""},
	{"a directory in its place",
	 "chown nobody $mail; mkdir $mail/milter.sock",
	 "milter",
	 1,
	 {"/milter.sock': the file is not a socket", "remove it"},
	 "rmdir $mail/milter.sock"},
	{"a full disk",
	 "mount=\"$run nr_inodes=1\"",
	 "agent",
	 1,
	 {"/run/agent.lock'", "No space left on device"},
	 ""},
	{"a full disk",
	 "mount=\"$run nr_inodes=1\"",
	 "milter",
	 1,
	 {"/run/milter.lock'", "No space left on device"},
	 ""},
	{"a full disk for the state",
	 "mount=\"$state nr_inodes=1\"",
	 "agent",
	 SERVES,
	 {"state.db'", "continuing in memory, retrying"},
	 ""},
	{"a state of another",
	 "mv $state $state.own; mkdir -m 700 $state",
	 "agent",
	 SERVES,
	 {"state.db'", "continuing in memory, retrying"},
	 "rmdir $state; mv $state.own $state"},
};

static void expect(const struct wrong *wrong)
{
	_cleanup_result_ struct result result = host_run(
		MAIL,
		"cd %s; run=$PWD/run state=$PWD/state mail=$PWD/mail conf=$PWD/postern.conf\n"
		"mount=; { %s\n} >&2\n"
		"service='%s'; as=; case $service in as_nobody*) as='setpriv --reuid 65534 "
		"--clear-groups'\n"
		"service=${service#as_nobody };; esac\n"
		"set -- $mount; [ $# = 0 ] || service=\"$service\"\n"
		"timeout -s KILL 20 unshare -m sh -c '[ -z \"$1\" ] || mount -t tmpfs -o "
		"size=4k,$2,mode=777 none "
		"$1 || exit 99; exec timeout 1 '\"$as\"' %s -c '$conf' '\"$service\" sh $mount "
		"2>&1\n"
		"status=$?; { %s\n} >&2; exit $status",
		world.directory, *wrong->prepare ? wrong->prepare : ":", wrong->service,
		getenv("POSTERN"), *wrong->repair ? wrong->repair : ":");

	cr_expect_eq(result.status, wrong->status, "%s: %s: exit %d: %s", wrong->what,
		     wrong->service, result.status, result.text);
	for (size_t i = 0; i < 2; i++)
		cr_expect_not_null(strstr(result.text, wrong->says[i]),
				   "%s: %s: expected '%s' in: %s", wrong->what, wrong->service,
				   wrong->says[i], result.text);
	cr_expect(wrong->status == SERVES ||
			  strchr(result.text, '\n') == strrchr(result.text, '\n'),
		  "%s: %s: more than one line: %s", wrong->what, wrong->service, result.text);
}

static void configure(void)
{
	char more[96];

	snprintf(more, sizeof(more), "milter = \"unix:%s/mail/milter.sock\"\n", world.directory);
	postern_configure(&(struct setup){.more = more});
}

Test(netns_services, before_up_each_says_what_is_missing)
{
	configure();
	for (size_t i = 0; i < sizeof(before_up) / sizeof(before_up[0]); i++)
		expect(&before_up[i]);
}

Test(netns_services, owners_disks_and_files_in_the_way_are_named)
{
	configure();
	free(postern_must("up"));
	for (size_t i = 0; i < sizeof(after_up) / sizeof(after_up[0]); i++)
		expect(&after_up[i]);
	free(postern_must("down"));
}
