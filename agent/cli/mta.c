// SPDX-License-Identifier: BSD-2-Clause
/* mta postfix: what mta/ prints, as text or as one document. */
#include "cli/commands.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/cli.h"
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
