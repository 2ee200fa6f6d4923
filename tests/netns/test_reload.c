/* SPDX-License-Identifier: BSD-2-Clause */
/* `postern reload` ends when agent and milter have the new configuration, or says who refused. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_reload, .init = world_init, .fini = world_done, .timeout = 45);

static pid_t start_milter(void)
{
	const char *argv[] = {getenv("POSTERN"), "-c", NULL, "milter", NULL};
	_cleanup_(free_p) char *conf = NULL;
	pid_t milter;

	cr_assert_gt(asprintf(&conf, "%s/postern.conf", world.directory), 0);
	argv[2] = conf;
	milter = host_start(MAIL, "milter", argv);
	cr_assert(wait_for(host_succeeds(MAIL, "test -S %s/run/milter.control", world.directory),
			   5000));
	return milter;
}

static void edit(const char *command)
{
	free(host_must(MAIL, "%s %s/postern.conf", command, world.directory));
}

static bool logged(const char *name, const char *text)
{
	return host_succeeds(MAIL, "grep -q '%s' %s/%s.log", text, world.directory, name);
}

static void expect_failure(const char *command, const char *text)
{
	_cleanup_result_ struct result result = postern_run("%s", command);

	cr_expect_eq(result.status, 1, "%s: exit %d: %s", command, result.status, result.text);
	cr_expect_not_null(strstr(result.text, text), "%s: %s", command, result.text);
}

Test(netns_reload, ends_when_agent_and_milter_have_the_new_configuration)
{
	postern_begin(NULL);
	start_milter();
	edit("echo 'sender \"fresh\" { mark = { 77 } }' >>");
	free(postern_must("reload"));
	free(postern_must("sender show fresh"));
	cr_expect(logged("agent", "postern.conf: reloaded"));
	cr_expect(logged("milter", "postern.conf: reloaded"));
}

/* root reads the file, they cannot. */
Test(netns_reload, fails_where_one_of_them_refuses)
{
	postern_begin(NULL);
	start_milter();
	edit("chmod 600");
	expect_failure("reload", "agent: reloading the configuration");
	cr_expect(logged("milter", "reading the configuration again"));
	expect_failure("reload agent", "Permission denied");
	expect_failure("reload milter", "milter: reading the configuration again");
	edit("chmod 644");
	free(postern_must("reload"));
}

Test(netns_reload, passes_over_a_process_that_does_not_run_unless_it_is_named)
{
	pid_t milter;

	postern_configure(NULL);
	free(postern_must("up"));
	free(postern_must("reload"));
	expect_failure("reload agent", "agent not running");
	expect_failure("reload milter", "milter not running");
	milter = start_milter();
	free(postern_must("reload milter"));
	kill(milter, SIGSTOP);
	expect_failure("reload", "the milter at");
	kill(milter, SIGCONT);
	cr_expect_eq(host_stop(milter, SIGTERM), 0);
	cr_expect_not(host_succeeds(MAIL, "test -e %s/run/milter.control", world.directory));
}

#define MANY 30000

static void write_many(unsigned flows_max)
{
	char path[80];
	FILE *file;

	snprintf(path, sizeof(path), "%s/many", world.directory);
	file = fopen(path, "w");
	cr_assert_not_null(file);
	for (unsigned i = 0; i < MANY; i++)
		fprintf(file, "sender \"s%05u\" { mark = { %u } flows_max = %u }\n", i, i + 1000,
			flows_max);
	cr_assert_eq(fclose(file), 0);
	free(host_must(MAIL,
		       "cd %s && sed -i '/^sender \"s/d' postern.conf && cat many >> postern.conf",
		       world.directory));
}

/* Every sender changes. */
Test(netns_reload, the_agent_answers_and_takes_orders_while_it_loads_a_large_file)
{
	_cleanup_(free_p) char *times = NULL;
	unsigned longest = 0, total = 0;

	postern_configure(&(struct setup){.more = "senders_max = 65536\n"});
	write_many(10);
	free(postern_must("up"));
	postern_agent();
	write_many(20);
	times = host_must(
		MAIL,
		"export POSTERN=%s; conf=%s/postern.conf api=%s/run/api.sock; ms() { echo "
		"$(($(date +%%s%%N) / 1000000)); }\n"
		"began=$(ms); \"$POSTERN\" -c $conf reload agent & longest=0\n"
		"while kill -0 $! 2>/dev/null; do before=$(ms)\n"
		"	[ $(curl -so /dev/null -w '%%{http_code}' -X PUT --unix-socket $api -d "
		"'{\"action\":\"drop\"}' http://x/v1/senders/s00007/verdict) = 200 ] || exit 1\n"
		"	took=$(($(ms) - before)); [ $took -gt $longest ] && longest=$took\n"
		"done; wait $! && echo $longest $(($(ms) - began))",
		getenv("POSTERN"), world.directory, world.directory);
	cr_assert_eq(sscanf(times, "%u %u", &longest, &total), 2, "%s", times);
	/* Before, they were equal. */
	cr_expect_lt(longest, total / 2, "%u of %u ms without an answer", longest, total);
	free(postern_must("-j sender show s00007 | jq -e '.verdict.reason == \"manual\"'"));
	free(host_must(MAIL, "bpftool -j map dump pinned $pin_path/postern_verdict |\n"
			     "jq -e '[.[].formatted.value | select(.label | startswith(\"s0\")) |\n"
			     "	select(.flows_max != 20)] == []'"));
}

Test(netns_reload, only_root_and_its_user_reach_the_milter)
{
	postern_begin(NULL);
	start_milter();
	cr_expect_not(host_succeeds(MAIL,
				    "setpriv --reuid 4711 --regid 65534 --clear-groups "
				    "%s -c %s/postern.conf reload milter",
				    getenv("POSTERN"), world.directory));
	free(host_must(MAIL,
		       "setpriv --reuid 65534 --regid 65534 --clear-groups "
		       "%s -c %s/postern.conf reload",
		       getenv("POSTERN"), world.directory));
}
