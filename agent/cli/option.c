/* SPDX-License-Identifier: BSD-2-Clause */
/* getopt_long(3) by the rows of the table. */
#include "cli/option.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "cli/cli.h"
#include "config/config.h"

static int set_config(struct cli *cli, const char *value, struct error *error)
{
	(void)error;
	cli->config_file = value;
	return 0;
}

static int set_sender(struct cli *cli, const char *value, struct error *error)
{
	(void)error;
	cli->sender = value;
	return 0;
}

static int set_for(struct cli *cli, const char *value, struct error *error)
{
	if (duration_parse(value, &cli->for_sec) == 0)
		return 0;
	return error_set(error, -EINVAL,
			 "--for: found '%s', expected a time like 90s, 15m, 2h or 7d", value);
}

static int set_wait(struct cli *cli, const char *value, struct error *error)
{
	if (duration_parse(value, &cli->wait_sec) == 0)
		return 0;
	return error_set(error, -EINVAL,
			 "--wait: found '%s', expected a time like 90s, 15m, 2h or 7d", value);
}

const struct option_row option_rows[] = {
	{OPTION_ALWAYS, 'c', "config", "FILE", "read FILE, not " CONFIG_DEFAULT_FILE, set_config},
	{OPTION_JSON, 'j', "json", NULL, "print one JSON document", NULL},
	{OPTION_HELP, 'h', "help", NULL, "print this list", NULL},
	{OPTION_VERSION, 'V', "version", NULL, "print the version", NULL},
	{OPTION_SENDER, '\0', "sender", "NAME", NULL, set_sender},
	{OPTION_FOR, '\0', "for", "TIME", "--for TIME: it ends by itself after 90s, 15m, 2h, 7d.\n",
	 set_for},
	{OPTION_WAIT, '\0', "wait", "TIME",
	 "--wait TIME: it waits until all is well, 90s, 15m or 2h at most.\n", set_wait},
	{OPTION_WRITE, '\0', "write", NULL,
	 "--write: it writes the files; else it shows what would change.\n", NULL},
	{OPTION_CUT, '\0', "cut", NULL,
	 "--cut: the sender's live flows end too, each at its next packet.\n", NULL},
	{OPTION_NOW, '\0', "now", NULL,
	 "--now (root): this host's sockets of these flows close at once, without waiting for a\n"
	 "packet. Forwarded connections have no socket here.\n",
	 NULL},
};
const size_t n_option_rows = sizeof(option_rows) / sizeof(option_rows[0]);

#define N_ROWS (sizeof(option_rows) / sizeof(option_rows[0]))
/* The value of row 0 for getopt_long(), above all letters. */
#define ROW_BASE 256

/* The arguments of getopt_long(): at most two letters per row, with one more at each end. */
static void fill_tables(struct option ret_long[N_ROWS + 1], char ret_letters[2 * N_ROWS + 2])
{
	*ret_letters++ = ':'; /* getopt_long() returns ':' for a missing value */
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct option_row *row = &option_rows[i];

		ret_long[i] =
			(struct option){row->name, row->value ? required_argument : no_argument,
					NULL, ROW_BASE + (int)i};
		if (row->letter)
			*ret_letters++ = row->letter;
		if (row->letter && row->value)
			*ret_letters++ = ':';
	}
	ret_long[N_ROWS] = (struct option){NULL, 0, NULL, 0};
	*ret_letters = '\0';
}

/* NULL: an unknown option, or one without its value. */
static const struct option_row *row_of(int option)
{
	if (option >= ROW_BASE)
		return &option_rows[option - ROW_BASE];
	for (size_t i = 0; i < N_ROWS; i++)
		if (option == option_rows[i].letter)
			return &option_rows[i];
	return NULL;
}

/* getopt_long() has passed a wrong option, unless it is one letter in a group. */
static int wrong_option(int option, char **argv, struct error *error)
{
	const char *word = argv[optind - 1];

	if (option == ':')
		return error_set(error, -EINVAL, "'%s' needs a value", word);
	if (optopt > 0 && optopt < ROW_BASE && strncmp(word, "--", 2) != 0)
		return error_set(error, -EINVAL, "unknown option '-%c'; see postern --help",
				 optopt);
	return error_set(error, -EINVAL, "unknown option '%s'; see postern --help", word);
}

int option_parse(int argc, char **argv, struct cli *cli, struct error *error)
{
	struct option long_options[N_ROWS + 1];
	char letters[2 * N_ROWS + 2];
	int option, code = 0;

	fill_tables(long_options, letters);
	opterr = 0;
	while (code == 0 && (option = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		const struct option_row *row = row_of(option);

		if (!row)
			return wrong_option(option, argv, error);
		cli->given |= row->bit;
		if (row->set)
			code = row->set(cli, optarg, error);
	}
	return code;
}
