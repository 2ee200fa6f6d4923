/* SPDX-License-Identifier: BSD-2-Clause */
/* Options and the table of commands. The commands are in cli/, host/, daemon/ and milter/. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/version.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/option.h"
#include "config/config.h"
#include "daemon/agent.h"
#include "host/down.h"
#include "host/guard.h"
#include "process/lock.h"
#include "process/sd_notify.h"
#include "process/privileges.h"
#include "run.h"
#include "host/up.h"
#include "milter/milter.h"

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static int command_up(struct cli *cli, char **arguments, struct error *error)
{
	_cleanup_(free_p) char *note = NULL;
	int code = up_run(cli->config, &note, error);

	(void)arguments;
	if (code == 0 && note)
		log_warning(CLI_MODULE, "%s", note);
	return code;
}

static int command_down(struct cli *cli, char **arguments, struct error *error)
{
	(void)arguments;
	return down_run(cli->config, error);
}

static int command_agent(struct cli *cli, char **arguments, struct error *error)
{
	const struct agent_options options = {.config = cli->config, .lock_fd = -1};

	(void)arguments;
	return agent_run(&options, error);
}

static void tell_ready(void)
{
	sd_notify_send("READY=1");
}

static int command_guard(struct cli *cli, char **arguments, struct error *error)
{
	const struct guard_options options = {
		.config_file = cli->config_file, .config = cli->config, .on_ready = tell_ready};

	(void)arguments;
	return guard_run(&options, error);
}

static int command_milter(struct cli *cli, char **arguments, struct error *error)
{
	const struct milter_options options = {.config = cli->config, .on_ready = tell_ready};
	const char *runtime_dir = cli->config->runtime_dir;
	_cleanup_(close_fd_p) int lock_fd = -1;
	int code = privileges_drop(cli->config->user, error);

	(void)arguments;
	if (code < 0)
		return code;
	code = lock_take(runtime_dir, "milter", &lock_fd, error);
	if (code == -ENOENT)
		error_set(error, code, "there is no '%s': run 'postern up' first", runtime_dir);
	return code < 0 ? code : milter_run(&options, error);
}

static int command_run(struct cli *cli, char **arguments, struct error *error)
{
	(void)arguments;
	return run_all(cli->config, error);
}

static int command_help(struct cli *cli, char **arguments, struct error *error);

/* Rows that share their first word stand together. */
static const struct command commands[] = {
	{"up", "", 0, "load, attach and pin the datapath, add the addresses (root)", command_up,
	 "Over a running datapath it replaces the programs and loses no flow."},
	{"down", "", 0, "undo all changes of 'up' (root)", command_down, NULL},
	{"guard", "", 0, "'up', then keep the host as it needs it; long-running (root)",
	 command_guard,
	 "Hooks, pool addresses and handles that the host loses are put back at once; mail is\n"
	 "held meanwhile. SIGHUP reads the configuration and does 'up' again. SIGTERM and SIGINT\n"
	 "end it; the datapath stays."},
	{"agent", "", 0, "decide and write verdicts; long-running, as the configured user",
	 command_agent,
	 "Needs 'up' first. SIGTERM and SIGINT end it. SIGHUP reloads the configuration; if it\n"
	 "has errors, the old one stays. After 'down' the agent exits with status 1, and its\n"
	 "supervisor restarts it. Packets do not need it."},
	{"milter", "", 0, "answer the MTA about each message; long-running, as the configured user",
	 command_milter,
	 "It asks the agent about each message, then marks it with its lane, defers or rejects\n"
	 "it. SIGTERM and SIGINT end it. SIGHUP reloads the configuration for the messages that\n"
	 "begin after it; if it has errors, the old one stays."},
	{"run", "", 0, "'up' and the agent in the foreground, 'down' at the end (root)",
	 command_run, NULL},
	{"check", "", 0, "check the configuration and print a summary", cli_check, NULL},
	{"reload", "[agent|milter]", 0, "read the configuration again", cli_reload,
	 "It ends when the new configuration is in force. If it has errors, the old one stays, "
	 "and\n"
	 "the command fails. Without a word it reloads the two that run. 'systemctl reload\n"
	 "postern' runs it after 'up'."},
	{"status", "", OPTION_WAIT, "hooks, pools, flows, counters, agent, last errors", cli_status,
	 "Exit status 3: not all is well. The datapath is not attached everywhere or holds, or "
	 "the\n"
	 "agent or a configured milter does not run or hangs."},
	{"pool list", "", 0, "pools and their addresses", cli_pool_list, NULL},
	{"pool enable", "NAME", 0, "give the pool's addresses new flows again", cli_pool_enable,
	 NULL},
	{"pool disable", "NAME", 0, "no new flows on any address of the pool", cli_pool_disable,
	 "New flows follow the pool's when_empty."},
	{"pool drain", "NAME ADDRESS", 0, "no new flows on one address; live ones continue",
	 cli_pool_drain, NULL},
	{"pool activate", "NAME ADDRESS", 0, "give one address new flows again", cli_pool_activate,
	 NULL},
	{"sender list", "", 0, "senders, their verdicts and usage", cli_sender_list, NULL},
	{"sender show", "NAME", 0, "one sender", cli_sender_show, NULL},
	{"sender set", "NAME POOL", OPTION_FOR | OPTION_CUT | OPTION_NOW,
	 "steer the sender's new flows to a pool", cli_sender_set, NULL},
	{"sender block", "NAME", OPTION_FOR | OPTION_CUT | OPTION_NOW,
	 "drop the sender's new flows", cli_sender_block, NULL},
	{"sender clear", "NAME", 0, "remove the verdict of 'set' or 'block'", cli_sender_clear,
	 NULL},
	{"sender release", "NAME", 0, "end a restriction or a high-risk verdict for spam",
	 cli_sender_release, "A released sender is not restricted again on the same day (UTC)."},
	{"flow list", "[SENDER]", 0, "live flows with both sides of the translation", cli_flow_list,
	 NULL},
	{"flow cut", "SENDER", OPTION_NOW, "end the sender's live flows, each at its next packet",
	 cli_flow_cut, NULL},
	{"explain", "[MESSAGE-ID]", OPTION_SENDER,
	 "why a message, or a sender's mail, left by that address", cli_explain,
	 "Give one of the two. Decisions are kept for an hour, at most decisions_max of them."},
	{"events", "", 0, "follow the events, until interrupted", cli_events,
	 "With -j, one JSON object per line."},
	{"top", "", 0, "the most active senders, until interrupted", cli_top,
	 "With -j, or if the output is not a terminal, it prints once."},
	{"mta postfix install", "[DIRECTORY]", OPTION_WRITE,
	 "put these pools into Postfix's main.cf and master.cf", cli_mta_install,
	 "It puts a block into both files, in place of the one that they have, and shows the\n"
	 "difference. With --write it writes them, checks them by 'postfix check', and undoes\n"
	 "both where that fails. Owners and modes stay; FILE.before-postern keeps the text\n"
	 "before. It refuses where a line of your own sets what the block sets. DIRECTORY is\n"
	 "that of the instance, /etc/postfix if left out. 'postfix reload' puts it in force."},
	{"mta postfix remove", "[DIRECTORY]", OPTION_WRITE,
	 "take them out again: the files are as they were, byte for byte", cli_mta_remove, NULL},
	{"mta postfix", "[master|main]", 0, "print the Postfix configuration for these pools",
	 cli_mta_postfix, NULL},
	{"mta exim", "[main|acl|routers|transports]", 0,
	 "print the Exim configuration for these pools", cli_mta_exim, NULL},
	{"help", "[WORD] [WORD]", 0, "explain a command", command_help, NULL},
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_options(FILE *out)
{
	for (size_t i = 0; i < n_option_rows; i++) {
		const struct option_row *row = &option_rows[i];
		char name[32];

		if (!row->letter)
			continue;
		snprintf(name, sizeof(name), "%s%s%s", row->name, row->value ? " " : "",
			 row->value ? row->value : "");
		fprintf(out, "  -%c, --%-12s %s\n", row->letter, name, row->help);
	}
}

static void print_help(FILE *out)
{
	char *none[] = {NULL};

	fputs("usage: postern [-c FILE] [-j] COMMAND …\n\n", out);
	command_print_help(commands, N_COMMANDS, none, out, NULL);
	fputc('\n', out);
	print_options(out);
	fputs("\nExit status: 0 done, 1 failed, 2 wrong usage; of status 3: not all is well.\n",
	      out);
}

static int usage_error(const char *text)
{
	log_error(CLI_MODULE, "%s", text);
	return EXIT_USAGE;
}

static int command_help(struct cli *cli, char **arguments, struct error *error)
{
	if (!arguments[0])
		print_help(cli->out);
	else if (command_print_help(commands, N_COMMANDS, arguments, cli->out, error) < 0)
		return usage_error(error->text);
	return EXIT_DONE;
}

/* The command's words and arguments; checks the options that are given with it. */
static int read_command(struct cli *cli, char **words, const struct command **ret_command,
			char ***ret_arguments, struct error *error)
{
	int code = command_find(commands, N_COMMANDS, words, ret_command, ret_arguments, error);

	return code < 0 ? code : command_check(*ret_command, *ret_arguments, cli->given, error);
}

/*
 * All others ask the agent, which knows senders and pools: to read a hundred thousand of them takes
 * a quarter of a second.
 */
static bool reads_all(const struct command *command)
{
	static int (*const readers[])(struct cli *, char **, struct error *) = {
		command_up,  command_down, command_guard,   command_agent, command_milter,
		command_run, cli_check,	   cli_mta_postfix, cli_mta_exim,  cli_mta_install,
	};

	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (command->run == readers[i])
			return true;
	return false;
}

static int execute(struct cli *cli, const struct command *command, char **arguments)
{
	struct config *config = NULL;
	struct error error;
	int code = 0;

	if (reads_all(command))
		code = config_load(cli->config_file, &config, &error);
	else if (command->run != command_help)
		code = config_load_top(cli->config_file, &config, &error);
	cli->config = config;
	if (code == 0)
		code = command->run(cli, arguments, &error);
	if (code < 0)
		log_error(CLI_MODULE, "%s", error.text);
	config_free(config);
	return code < 0 ? EXIT_FAILED : code;
}

/* A full disk loses even the help. */
static int flush(int status)
{
	if ((fflush(stdout) == 0 && !ferror(stdout)) || status != EXIT_DONE)
		return status;
	log_error(CLI_MODULE, "standard output: %s", strerror(errno));
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	struct cli cli = {.config_file = CONFIG_DEFAULT_FILE, .out = stdout};
	const struct command *command;
	char **arguments;
	struct error error;
	int code = option_parse(argc, argv, &cli, &error);

	cli.json = cli.given & OPTION_JSON;
	cli.cut = cli.given & OPTION_CUT;
	cli.now = cli.given & OPTION_NOW;
	if (code == 0 && cli.given & OPTION_HELP) {
		print_help(cli.out);
		return flush(EXIT_DONE);
	}
	if (code == 0 && cli.given & OPTION_VERSION) {
		fprintf(cli.out, "postern %s\n", version());
		return flush(EXIT_DONE);
	}
	if (code == 0)
		code = read_command(&cli, argv + optind, &command, &arguments, &error);
	if (code < 0)
		return usage_error(error.text);
	return flush(execute(&cli, command, arguments));
}
