/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of commands: finding the row that the words of a command line mean, and printing help. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct cli;
struct error;

enum command_needs { NEEDS_NOTHING, NEEDS_CONFIG };

enum command_options {
	COMMAND_FOR = 1,    /* --for TIME */
	COMMAND_CUT = 2,    /* --cut */
	COMMAND_NOW = 4,    /* --now; where there is COMMAND_CUT as well, it needs --cut */
	COMMAND_SENDER = 8, /* --sender NAME, in place of the argument */
};

struct command {
	const char *words; /* "pool drain" */
	const char
		*arguments; /* "NAME ADDRESS"; "[NAME]" may be left out, "[a|b]" is one of these */
	unsigned options;   /* of enum command_options */
	enum command_needs needs;
	const char *help; /* one line */
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

/* "pool drain NAME ADDRESS", with options. */
void command_print_usage(const struct command *command, FILE *out);

/* The commands whose words begin with `words` (all where empty): in detail where it is one. */
int command_print_help(const struct command *commands, size_t n_commands, char **words, FILE *out,
		       struct error *error);
