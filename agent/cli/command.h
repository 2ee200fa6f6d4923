/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of commands: finds the row of a command line and prints help. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct cli;
struct error;

struct command {
	const char *words;     /* "pool drain" */
	const char *arguments; /* "NAME ADDRESS"; "[NAME]" is optional, "[a|b]" is one of the two */
	unsigned options;      /* bits of the options that it takes */
	const char *help;      /* one line */
	/* `arguments` end with NULL. A negative errno with the error set, else the exit status. */
	int (*run)(struct cli *cli, char **arguments, struct error *error);
	const char *more; /* paragraphs for `help COMMAND`; may be NULL */
};

/*
 * `words` end with NULL; *ret_arguments points into them. -EINVAL: no such command, or wrong
 * arguments; the text lists the words that are possible.
 */
int command_find(const struct command *commands, size_t n_commands, char **words,
		 const struct command **ret_command, char ***ret_arguments, struct error *error);

/* -EINVAL: `given` has an option that the command does not take, or lacks a required one. */
int command_check(const struct command *command, char **arguments, unsigned given,
		  struct error *error);

/* The commands that begin with `words`, all if there are none; a single command in detail. */
int command_print_help(const struct command *commands, size_t n_commands, char **words, FILE *out,
		       struct error *error);
