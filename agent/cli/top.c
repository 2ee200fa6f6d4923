/* SPDX-License-Identifier: BSD-2-Clause */
/* top: the senders that do most, again and again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/commands.h"
#include "cli/words.h"

#define TOP_EVERY_SEC 2
#define TOP_ROWS      20

static long long connections_of(const json_t *sender)
{
	return words_integer(json_object_get(sender, "usage"), "connections");
}

static long long count_of(const json_t *sender, const char *limit)
{
	return words_integer(json_object_get(json_object_get(sender, "windows"), limit), "count");
}

/* Both lists have the same order, but for senders that came or went. */
static const json_t *find(const json_t *senders, size_t near, const char *name)
{
	const json_t *sender = json_array_get(senders, near);
	size_t i;

	if (sender && strcmp(words_string(sender, "name"), name) == 0)
		return sender;
	json_array_foreach ((json_t *)senders, i, sender) {
		if (strcmp(words_string(sender, "name"), name) == 0)
			return sender;
	}
	return NULL;
}

static json_t *make_row(const json_t *before, const json_t *sender, size_t index, int seconds)
{
	const char *name = words_string(sender, "name");
	const json_t *old = find(before, index, name);
	const json_t *verdict = json_object_get(sender, "verdict");
	const json_t *usage = json_object_get(sender, "usage");
	long long opened = old ? connections_of(sender) - connections_of(old) : 0;

	return json_pack("{s:s, s:s, s:O?, s:s, s:I, s:f, s:I, s:I, s:I}", "name", name, "action",
			 words_string(verdict, "action"), "pool", json_object_get(verdict, "pool"),
			 "reason", words_string(verdict, "reason"), "flows",
			 words_integer(usage, "flows"), "connections_per_sec",
			 (double)opened / seconds, "messages_per_minute",
			 count_of(sender, "messages_per_minute"), "recipients_per_hour",
			 count_of(sender, "recipients_external_per_hour") +
				 count_of(sender, "recipients_internal_per_hour"),
			 "refused", words_integer(usage, "refused"));
}

static double rate_of(const json_t *row)
{
	return json_real_value(json_object_get(row, "connections_per_sec"));
}

static int by_activity(const void *a, const void *b)
{
	const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
	long long messages = words_integer(right, "messages_per_minute") -
			     words_integer(left, "messages_per_minute");
	long long flows = words_integer(right, "flows") - words_integer(left, "flows");

	if (rate_of(left) != rate_of(right))
		return rate_of(left) < rate_of(right) ? 1 : -1;
	if (messages)
		return messages > 0 ? 1 : -1;
	return (flows > 0) - (flows < 0);
}

json_t *cli_top_rows(const json_t *before, const json_t *after, int seconds)
{
	size_t count = json_array_size(after);
	_cleanup_(free_p) json_t **rows = calloc(count + 1, sizeof(json_t *));
	json_t *list = json_array();

	for (size_t i = 0; rows && i < count; i++)
		rows[i] = make_row(before, json_array_get(after, i), i, seconds);
	if (rows)
		qsort(rows, count, sizeof(*rows), by_activity);
	for (size_t i = 0; rows && i < count; i++) {
		if (i < TOP_ROWS)
			json_array_append(list, rows[i]);
		json_decref(rows[i]);
	}
	return list;
}

void cli_print_top(const json_t *rows, FILE *out)
{
	struct columns *columns = columns_new("SENDER|ACTION|POOL|REASON|>FLOWS|>CONN/S|"
					      ">MESSAGES/MIN|>RECIPIENTS/H|>REFUSED");
	size_t i;
	json_t *row;

	json_array_foreach ((json_t *)rows, i, row) {
		columns_add(columns, "%s", words_string(row, "name"));
		columns_add(columns, "%s", words_string(row, "action"));
		columns_add(columns, "%s", words_string(row, "pool"));
		columns_add(columns, "%s", words_string(row, "reason"));
		columns_add(columns, "%lld", words_integer(row, "flows"));
		columns_add(columns, "%.1f", rate_of(row));
		columns_add(columns, "%lld", words_integer(row, "messages_per_minute"));
		columns_add(columns, "%lld", words_integer(row, "recipients_per_hour"));
		columns_add(columns, "%lld", words_integer(row, "refused"));
	}
	columns_print(columns, out);
}

/* Home, and away with what was there. */
static void clear_screen(FILE *out)
{
	fputs("\033[H\033[2J", out);
}

static int ask(struct cli *cli, json_t **ret_senders, struct error *error)
{
	return cli_request(cli, API_GET, "/v1/senders", NULL, ret_senders, error);
}

/* On a terminal until it is interrupted; elsewhere, and with -j, once. */
int cli_top(struct cli *cli, char **arguments, struct error *error)
{
	const struct timespec pause = {.tv_sec = TOP_EVERY_SEC};
	bool once = cli->json || !isatty(fileno(cli->out));
	json_t *before, *after;
	int code = ask(cli, &before, error);

	(void)arguments;
	if (code < 0)
		return code;
	do {
		nanosleep(&pause, NULL);
		code = ask(cli, &after, error);
		if (code < 0)
			break;
		if (!once)
			clear_screen(cli->out);
		code = cli_show(cli, cli_top_rows(before, after, TOP_EVERY_SEC), cli_print_top,
				error);
		if (!cli->json && json_array_size(after) >= API_SENDERS_DEFAULT)
			fprintf(cli->out,
				"(of the first %d senders, and those without a selector)\n",
				API_SENDERS_DEFAULT);
		json_decref(before);
		before = after;
	} while (code == 0 && !once);
	json_decref(before);
	return code;
}
