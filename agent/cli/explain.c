/* SPDX-License-Identifier: BSD-2-Clause */
/* explain: the decision about a message, or about the last message of a sender. */
#include <errno.h>
#include <string.h>

#include "client/client.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/commands.h"
#include "cli/words.h"

#define EXPLAIN_FLOWS_MAX 20

static const char *yes_no(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name)) ? "yes" : "no";
}

static void print_named(const char *name, const json_t *object, const char *member, FILE *out)
{
	const char *text = words_string(object, member);

	if (*text)
		fprintf(out, ", %s %s", name, text);
}

static void print_facts(const json_t *facts, FILE *out)
{
	bool known = json_is_string(json_object_get(facts, "envelope_from"));

	/* <> is the null sender. */
	fprintf(out, known ? "facts      from <%s>" : "facts      from unknown%s",
		words_string(facts, "envelope_from"));
	print_named("user", facts, "user", out);
	print_named("client", facts, "client", out);
	print_named("header", facts, "header_from", out);
	fprintf(out, "\n           recipients %lld external, %lld internal; ",
		words_integer(facts, "recipients_external"),
		words_integer(facts, "recipients_internal"));
	fprintf(out, "bounce %s, automatic %s, spam %s\n", yes_no(facts, "bounce"),
		yes_no(facts, "automatic"), yes_no(facts, "spam"));
	fprintf(out, "           mail DNS %s, SPF %s, DKIM %s\n", words_string(facts, "mail_dns"),
		words_string(facts, "spf"), words_string(facts, "dkim"));
}

static void print_answer(const json_t *decision, FILE *out)
{
	const json_t *handles = json_object_get(decision, "handles");
	const char *ipv4 = words_string(handles, "ipv4");
	const char *ipv6 = words_string(handles, "ipv6");
	const char *pool = words_string(decision, "pool");
	const char *lane = words_string(decision, "lane");
	const char *status = words_string(decision, "status");
	const char *until = words_string(decision, "until");

	fprintf(out, "answer     %s%s%s, reason %s", words_string(decision, "action"),
		*pool ? " to " : "", pool, words_string(decision, "reason"));
	if (*status)
		fprintf(out, ", status %s", status);
	if (*until)
		fprintf(out, ", until %s", until);
	if (*lane)
		fprintf(out, "; lane %s", lane);
	if (*ipv4 || *ipv6)
		fprintf(out, "; bind to %s%s%s", ipv4, *ipv4 && *ipv6 ? " or " : "", ipv6);
	fputc('\n', out);
}

static void print_addresses(const json_t *decision, FILE *out)
{
	const json_t *addresses = json_object_get(decision, "addresses");
	const json_t *address;
	size_t i;

	json_array_foreach (addresses, i, address) {
		fprintf(out, "%s%s %s", i ? ", " : "leaves by  ", words_string(address, "address"),
			words_string(address, "state"));
	}
	if (json_array_size(addresses) > 1)
		fputs("; one per sender and destination", out);
	if (json_array_size(addresses))
		fputc('\n', out);
}

static void add_number(struct columns *columns, const json_t *step, const char *name)
{
	if (json_object_get(step, name))
		columns_add(columns, "%lld", words_integer(step, name));
	else
		columns_add(columns, "%s", "");
}

static void print_steps(const json_t *steps, FILE *out)
{
	struct columns *columns = columns_new("RULE|OUTCOME|LIMIT|>COUNT|>THIS|>MAX");
	size_t i;
	json_t *step;

	json_array_foreach (steps, i, step) {
		columns_add(columns, "%s", words_string(step, "rule"));
		columns_add(columns, "%s", words_string(step, "outcome"));
		columns_add(columns, "%s", words_string(step, "limit"));
		add_number(columns, step, "count");
		add_number(columns, step, "adds");
		add_number(columns, step, "max");
	}
	fputc('\n', out);
	columns_print(columns, out);
}

static void print_flows(const json_t *flows, FILE *out)
{
	if (!json_array_size(flows))
		return;
	fprintf(out, "\nConnections of %s now:\n\n",
		words_string(json_array_get(flows, 0), "sender"));
	cli_print_flows(flows, out);
}

void cli_print_decision(const json_t *decision, FILE *out)
{
	const char *sender = words_string(decision, "sender");
	const char *tenant = words_string(decision, "tenant");

	fprintf(out, "message    %s, decided %s\n", words_string(decision, "message_id"),
		words_string(decision, "time"));
	fprintf(out, "sender     %s (by %s), policy %s%s%s\n", *sender ? sender : "nobody",
		words_string(decision, "identity"), words_string(decision, "policy"),
		*tenant ? ", tenant " : "", tenant);
	print_facts(json_object_get(decision, "facts"), out);
	print_answer(decision, out);
	print_addresses(decision, out);
	print_steps(json_object_get(decision, "why"), out);
	print_flows(json_object_get(decision, "flows"), out);
}

/* {"sender": as of `sender show`, or null, "decision": the last one, or null} */
void cli_print_explained_sender(const json_t *explained, FILE *out)
{
	const json_t *sender = json_object_get(explained, "sender");
	const json_t *decision = json_object_get(explained, "decision");

	if (json_is_object(sender))
		cli_print_sender(sender, out);
	if (json_is_object(sender) && json_is_object(decision))
		fputs("\nThe last message:\n\n", out);
	if (json_is_object(decision))
		cli_print_decision(decision, out);
	else
		fputs("\nNo decision about a message of this sender in the last hour.\n", out);
}

/* null for -ENOENT. */
static int ask(struct cli *cli, const char *uri, json_t **ret, struct error *error)
{
	int code = cli_request(cli, API_GET, uri, NULL, ret, error);

	if (code != -ENOENT)
		return code;
	*ret = json_null();
	return 0;
}

/* The flows of a sender; null: no such sender. */
static int ask_flows(struct cli *cli, const char *sender, json_t **ret_flows, struct error *error)
{
	_cleanup_(free_p) char *escaped = client_escape(sender);
	_cleanup_(free_p) char *uri = NULL;

	if (!escaped ||
	    asprintf(&uri, "/v1/flows?limit=%d&sender=%s", EXPLAIN_FLOWS_MAX, escaped) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	return ask(cli, uri, ret_flows, error);
}

/*
 * Adds the connections that carry such mail: the flows of the sender, else the flows from the
 * handles of the pool, which an MTA binds to.
 */
static int add_flows(struct cli *cli, json_t *decision, struct error *error)
{
	_cleanup_(free_p) char *handle = NULL;
	json_t *flows = NULL;
	int code;

	if (asprintf(&handle, "handle/%s", words_string(decision, "pool")) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	code = ask_flows(cli, words_string(decision, "sender"), &flows, error);
	if (code == 0 && !json_array_size(flows)) {
		json_decref(flows);
		code = ask_flows(cli, handle, &flows, error);
	}
	if (code == 0)
		json_object_set_new(decision, "flows", json_is_array(flows) ? flows : json_array());
	return code;
}

static int explain_sender(struct cli *cli, struct error *error)
{
	_cleanup_(free_p) char *uri = CLI_URI("senders", cli->sender);
	_cleanup_(free_p) char *escaped = client_escape(cli->sender);
	_cleanup_(free_p) char *decisions = NULL;
	json_t *sender = NULL, *decision = NULL;
	int code;

	if (!escaped || asprintf(&decisions, "/v1/decisions?sender=%s", escaped) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	code = ask(cli, decisions, &decision, error);
	if (code == 0 && json_is_object(decision))
		code = add_flows(cli, decision, error);
	if (code == 0)
		code = ask(cli, uri, &sender, error);
	if (code == 0 && json_is_null(sender) && json_is_null(decision))
		code = error_set(error, -ENOENT,
				 "no sender '%s', and no decision about it in the last hour",
				 cli->sender);
	if (code == 0)
		return cli_show(cli,
				json_pack("{s:o, s:o}", "sender", sender, "decision", decision),
				cli_print_explained_sender, error);
	json_decref(sender);
	json_decref(decision);
	return code;
}

int cli_explain(struct cli *cli, char **arguments, struct error *error)
{
	_cleanup_(free_p) char *uri = NULL;
	json_t *decision;
	int code;

	if (cli->sender)
		return explain_sender(cli, error);
	uri = CLI_URI("decisions", arguments[0]);
	code = cli_request(cli, API_GET, uri, NULL, &decision, error);
	if (code < 0)
		return code;
	code = add_flows(cli, decision, error);
	if (code == 0)
		return cli_show(cli, decision, cli_print_decision, error);
	json_decref(decision);
	return code;
}
