/* SPDX-License-Identifier: BSD-2-Clause */
/* top: the most active senders, refreshed. */
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
#include "wire/sender.h"
#include "wire/top.h"

#define TOP_EVERY_SEC 2
#define TOP_ROWS      20

static json_int_t connections_of(const json_t *document)
{
	struct wire_sender sender;
	struct wire_usage usage;

	wire_sender_read(document, &sender);
	wire_usage_read(sender.usage, &usage);
	return usage.connections;
}

static json_int_t count_of(const json_t *document, const char *limit)
{
	struct wire_counts counts;
	struct wire_window window;

	wire_counts_read(document, &counts);
	wire_window_read(json_object_get(counts.windows, limit), &window);
	return window.count;
}

/* Both lists have one order, except for senders that came or went: try the same index first. */
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

static json_t *make_row(const json_t *before, const json_t *document, size_t index, int seconds)
{
	struct wire_sender sender;
	struct wire_verdict verdict;
	struct wire_usage usage;
	const json_t *old;

	wire_sender_read(document, &sender);
	wire_verdict_read(sender.verdict, &verdict);
	wire_usage_read(sender.usage, &usage);
	old = find(before, index, sender.name);
	return wire_top_json(&(struct wire_top){
		.name = sender.name,
		.action = verdict.action ? verdict.action : "",
		.pool = verdict.pool,
		.reason = verdict.reason ? verdict.reason : "",
		.flows = usage.flows,
		.connections_per_sec =
			old ? (double)(usage.connections - connections_of(old)) / seconds : 0,
		.messages_per_minute = count_of(document, "messages_per_minute"),
		.recipients_per_hour = count_of(document, "recipients_external_per_hour") +
				       count_of(document, "recipients_internal_per_hour"),
		.refused = usage.refused,
	});
}

static int by_activity(const void *a, const void *b)
{
	struct wire_top left, right;

	wire_top_read(*(json_t *const *)a, &left);
	wire_top_read(*(json_t *const *)b, &right);
	if (left.connections_per_sec != right.connections_per_sec)
		return left.connections_per_sec < right.connections_per_sec ? 1 : -1;
	if (left.messages_per_minute != right.messages_per_minute)
		return left.messages_per_minute < right.messages_per_minute ? 1 : -1;
	return (right.flows > left.flows) - (right.flows < left.flows);
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
	json_t *document;

	json_array_foreach ((json_t *)rows, i, document) {
		struct wire_top row;

		wire_top_read(document, &row);
		columns_add_text(columns, row.name);
		columns_add_text(columns, row.action);
		columns_add_text(columns, row.pool);
		columns_add_text(columns, row.reason);
		columns_add(columns, "%lld", row.flows);
		columns_add(columns, "%.1f", row.connections_per_sec);
		columns_add(columns, "%lld", row.messages_per_minute);
		columns_add(columns, "%lld", row.recipients_per_hour);
		columns_add(columns, "%lld", row.refused);
	}
	columns_print(columns, out);
}

/* ECMA-48: cursor home, erase the display. */
static void clear_screen(FILE *out)
{
	fputs("\033[H\033[2J", out);
}

static int ask(struct cli *cli, json_t **ret_senders, struct error *error)
{
	return cli_request(cli, API_GET, "/v1/senders", NULL, ret_senders, error);
}

/* Until interrupted on a terminal; once elsewhere and with -j. */
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
