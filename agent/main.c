/* SPDX-License-Identifier: BSD-2-Clause */
/* Options and the table of commands. The commands are in cli/, host/, daemon/ and milter/. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/version.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "config/config.h"
#include "daemon/agent.h"
#include "host/down.h"
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
		fprintf(stderr, "postern: %s\n", note);
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

static int command_milter(struct cli *cli, char **arguments, struct error *error)
{
	const struct milter_options options = {.config = cli->config, .on_ready = tell_ready};
	const char *runtime_dir = cli->config->runtime_dir;
	_cleanup_(close_fd_p) int lock_fd = -1;
	int code = privileges_drop(cli->config->user, error);

	(void)arguments;
	if (code == 0)
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
	{"up", "", 0, NEEDS_CONFIG, "load, attach and pin the datapath, add the addresses (root)",
	 command_up, "Over a running datapath it replaces the programs and loses no flow."},
	{"down", "", 0, NEEDS_CONFIG, "undo all changes of 'up' (root)", command_down, NULL},
	{"agent", "", 0, NEEDS_CONFIG,
	 "decide and write verdicts; long-running, as the configured user", command_agent,
	 "Needs 'up' first. SIGTERM and SIGINT end it. SIGHUP reloads the configuration; if it\n"
	 "has errors, the old one stays. After 'down' the agent exits with status 1, and its\n"
	 "supervisor restarts it. Packets do not need it."},
	{"milter", "", 0, NEEDS_CONFIG,
	 "answer the MTA about each message; long-running, as the configured user", command_milter,
	 "It asks the agent about each message, then marks it with its lane, defers or rejects\n"
	 "it. SIGTERM and SIGINT end it. SIGHUP reloads the configuration for the messages that\n"
	 "begin after it; if it has errors, the old one stays."},
	{"run", "", 0, NEEDS_CONFIG,
	 "'up' and the agent in the foreground, 'down' at the end (root)", command_run, NULL},
	{"check", "", 0, NEEDS_CONFIG, "check the configuration and print a summary", cli_check,
	 NULL},
	{"status", "", 0, NEEDS_CONFIG, "hooks, pools, flows, counters, agent, last errors",
	 cli_status, NULL},
	{"pool list", "", 0, NEEDS_CONFIG, "pools and their addresses", cli_pool_list, NULL},
	{"pool enable", "NAME", 0, NEEDS_CONFIG, "give the pool's addresses new flows again",
	 cli_pool_enable, NULL},
	{"pool disable", "NAME", 0, NEEDS_CONFIG, "no new flows on any address of the pool",
	 cli_pool_disable, "New flows follow the pool's when_empty."},
	{"pool drain", "NAME ADDRESS", 0, NEEDS_CONFIG,
	 "no new flows on one address; live ones continue", cli_pool_drain, NULL},
	{"pool activate", "NAME ADDRESS", 0, NEEDS_CONFIG, "give one address new flows again",
	 cli_pool_activate, NULL},
	{"sender list", "", 0, NEEDS_CONFIG, "senders, their verdicts and usage", cli_sender_list,
	 NULL},
	{"sender show", "NAME", 0, NEEDS_CONFIG, "one sender", cli_sender_show, NULL},
	{"sender set", "NAME POOL", COMMAND_FOR | COMMAND_CUT | COMMAND_NOW, NEEDS_CONFIG,
	 "steer the sender's new flows to a pool", cli_sender_set, NULL},
	{"sender block", "NAME", COMMAND_FOR | COMMAND_CUT | COMMAND_NOW, NEEDS_CONFIG,
	 "drop the sender's new flows", cli_sender_block, NULL},
	{"sender clear", "NAME", 0, NEEDS_CONFIG, "remove the verdict of 'set' or 'block'",
	 cli_sender_clear, NULL},
	{"sender release", "NAME", 0, NEEDS_CONFIG,
	 "end a restriction or a high-risk verdict for spam", cli_sender_release,
	 "A released sender is not restricted again on the same day (UTC)."},
	{"flow list", "[SENDER]", 0, NEEDS_CONFIG, "live flows with both sides of the translation",
	 cli_flow_list, NULL},
	{"flow cut", "SENDER", COMMAND_NOW, NEEDS_CONFIG,
	 "end the sender's live flows, each at its next packet", cli_flow_cut, NULL},
	{"explain", "[MESSAGE-ID]", COMMAND_SENDER, NEEDS_CONFIG,
	 "why a message, or a sender's mail, left by that address", cli_explain,
	 "Give one of the two. Decisions are kept for an hour, at most decisions_max of them."},
	{"events", "", 0, NEEDS_CONFIG, "follow the events, until interrupted", cli_events,
	 "With -j, one JSON object per line."},
	{"top", "", 0, NEEDS_CONFIG, "the most active senders, until interrupted", cli_top,
	 "With -j, or if the output is not a terminal, it prints once."},
	{"mta postfix", "[master|main]", 0, NEEDS_CONFIG,
	 "print the Postfix configuration for these pools", cli_mta_postfix, NULL},
	{"mta exim", "[main|acl|routers|transports]", 0, NEEDS_CONFIG,
	 "print the Exim configuration for these pools", cli_mta_exim, NULL},
	{"help", "[WORD] [WORD]", 0, NEEDS_NOTHING, "explain a command", command_help, NULL},
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
	char *none[] = {NULL};

	fputs("usage: postern [-c FILE] [-j] COMMAND …\n\n", out);
	command_print_help(commands, N_COMMANDS, none, out, NULL);
	fprintf(out,
		"\n  -c, --config FILE  instead of %s\n"
		"  -j, --json         print one JSON document\n"
		"  -h, --help         this\n"
		"  -V, --version      the version\n\n"
		"Exit status: 0 done, 1 failed, 2 wrong usage.\n",
		CONFIG_DEFAULT_FILE);
}

static int usage_error(const char *text)
{
	fprintf(stderr, "postern: %s\n", text);
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

enum { OPTION_FOR = 256, OPTION_CUT, OPTION_NOW, OPTION_SENDER };
static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{"for", required_argument, NULL, OPTION_FOR},
	{"cut", no_argument, NULL, OPTION_CUT},
	{"now", no_argument, NULL, OPTION_NOW},
	{"sender", required_argument, NULL, OPTION_SENDER},
	{NULL, 0, NULL, 0},
};

/* A letter may stand among others, and then getopt() is not past its argument yet. */
static int unknown_option(char **argv, struct error *error)
{
	if (optopt > 0 && optopt < OPTION_FOR && strncmp(argv[optind - 1], "--", 2) != 0)
		return error_set(error, -EINVAL, "unknown option '-%c'; see postern --help",
				 optopt);
	return error_set(error, -EINVAL, "unknown option '%s'; see postern --help",
			 argv[optind - 1]);
}

/* Options may stand anywhere. -EINVAL: usage; 1: help or version, printed; 0: go on. */
static int parse_options(int argc, char **argv, struct cli *cli, struct error *error)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":c:jhV", long_options, NULL)) != -1) {
		switch (option) {
		case 'c':
			cli->config_file = optarg;
			break;
		case 'j':
			cli->json = true;
			break;
		case 'h':
			print_help(cli->out);
			return 1;
		case 'V':
			fprintf(cli->out, "postern %s\n", version());
			return 1;
		case OPTION_FOR:
			if (duration_parse(optarg, &cli->for_sec) < 0)
				return error_set(error, -EINVAL,
						 "--for: found '%s', expected a time like 90s, "
						 "15m, 2h or 7d",
						 optarg);
			break;
		case OPTION_CUT:
			cli->cut = true;
			break;
		case OPTION_NOW:
			cli->now = true;
			break;
		case OPTION_SENDER:
			cli->sender = optarg;
			break;
		case ':':
			return error_set(error, -EINVAL, "'%s' needs a value", argv[optind - 1]);
		default:
			return unknown_option(argv, error);
		}
	}
	return 0;
}

static int check_options(const struct cli *cli, const struct command *command, char **arguments,
			 struct error *error)
{
	if (cli->for_sec && !(command->options & COMMAND_FOR))
		return error_set(error, -EINVAL, "'%s' takes no --for", command->words);
	if (cli->cut && !(command->options & COMMAND_CUT))
		return error_set(error, -EINVAL, "'%s' takes no --cut", command->words);
	if (cli->sender && !(command->options & COMMAND_SENDER))
		return error_set(error, -EINVAL, "'%s' takes no --sender", command->words);
	if (command->options & COMMAND_SENDER && !arguments[0] == !cli->sender)
		return error_set(error, -EINVAL, "'%s': expected one of %.*s and --sender NAME",
				 command->words, (int)strlen(command->arguments) - 2,
				 command->arguments + 1);
	if (cli->now && !(command->options & COMMAND_NOW))
		return error_set(error, -EINVAL, "'%s' takes no --now", command->words);
	if (cli->now && command->options & COMMAND_CUT && !cli->cut)
		return error_set(error, -EINVAL, "'%s': --now goes with --cut", command->words);
	return 0;
}

static int execute(struct cli *cli, const struct command *command, char **arguments)
{
	struct config *config = NULL;
	struct error error;
	int code = 0;

	if (command->needs == NEEDS_CONFIG)
		code = config_load(cli->config_file, &config, &error);
	cli->config = config;
	if (code == 0)
		code = command->run(cli, arguments, &error);
	if (code < 0)
		fprintf(stderr, "postern: %s\n", error.text);
	config_free(config);
	return code < 0 ? EXIT_FAILED : code;
}

/* A full disk loses even the help. */
static int flush(int status)
{
	if ((fflush(stdout) == 0 && !ferror(stdout)) || status != EXIT_DONE)
		return status;
	fprintf(stderr, "postern: standard output: %s\n", strerror(errno));
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	struct cli cli = {.config_file = CONFIG_DEFAULT_FILE, .out = stdout};
	const struct command *command;
	char **arguments;
	struct error error;
	int code = parse_options(argc, argv, &cli, &error);

	if (code > 0)
		return flush(EXIT_DONE);
	if (code == 0)
		code = command_find(commands, N_COMMANDS, argv + optind, &command, &arguments,
				    &error);
	if (code == 0)
		code = check_options(&cli, command, arguments, &error);
	if (code < 0)
		return usage_error(error.text);
	return flush(execute(&cli, command, arguments));
}
