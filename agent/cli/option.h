/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of the command line: parsing, checking and help read one table. */
#pragma once

#include <stddef.h>

struct cli;
struct error;

/* Bits of struct command's options and of struct cli's given. */
enum option_bit {
	OPTION_SENDER = 1, /* in place of the command's argument */
	OPTION_FOR = 2,
	OPTION_CUT = 4,
	OPTION_NOW = 8, /* beside OPTION_CUT it needs --cut */
	OPTION_WAIT = 16,
	OPTION_WRITE = 32,
	OPTION_ALWAYS = 64, /* this bit and the next ones go with every command */
	OPTION_JSON = 128,
	OPTION_HELP = 256,
	OPTION_VERSION = 512,
};

struct option_row {
	unsigned bit;
	char letter; /* '\0': only the long form */
	const char *name;
	const char *value; /* its name in the help; NULL: the option takes none */
	const char *help;  /* NULL: the usage line is enough */
	/* -EINVAL. NULL: the bit in `given` is enough. */
	int (*set)(struct cli *cli, const char *value, struct error *error);
};
extern const struct option_row option_rows[];
extern const size_t n_option_rows;

/*
 * Options may stand anywhere on the line; afterwards argv[optind] is the first word. Sets the
 * values and bits in *cli. -EINVAL: an unknown option, or a missing or wrong value.
 */
int option_parse(int argc, char **argv, struct cli *cli, struct error *error);
