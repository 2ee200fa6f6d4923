/* SPDX-License-Identifier: BSD-2-Clause */
/* flow list and flow cut. */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/client.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/cut.h"
#include "cli/words.h"
#include "wire/flow.h"

/* The other senders that matched; the one whose verdict decided is marked. */
static void add_others(struct columns *columns, const struct wire_flow *flow)
{
	_cleanup_(free_p) char *text = NULL;
	size_t size, i;
	const json_t *other;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return columns_add_text(columns, NULL);
	json_array_foreach (flow->others, i, other) {
		const char *name = json_string_value(other);

		fprintf(out, "%s%s%s", i ? ", " : "", name ? name : "",
			name && flow->decider && !strcmp(name, flow->decider) ? " (decides)" : "");
	}
	fclose(out);
	columns_add_text(columns, *text ? text : NULL);
}

void cli_print_flows(const json_t *flows, FILE *out)
{
	struct columns *columns = columns_new(
		"SENDER|ALSO|SOURCE|ADDRESS|DESTINATION|POOL|STATE|>PACKETS|>BYTES|>AGE");
	char buffer[WORDS_SIZE];
	size_t i;
	json_t *document;

	json_array_foreach (flows, i, document) {
		struct wire_flow flow;

		wire_flow_read(document, &flow);
		columns_add_text(columns, flow.sender);
		add_others(columns, &flow);
		columns_add_text(columns, flow.source);
		columns_add_text(columns, flow.address);
		columns_add_text(columns, flow.destination);
		columns_add_text(columns, flow.pool);
		columns_add_text(columns, flow.state);
		columns_add(columns, "%lld", flow.packets);
		columns_add(columns, "%lld", flow.bytes);
		columns_add(columns, "%s", words_duration(flow.age_sec, buffer));
	}
	columns_print(columns, out);
}

static char *flows_uri(const char *sender)
{
	_cleanup_(free_p) char *escaped = client_escape(sender ? sender : "");
	char *uri;

	if (!escaped || asprintf(&uri, "/v1/flows?limit=%d%s%s", API_FLOWS_MAX,
				 sender ? "&sender=" : "", escaped) < 0)
		return NULL;
	return uri;
}

int cli_flow_list(struct cli *cli, char **arguments, struct error *error)
{
	_cleanup_(free_p) char *uri = flows_uri(arguments[0]);
	json_t *flows;
	int code = cli_request(cli, API_GET, uri, NULL, &flows, error);

	if (code < 0)
		return code;
	if (json_array_size(flows) == API_FLOWS_MAX)
		fprintf(stderr, "postern: there may be more flows than the %d shown\n",
			API_FLOWS_MAX);
	return cli_show(cli, flows, cli_print_flows, error);
}

int cli_flow_cut(struct cli *cli, char **arguments, struct error *error)
{
	_cleanup_(free_p) char *uri = CLI_URI("senders", arguments[0], "flows");
	json_t *sender;
	int code = cli_cut_check(cli, error);

	if (code == 0)
		code = cli_request(cli, API_DELETE, uri, NULL, &sender, error);
	return code < 0 ? code : cli_cut_done(cli, arguments[0], sender, error);
}
