/* SPDX-License-Identifier: BSD-2-Clause */
/* sender list, show, set, block, clear, release. */
#include "cli/commands.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/cut.h"
#include "cli/words.h"

/* "source 10.1.7.0/24, uid 33"; freed by free(), NULL: out of memory. */
static char *join_selectors(const json_t *sender)
{
	char *text = NULL;
	size_t size, i;
	FILE *stream = open_memstream(&text, &size);
	json_t *selector;

	if (!stream)
		return NULL;
	json_array_foreach (json_object_get(sender, "selectors"), i, selector) {
		fprintf(stream, "%s%s", i ? ", " : "", json_string_value(selector));
	}
	fclose(stream);
	return text;
}

void cli_print_senders(const json_t *senders, FILE *out)
{
	struct columns *columns = columns_new("SENDER|ACTION|POOL|REASON|UNTIL|>FLOWS|"
					      ">CONNECTIONS|>REFUSED|SELECTORS");
	int64_t now_sec = clock_wall_sec();
	char buffer[WORDS_SIZE];
	size_t i;
	json_t *sender;

	json_array_foreach (senders, i, sender) {
		_cleanup_(free_p) char *selectors = join_selectors(sender);
		const json_t *verdict = json_object_get(sender, "verdict");
		const json_t *usage = json_object_get(sender, "usage");
		const char *until = json_string_value(json_object_get(verdict, "until"));

		columns_add(columns, "%s", words_string(sender, "name"));
		columns_add(columns, "%s", words_string(verdict, "action"));
		columns_add(columns, "%s", words_string(verdict, "pool"));
		columns_add(columns, "%s", words_string(verdict, "reason"));
		columns_add(columns, "%s", words_until(until, now_sec, buffer));
		columns_add(columns, "%lld", words_integer(usage, "flows"));
		columns_add(columns, "%lld", words_integer(usage, "connections"));
		columns_add(columns, "%lld", words_integer(usage, "refused"));
		columns_add(columns, "%s", selectors ? selectors : "");
	}
	columns_print(columns, out);
}

static void print_verdict(const json_t *verdict, FILE *out)
{
	const char *until = json_string_value(json_object_get(verdict, "until"));
	const char *pool = words_string(verdict, "pool");
	char buffer[WORDS_SIZE];

	if (!json_is_object(verdict)) {
		fputs("verdict      none\n", out);
		return;
	}
	fprintf(out, "verdict      %s%s%s, reason %s", words_string(verdict, "action"),
		*pool ? " to " : "", pool, words_string(verdict, "reason"));
	if (until)
		fprintf(out, ", until %s (%s)", until,
			words_until(until, clock_wall_sec(), buffer));
	fputc('\n', out);
}

static void print_windows(const json_t *windows, FILE *out)
{
	struct columns *columns = columns_new("LIMIT|>COUNT|>MAX");
	const char *name;
	json_t *window;

	json_object_foreach ((json_t *)windows, name, window) {
		columns_add(columns, "%s", name);
		columns_add(columns, "%lld", words_integer(window, "count"));
		if (json_is_integer(json_object_get(window, "limit")))
			columns_add(columns, "%lld", words_integer(window, "limit"));
		else
			columns_add(columns, "%s", "");
	}
	fputc('\n', out);
	columns_print(columns, out);
}

/* What only the agent knows. */
static void print_counts(const json_t *sender, FILE *out)
{
	const json_t *spam = json_object_get(sender, "spam");
	const char *until = words_string(sender, "restricted_until");

	if (!json_object_get(sender, "windows"))
		return;
	fprintf(out, "policy       %s\n", words_string(sender, "policy"));
	if (json_is_true(json_object_get(sender, "restricted")))
		fprintf(out, "restricted   until %s\n", *until ? until : "released");
	fprintf(out, "spam         %lld of the last %lld messages, %lld reports in a day\n",
		words_integer(spam, "marked"), words_integer(spam, "of"),
		words_integer(spam, "reports"));
	print_windows(json_object_get(sender, "windows"), out);
}

void cli_print_sender(const json_t *sender, FILE *out)
{
	const json_t *usage = json_object_get(sender, "usage");
	_cleanup_(free_p) char *selectors = join_selectors(sender);

	fprintf(out, "sender       %s\n", words_string(sender, "name"));
	fprintf(out, "selectors    %s\n", selectors && *selectors ? selectors : "-");
	print_verdict(json_object_get(sender, "verdict"), out);
	fprintf(out, "flows        %lld\n", words_integer(usage, "flows"));
	fprintf(out, "connections  %lld\n", words_integer(usage, "connections"));
	fprintf(out, "refused      %lld\n", words_integer(usage, "refused"));
	print_counts(sender, out);
}

/* One more than is shown: then there are more. */
#define LIST_MAX 1000
_Static_assert(LIST_MAX < API_SENDERS_MAX, "one more than is shown");

int cli_sender_list(struct cli *cli, char **arguments, struct error *error)
{
	_cleanup_(free_p) char *uri = NULL;
	json_t *senders;
	int max = cli->json ? API_SENDERS_MAX : LIST_MAX + 1;
	int code;

	(void)arguments;
	if (asprintf(&uri, "/v1/senders?limit=%d", max) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	code = cli_request(cli, API_GET, uri, NULL, &senders, error);
	if (code < 0)
		return code;
	if (json_array_size(senders) == (size_t)max) {
		fprintf(stderr, "postern: there may be more senders than these %d\n",
			cli->json ? max : LIST_MAX);
		if (!cli->json)
			json_array_remove(senders, LIST_MAX);
	}
	return cli_show(cli, senders, cli_print_senders, error);
}

int cli_sender_show(struct cli *cli, char **arguments, struct error *error)
{
	_cleanup_(free_p) char *uri = CLI_URI("senders", arguments[0]);
	json_t *sender;
	int code = cli_request(cli, API_GET, uri, NULL, &sender, error);

	return code < 0 ? code : cli_show(cli, sender, cli_print_sender, error);
}

/* `pool` NULL for actions that have none. */
static int put_verdict(struct cli *cli, const char *name, const char *action, const char *pool,
		       struct error *error)
{
	_cleanup_(free_p) char *uri = CLI_URI("senders", name, "verdict");
	json_t *body =
		json_pack("{s:s, s:s*, s:b}", "action", action, "pool", pool, "cut", (int)cli->cut);
	json_t *sender;
	int code = cli_cut_check(cli, error);

	if (cli->for_sec)
		json_object_set_new(body, "for_sec", json_integer((json_int_t)cli->for_sec));
	if (code == 0)
		code = cli_request(cli, API_PUT, uri, body, &sender, error);
	json_decref(body);
	return code < 0 ? code : cli_cut_done(cli, name, sender, error);
}

int cli_sender_set(struct cli *cli, char **arguments, struct error *error)
{
	return put_verdict(cli, arguments[0], "steer", arguments[1], error);
}

int cli_sender_block(struct cli *cli, char **arguments, struct error *error)
{
	return put_verdict(cli, arguments[0], "drop", NULL, error);
}

int cli_sender_clear(struct cli *cli, char **arguments, struct error *error)
{
	_cleanup_(free_p) char *uri = CLI_URI("senders", arguments[0], "verdict");
	json_t *sender;
	int code = cli_request(cli, API_DELETE, uri, NULL, &sender, error);

	return code < 0 ? code : cli_show(cli, sender, NULL, error);
}

int cli_sender_release(struct cli *cli, char **arguments, struct error *error)
{
	_cleanup_(free_p) char *uri = CLI_URI("senders", arguments[0], "release");
	json_t *sender;
	int code = cli_request(cli, API_POST, uri, NULL, &sender, error);

	return code < 0 ? code : cli_show(cli, sender, NULL, error);
}
