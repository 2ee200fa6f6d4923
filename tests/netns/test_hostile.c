/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names that would control a terminal or forge a line: from mail, from the command line, from a
 * configuration. No command, error or log line lets one through.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/disarm.h"
#include "netns/http.h"
#include "netns/postern.h"

TestSuite(netns_hostile, .init = world_init, .fini = world_done, .timeout = 60);

/* ESC, line break, C1, override of direction, line separator, DEL: for JSON and for the shell. */
#define JSON_NAME "x\\u001b[2J\\nagent: forged\\u009b2J\\u202ey\\u2028z\\u007f@h.example"
#define SHELL_NAME                                                                                 \
	"\"$(printf 'x\\033[2J\\nagent: "                                                          \
	"forged\\302\\2332J\\342\\200\\256y\\342\\200\\250z\\177@h.example')\""
#define SHELL_BYTE "\"$(printf '\\233\\062J\\377')\"" /* no UTF-8 */

static void expect_harmless(const char *what, char *text)
{
	char *save;

	cr_expect_null(strstr(text, "\nagent: forged"), "%s: %s", what, text);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		cr_expect_not(disarm_text(line), "%s prints: %s", what, line);
}

static void run(const char *command)
{
	_cleanup_result_ struct result result = postern_run("%s", command);

	expect_harmless(command, result.text);
}

/* It is a sender, has a decision to be explained, a standing, and events. */
static void send_hostile_mail(void)
{
	int api = http_connect();
	int status;

	for (int i = 0; i < 3; i++)
		json_decref(http_ask(api, "POST", "/v1/messages",
				     "{\"message_id\": \"" JSON_NAME "\", \"user\": \"" JSON_NAME
				     "\", \"envelope_from\": \"" JSON_NAME
				     "\", \"client\": \"" JSON_NAME "\", \"spam\": true}",
				     &status));
	for (int i = 0; i < 9; i++)
		json_decref(http_ask(api, "POST", "/v1/reports", "{\"sender\": \"" JSON_NAME "\"}",
				     &status));
	json_decref(http_ask(api, "POST", "/v1/messages",
			     "{\"bounce\": true, \"bounce_to\": \"" JSON_NAME "\", "
			     "\"unknown_recipient\": \"" JSON_NAME "\"}",
			     &status));
}

static const char *const commands[] = {
	"status",
	"sender list",
	"-j sender list",
	"sender show " SHELL_NAME,
	"-j sender show " SHELL_NAME,
	"sender set " SHELL_NAME " " SHELL_NAME,
	"sender set " SHELL_NAME " high-risk",
	"sender block " SHELL_NAME " --for " SHELL_NAME,
	"sender clear " SHELL_NAME,
	"sender release " SHELL_NAME,
	"sender release " SHELL_BYTE,
	"explain " SHELL_NAME,
	"-j explain " SHELL_NAME,
	"explain " SHELL_BYTE,
	"explain --sender " SHELL_NAME,
	"flow list " SHELL_NAME,
	"flow cut " SHELL_NAME,
	"top",
	"-j top",
	"pool drain normal " SHELL_NAME,
	"pool list",
	"pool enable " SHELL_NAME,
	"pool activate " SHELL_NAME " " SHELL_NAME,
	"pool disable " SHELL_NAME,
	"pool disable " SHELL_BYTE,
	"reload " SHELL_NAME,
	"status --wait " SHELL_NAME,
	"mta postfix " SHELL_NAME,
	"mta postfix install " SHELL_NAME,
	"mta postfix remove --write " SHELL_BYTE,
	"mta exim " SHELL_NAME,
	"down " SHELL_NAME,
	"guard " SHELL_NAME,
	"up " SHELL_NAME,
	"agent " SHELL_NAME,
	"milter " SHELL_NAME,
	"check " SHELL_NAME,
	"run " SHELL_NAME,
	"events " SHELL_NAME,
	"help " SHELL_NAME,
	SHELL_NAME,
	"--" SHELL_NAME,
	"-c " SHELL_NAME " status",
	"-c " SHELL_BYTE " up",
	"-c hostile.conf check",
	"-c hostile.conf up",
	"-c hostile.conf agent",
	"-c hostile.conf milter",
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* A new command comes into the table, too. */
static void expect_all_commands(void)
{
	_cleanup_(free_p) char *help = postern_must("help");
	char *save;

	for (char *line = strtok_r(help, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t length = strcspn(line + 2, "[ABCDEFGHIJKLMNOPQRSTUVWXYZ"), i = 0;

		if (strncmp(line, "  ", 2) != 0 || strchr(" -", line[2]))
			continue;
		while (length && line[1 + length] == ' ')
			length--;
		while (i < N_COMMANDS && (strncmp(commands[i], line + 2, length) != 0 ||
					  !strchr(" ", commands[i][length])))
			i++;
		cr_expect_lt(i, N_COMMANDS, "no hostile name for: %s", line);
	}
}

static void expect_harmless_log(const char *name)
{
	_cleanup_(free_p) char *path = NULL, *text = NULL;

	cr_assert_gt(asprintf(&path, "%s/%s", world.directory, name), 0);
	text = read_text(path);
	cr_expect(*text, "%s is empty", name);
	expect_harmless(name, text);
}

/* As people read the events. */
static void start_plain_followers(void)
{
	char conf[64];

	snprintf(conf, sizeof(conf), "%s/postern.conf", world.directory);
	host_start(MAIL, "plain",
		   (const char *const[]){getenv("POSTERN"), "-c", conf, "events", NULL});
	cr_assert(wait_for(postern_metric("postern_followers") == 2, 5000));
}

Test(netns_hostile, no_name_reaches_a_terminal_or_a_log_raw)
{
	_cleanup_(free_p) char *install = NULL;
	pid_t agent = postern_begin(NULL);

	postern_follow();
	free(host_must(MAIL,
		       "cd %s; { cat postern.conf; printf 'user = \"x\\033[2J\\n\\302\\233\"'; } "
		       ">hostile.conf; mkdir hostile; touch hostile/main.cf;"
		       "printf 'postern-normal\\033[2J unix\\n# END postern \\302\\233' "
		       ">hostile/master.cf",
		       world.directory));
	expect_all_commands();
	start_plain_followers();
	cr_assert_gt(asprintf(&install, "mta postfix install %s/hostile", world.directory), 0);
	run(install);
	send_hostile_mail();
	for (size_t i = 0; i < N_COMMANDS; i++)
		run(commands[i]);
	cr_expect(wait_for(postern_printed("verdict", "h.example"), 5000));
	host_stop(agent, SIGTERM);
	for (size_t i = 0; i < N_COMMANDS; i++)
		run(commands[i]);
	expect_harmless_log("agent.log");
	expect_harmless_log("plain.log");
	expect_harmless_log("events.log");
}
