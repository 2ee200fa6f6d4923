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
#include "wire/decision.h"
#include "wire/facts.h"
#include "wire/flow.h"
#include "wire/pool.h"

#define EXPLAIN_FLOWS_MAX 20

static const char *yes_no(bool flag)
{
	return flag ? "yes" : "no";
}

/* NULL becomes "". */
static const char *text(const char *string)
{
	return string ? string : "";
}

static void print_named(const char *name, const char *value, FILE *out)
{
	if (value && *value)
		fprintf(out, ", %s %s", name, value);
}

static void print_facts(const json_t *document, FILE *out)
{
	struct wire_facts facts;

	wire_facts_read(document, &facts);
	/* <> is the null sender. */
	if (facts.envelope_from)
		fprintf(out, "facts      from <%s>", facts.envelope_from);
	else
		fputs("facts      from unknown", out);
	print_named("user", facts.user, out);
	print_named("client", facts.client, out);
	print_named("header", facts.header_from, out);
	fprintf(out, "\n           recipients %lld external, %lld internal; ",
		facts.recipients_external, facts.recipients_internal);
	fprintf(out, "bounce %s, automatic %s, spam %s\n", yes_no(facts.bounce),
		yes_no(facts.automatic), yes_no(facts.spam));
	fprintf(out, "           mail DNS %s, SPF %s, DKIM %s\n", text(facts.mail_dns),
		text(facts.spf), text(facts.dkim));
}

static void print_answer(const struct wire_decision *decision, FILE *out)
{
	struct wire_handles handles;

	wire_handles_read(decision->handles, &handles);
	fprintf(out, "answer     %s", text(decision->action));
	if (decision->pool)
		fprintf(out, " to %s", decision->pool);
	fprintf(out, ", reason %s", text(decision->reason));
	print_named("status", decision->status, out);
	print_named("until", decision->until, out);
	if (decision->lane)
		fprintf(out, "; lane %s", decision->lane);
	if (handles.ipv4 || handles.ipv6)
		fprintf(out, "; bind to %s%s%s", text(handles.ipv4),
			handles.ipv4 && handles.ipv6 ? " or " : "", text(handles.ipv6));
	fputc('\n', out);
}

/* A pool that holds has addresses too, whose own states may be active. */
static void print_held(const struct wire_decision *decision, FILE *out)
{
	fprintf(out, "held       pool %s %s: no new connection leaves\n", text(decision->pool),
		decision->held);
}

static void print_addresses(const json_t *addresses, FILE *out)
{
	const json_t *document;
	size_t i;

	json_array_foreach (addresses, i, document) {
		struct wire_address address;

		wire_address_read(document, &address);
		fprintf(out, "%s%s %s%s", i ? ", " : "leaves by  ", text(address.address),
			text(address.state), address.held ? " but not on the host" : "");
	}
	if (json_array_size(addresses) > 1)
		fputs("; one per sender and destination", out);
	if (json_array_size(addresses))
		fputc('\n', out);
}

static void add_number(struct columns *columns, json_int_t number)
{
	if (number >= 0)
		columns_add(columns, "%lld", number);
	else
		columns_add_text(columns, NULL);
}

static void print_steps(const json_t *steps, FILE *out)
{
	struct columns *columns = columns_new("RULE|OUTCOME|LIMIT|>COUNT|>THIS|>MAX");
	json_t *document;
	size_t i;

	json_array_foreach (steps, i, document) {
		struct wire_step step;

		wire_step_read(document, &step);
		columns_add_text(columns, step.rule);
		columns_add_text(columns, step.outcome);
		columns_add_text(columns, step.limit);
		add_number(columns, step.count);
		add_number(columns, step.adds);
		add_number(columns, step.max);
	}
	fputc('\n', out);
	columns_print(columns, out);
}

static void print_flows(const json_t *flows, FILE *out)
{
	struct wire_flow first;

	if (!json_array_size(flows))
		return;
	wire_flow_read(json_array_get(flows, 0), &first);
	fprintf(out, "\nConnections of %s now:\n\n", text(first.sender));
	cli_print_flows(flows, out);
}

void cli_print_decision(const json_t *document, FILE *out)
{
	struct wire_decision decision;

	wire_decision_read(document, &decision);
	fprintf(out, "message    %s, decided %s\n", text(decision.message_id), text(decision.time));
	fprintf(out, "sender     %s (by %s), policy %s",
		decision.sender ? decision.sender : "nobody", text(decision.identity),
		text(decision.policy));
	print_named("tenant", decision.tenant, out);
	fputc('\n', out);
	print_facts(decision.facts, out);
	print_answer(&decision, out);
	if (decision.held)
		print_held(&decision, out);
	else
		print_addresses(decision.addresses, out);
	print_steps(decision.why, out);
	print_flows(decision.flows, out);
}

/*
 * {"sender": as of `sender show`, or null, "decision": the last one, or null, "flows": of the
 * sender}
 */
void cli_print_explained_sender(const json_t *explained, FILE *out)
{
	const json_t *sender = json_object_get(explained, "sender");
	const json_t *decision = json_object_get(explained, "decision");

	if (json_is_object(sender))
		cli_print_sender(sender, out);
	if (json_is_object(sender) && json_is_object(decision))
		fputs("\nThe last message:\n\n", out);
	if (json_is_object(decision))
		return cli_print_decision(decision, out);
	fputs("\nNo decision about a message of this sender in the last hour.\n", out);
	print_flows(json_object_get(explained, "flows"), out);
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
static int add_flows(struct cli *cli, json_t *document, struct error *error)
{
	_cleanup_(free_p) char *handle = NULL;
	struct wire_decision decision;
	json_t *flows = NULL;
	int code;

	wire_decision_read(document, &decision);
	if (asprintf(&handle, "handle/%s", text(decision.pool)) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	code = ask_flows(cli, text(decision.sender), &flows, error);
	if (code == 0 && !json_array_size(flows)) {
		json_decref(flows);
		code = ask_flows(cli, handle, &flows, error);
	}
	if (code == 0)
		json_object_set_new(document, "flows", json_is_array(flows) ? flows : json_array());
	return code;
}

static int explain_sender(struct cli *cli, struct error *error)
{
	_cleanup_(free_p) char *uri = CLI_URI("senders", cli->sender);
	_cleanup_(free_p) char *escaped = client_escape(cli->sender);
	_cleanup_(free_p) char *decisions = NULL;
	json_t *sender = NULL, *decision = NULL, *flows = NULL;
	int code;

	if (!escaped || asprintf(&decisions, "/v1/decisions?sender=%s", escaped) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	code = ask(cli, decisions, &decision, error);
	if (code == 0 && json_is_object(decision))
		code = add_flows(cli, decision, error);
	if (code == 0)
		code = ask(cli, uri, &sender, error);
	if (code == 0)
		code = ask_flows(cli, cli->sender, &flows, error);
	if (code == 0 && json_is_null(sender) && json_is_null(decision))
		code = error_set(error, -ENOENT,
				 "no sender '%s', and no decision about it in the last hour",
				 cli->sender);
	if (code == 0)
		return cli_show(cli,
				json_pack("{s:o, s:o, s:o}", "sender", sender, "decision", decision,
					  "flows", json_is_array(flows) ? flows : json_array()),
				cli_print_explained_sender, error);
	json_decref(flows);
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
