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
#include "wire/sender.h"

/* "source 10.1.7.0/24, uid 33"; the caller's, to free(). NULL: out of memory. */
static char *join_selectors(const json_t *selectors)
{
	char *text = NULL;
	size_t size, i;
	FILE *stream = open_memstream(&text, &size);
	json_t *selector;

	if (!stream)
		return NULL;
	json_array_foreach (selectors, i, selector) {
		fprintf(stream, "%s%s", i ? ", " : "", json_string_value(selector));
	}
	fclose(stream);
	return text;
}

static void add_sender(struct columns *columns, const json_t *document)
{
	_cleanup_(free_p) char *selectors = NULL;
	struct wire_verdict verdict;
	struct wire_sender sender;
	struct wire_usage usage;
	char buffer[WORDS_SIZE];

	wire_sender_read(document, &sender);
	wire_verdict_read(sender.verdict, &verdict);
	wire_usage_read(sender.usage, &usage);
	selectors = join_selectors(sender.selectors);
	columns_add_text(columns, sender.name);
	columns_add_text(columns, verdict.action);
	columns_add_text(columns, verdict.pool);
	columns_add_text(columns, verdict.reason);
	columns_add(columns, "%s", words_until(verdict.until, clock_wall_sec(), buffer));
	columns_add(columns, "%lld", usage.flows);
	columns_add(columns, "%lld", usage.connections);
	columns_add(columns, "%lld", usage.refused);
	columns_add_text(columns, selectors);
}

void cli_print_senders(const json_t *senders, FILE *out)
{
	struct columns *columns = columns_new("SENDER|ACTION|POOL|REASON|UNTIL|>FLOWS|"
					      ">CONNECTIONS|>REFUSED|SELECTORS");
	size_t i;
	json_t *document;

	json_array_foreach (senders, i, document) {
		add_sender(columns, document);
	}
	columns_print(columns, out);
}

static void print_verdict(const json_t *document, FILE *out)
{
	struct wire_verdict verdict;
	char buffer[WORDS_SIZE];

	if (!document) {
		fputs("verdict      none\n", out);
		return;
	}
	wire_verdict_read(document, &verdict);
	fprintf(out, "verdict      %s%s%s, reason %s", verdict.action, verdict.pool ? " to " : "",
		verdict.pool ? verdict.pool : "", verdict.reason);
	if (verdict.until)
		fprintf(out, ", until %s (%s)", verdict.until,
			words_until(verdict.until, clock_wall_sec(), buffer));
	fputc('\n', out);
}

static void print_windows(const json_t *windows, FILE *out)
{
	struct columns *columns = columns_new("LIMIT|>COUNT|>MAX");
	const char *name;
	json_t *document;

	json_object_foreach ((json_t *)windows, name, document) {
		struct wire_window window;

		wire_window_read(document, &window);
		columns_add(columns, "%s", name);
		columns_add(columns, "%lld", window.count);
		if (window.limit >= 0)
			columns_add(columns, "%lld", window.limit);
		else
			columns_add(columns, "%s", "");
	}
	fputc('\n', out);
	columns_print(columns, out);
}

/* Nothing without the agent. */
static void print_counts(const json_t *document, FILE *out)
{
	struct wire_counts counts;
	struct wire_spam spam;

	wire_counts_read(document, &counts);
	if (!counts.windows)
		return;
	wire_spam_read(counts.spam, &spam);
	fprintf(out, "policy       %s\n", counts.policy ? counts.policy : "");
	if (counts.restricted)
		fprintf(out, "restricted   until %s\n",
			counts.restricted_until ? counts.restricted_until : "released");
	fprintf(out, "spam         %lld of the last %lld messages, %lld reports in a day\n",
		spam.marked, spam.of, spam.reports);
	print_windows(counts.windows, out);
}

void cli_print_sender(const json_t *document, FILE *out)
{
	_cleanup_(free_p) char *selectors = NULL;
	struct wire_sender sender;
	struct wire_usage usage;

	wire_sender_read(document, &sender);
	wire_usage_read(sender.usage, &usage);
	selectors = join_selectors(sender.selectors);
	fprintf(out, "sender       %s\n", sender.name);
	fprintf(out, "selectors    %s\n", selectors && *selectors ? selectors : "-");
	print_verdict(sender.verdict, out);
	fprintf(out, "flows        %lld\n", usage.flows);
	fprintf(out, "connections  %lld\n", usage.connections);
	fprintf(out, "refused      %lld\n", usage.refused);
	print_counts(document, out);
}

/* One more is requested than is shown, to know if there are more. */
#define LIST_MAX 1000
_Static_assert(LIST_MAX < API_SENDERS_MAX, "the API allows one more");

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

/* `pool` NULL: the action has none. */
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
