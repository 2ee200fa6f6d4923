/* SPDX-License-Identifier: BSD-2-Clause */
/* mta postfix, mta exim: configuration as text or as one document. */
#include "cli/commands.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/cli.h"
#include "mta/exim.h"
#include "mta/postfix.h"

/* One part as a JSON string; NULL: out of memory. */
static json_t *part_json(const struct cli *cli, enum postfix_part part)
{
	_cleanup_(free_p) char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return NULL;
	postfix_print(cli->config, part, stream);
	fclose(stream);
	return json_string(text);
}

static int show_json(const struct cli *cli, const char *only, struct error *error)
{
	json_t *document = json_object();

	if (!only || strcmp(only, "master") == 0)
		json_object_set_new(document, "master", part_json(cli, POSTFIX_MASTER));
	if (!only || strcmp(only, "main") == 0)
		json_object_set_new(document, "main", part_json(cli, POSTFIX_MAIN));
	return cli_show(cli, document, NULL, error);
}

int cli_mta_postfix(struct cli *cli, char **arguments, struct error *error)
{
	const char *only = arguments[0];
	enum postfix_part part = POSTFIX_ALL;

	if (cli->json)
		return show_json(cli, only, error);
	if (only)
		part = strcmp(only, "main") == 0 ? POSTFIX_MAIN : POSTFIX_MASTER;
	if (postfix_print(cli->config, part, cli->out) < 0 || fflush(cli->out) != 0)
		return error_set(error, -EIO, "standard output: %s", strerror(errno));
	return 0;
}

/* ---- Exim */

static int add_part(const struct cli *cli, enum exim_part part, json_t *document,
		    struct error *error)
{
	_cleanup_(free_p) char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	int code;

	if (!stream)
		return error_set(error, -ENOMEM, "out of memory");
	code = exim_print(cli->config, part, stream, error);
	fclose(stream);
	if (code == 0)
		json_object_set_new(document, exim_part_name(part), json_string(text));
	return code;
}

static int show_exim(const struct cli *cli, enum exim_part only, struct error *error)
{
	json_t *document = json_object();
	int code = 0;

	for (enum exim_part part = 0; code == 0 && part < EXIM_PARTS; part++)
		if (only == EXIM_ALL || only == part)
			code = add_part(cli, part, document, error);
	if (code == 0)
		return cli_show(cli, document, NULL, error);
	json_decref(document);
	return code;
}

int cli_mta_exim(struct cli *cli, char **arguments, struct error *error)
{
	enum exim_part part = EXIM_ALL;

	for (enum exim_part i = 0; arguments[0] && i < EXIM_PARTS; i++)
		if (strcmp(arguments[0], exim_part_name(i)) == 0)
			part = i;
	return cli->json ? show_exim(cli, part, error)
			 : exim_print(cli->config, part, cli->out, error);
}
