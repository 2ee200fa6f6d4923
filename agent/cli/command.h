/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of commands: finding the row that the words of a command line mean, and printing help. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct cli;
struct error;

struct command {
	const char *words; /* "pool drain" */
	const char
		*arguments; /* "NAME ADDRESS"; "[NAME]" may be left out, "[a|b]" is one of these */
	unsigned options;   /* of enum option_bit: those that it takes */
	const char *help;   /* one line */
	/* `arguments` end with NULL. A negative errno: failed, said in error; else the exit status. */
	int (*run)(struct cli *cli, char **arguments, struct error *error);
	const char *more; /* paragraphs for `help COMMAND`; may be NULL */
};

/*
 * `words` end with NULL. -EINVAL: no such command or wrong arguments; the text says what could
 * follow. *ret_arguments points into `words`.
 */
int command_find(const struct command *commands, size_t n_commands, char **words,
		 const struct command **ret_command, char ***ret_arguments, struct error *error);

/* -EINVAL: `given` has an option that the command does not take, or lacks one that it needs. */
int command_check(const struct command *command, char **arguments, unsigned given,
		  struct error *error);

/* "pool drain NAME ADDRESS", with options. */
void command_print_usage(const struct command *command, FILE *out);

/* The commands whose words begin with `words` (all where empty): in detail where it is one. */
int command_print_help(const struct command *commands, size_t n_commands, char **words, FILE *out,
		       struct error *error);
