/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of the command line, a row each: parsing, checking and help read the table. */
#pragma once

#include <stddef.h>

struct cli;
struct error;

/* Bits of struct command's options and of struct cli's given. */
enum option_bit {
	OPTION_SENDER = 1, /* in place of the command's argument */
	OPTION_FOR = 2,
	OPTION_CUT = 4,
	OPTION_NOW = 8,	    /* beside OPTION_CUT it needs --cut */
	OPTION_ALWAYS = 16, /* this bit and the following go with every command */
	OPTION_JSON = 32,
	OPTION_HELP = 64,
	OPTION_VERSION = 128,
};

struct option_row {
	unsigned bit;
	char letter; /* '\0': only the long form */
	const char *name;
	const char *value; /* what it is called in help; NULL: the option has none */
	const char *help;  /* whole lines; NULL: the usage line says all */
	/* -EINVAL; NULL: its bit in `given` is all. */
	int (*set)(struct cli *cli, const char *value, struct error *error);
};
extern const struct option_row option_rows[];
extern const size_t n_option_rows;

/*
 * Options may stand anywhere; afterwards argv[optind] begins the words. Values and bits go into *cli.
 * -EINVAL: an unknown option, or a wrong value or none.
 */
int option_parse(int argc, char **argv, struct cli *cli, struct error *error);
