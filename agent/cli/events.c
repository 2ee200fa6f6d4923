/* SPDX-License-Identifier: BSD-2-Clause */
/* events: follows the events until interrupted. */
#include <errno.h>
#include <string.h>

#include "client/client.h"
#include "base/cleanup.h"
#include "base/disarm.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/words.h"
#include "config/config.h"

static void print_value(const char *name, const json_t *value, FILE *out)
{
	if (json_is_string(value))
		fprintf(out, "  %s %s", name, json_string_value(value));
	else if (json_is_integer(value))
		fprintf(out, "  %s %lld", name, (long long)json_integer_value(value));
	else if (json_is_real(value))
		fprintf(out, "  %s %.1f", name, json_real_value(value));
}

/*
 * "2026-11-21T18:00:00Z  over-limit  sender tenant-17  limit messages_per_minute  count 31  max
 * 30"
 */
void cli_print_event(const json_t *event, FILE *out)
{
	const char *name;
	json_t *value;

	fprintf(out, "%s  %s", words_string(event, "time"), words_string(event, "event"));
	json_object_foreach ((json_t *)event, name, value) {
		if (strcmp(name, "time") != 0 && strcmp(name, "event") != 0)
			print_value(name, value, out);
	}
	fputc('\n', out);
}

static int show_line(void *data, const char *line)
{
	const struct cli *cli = data;
	json_t *event = json_loads(line, 0, NULL);

	if (event && cli->json) {
		disarm_json(line, cli->out);
		fputc('\n', cli->out);
	} else if (event) {
		words_disarm(event);
		cli_print_event(event, cli->out);
	}
	json_decref(event);
	return fflush(cli->out) == 0 ? 0 : -EIO;
}

int cli_events(struct cli *cli, char **arguments, struct error *error)
{
	_cleanup_(free_p) char *path = NULL;
	int code;

	(void)arguments;
	if (asprintf(&path, "%s/api.sock", cli->config->runtime_dir) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	code = client_probe(path, error);
	if (code == 0)
		code = client_follow(path, "/v1/events", show_line, cli, error);
	if (code == -EIO)
		return error_set(error, code, "standard output: %s", strerror(errno));
	return code < 0 ? code
			: error_set(error, -EPIPE, "the agent at '%s' has ended the events", path);
}
