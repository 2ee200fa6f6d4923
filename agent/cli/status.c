/* SPDX-License-Identifier: BSD-2-Clause */
/* status: the whole on one screen. */
#include "cli/commands.h"

#include <errno.h>
#include <string.h>

#include "base/names.h"
#include "base/version.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/words.h"
#include "view/milter.h"

static void print_agent(const json_t *agent, FILE *out)
{
	char buffer[WORDS_SIZE];

	if (!json_is_true(json_object_get(agent, "running"))) {
		fputs("agent     not running\n", out);
		return;
	}
	fprintf(out, "agent     running as %s, pid %lld, for %s\n", words_string(agent, "user"),
		words_integer(agent, "pid"),
		words_duration(words_integer(agent, "uptime_sec"), buffer));
	fprintf(out, "state     %s\n", words_string(agent, "state"));
}

static void print_milter(const json_t *milter, FILE *out)
{
	if (!json_is_object(milter))
		return;
	if (json_is_true(json_object_get(milter, "running")))
		fprintf(out, "milter    running since %s\n", words_string(milter, "since"));
	else
		fputs("milter    NOT running, mail is not judged; run 'systemctl start "
		      "postern-milter'\n",
		      out);
}

static void print_interfaces(const json_t *interfaces, FILE *out)
{
	struct columns *columns = columns_new("INTERFACE|EGRESS|INGRESS");
	size_t i;
	json_t *interface;

	json_array_foreach (interfaces, i, interface) {
		columns_add(columns, "%s", words_string(interface, "name"));
		columns_add(columns, "%s", words_string(interface, "egress"));
		columns_add(columns, "%s", words_string(interface, "ingress"));
	}
	fputc('\n', out);
	columns_print(columns, out);
}

static void add_pool(struct columns *columns, const json_t *pool)
{
	const json_t *addresses = json_object_get(pool, "addresses");
	unsigned active = 0;
	long long flows = 0;
	size_t i;
	json_t *address;

	json_array_foreach (addresses, i, address) {
		active += strcmp(words_string(address, "state"), "active") == 0;
		flows += words_integer(address, "flows");
	}
	columns_add(columns, "%s", words_string(pool, "name"));
	columns_add(columns, "%s", words_string(pool, "state"));
	columns_add(columns, "%u of %zu", active, json_array_size(addresses));
	columns_add(columns, "%lld", flows);
}

static void print_pools(const json_t *pools, FILE *out)
{
	struct columns *columns = columns_new("POOL|STATE|>ACTIVE ADDRESSES|>FLOWS");
	size_t i;
	json_t *pool;

	json_array_foreach (pools, i, pool) {
		add_pool(columns, pool);
	}
	fputc('\n', out);
	columns_print(columns, out);
}

static void print_counters(const json_t *counters, FILE *out)
{
	struct columns *columns = columns_new("COUNTER|>VALUE|MEANING");
	bool any = false;

	for (enum counter counter = 0; counter < COUNTERS; counter++) {
		long long value = words_integer(counters, counter_name(counter));

		if (!value)
			continue;
		any = true;
		columns_add(columns, "%s", counter_name(counter));
		columns_add(columns, "%lld", value);
		columns_add(columns, "%s", counter_help(counter));
	}
	if (!any) {
		columns_add(columns, "%s", "");
		columns_add(columns, "%d", 0);
		columns_add(columns, "%s", "nothing was counted yet");
	}
	fputc('\n', out);
	columns_print(columns, out);
}

static void print_errors(const json_t *errors, FILE *out)
{
	struct columns *columns;
	char buffer[WORDS_SIZE];
	size_t i;
	json_t *recent;

	if (json_array_size(errors) == 0)
		return;
	columns = columns_new(">AGE|>TIMES|SENDER|POOL|SOURCE|DESTINATION|LAST ERRORS");
	json_array_foreach (errors, i, recent) {
		columns_add(columns, "%s",
			    words_duration(words_integer(recent, "age_sec"), buffer));
		columns_add(columns, "%lld", words_integer(recent, "count"));
		columns_add(columns, "%s", words_string(recent, "sender"));
		columns_add(columns, "%s", words_string(recent, "pool"));
		columns_add(columns, "%s", words_string(recent, "source"));
		columns_add(columns, "%s", words_string(recent, "destination"));
		columns_add(columns, "%s", words_string(recent, "text"));
	}
	fputc('\n', out);
	columns_print(columns, out);
}

static const char *datapath_text(const json_t *datapath)
{
	if (json_is_true(json_object_get(datapath, "held")))
		return "HOLDS all steered traffic, as an 'up' was interrupted; run 'postern up'";
	if (!json_is_true(json_object_get(datapath, "attached")))
		return "up, but NOT attached everywhere";
	return "attached";
}

void cli_print_status(const json_t *status, FILE *out)
{
	const json_t *datapath = json_object_get(status, "datapath");
	const json_t *agent = json_object_get(status, "agent");
	const json_t *milter = json_object_get(status, "milter");
	const json_t *counters = json_object_get(datapath, "counters");

	fprintf(out, "postern   %s\n", words_string(status, "version"));
	if (!counters) {
		fputs("datapath  not up; run 'postern up'\n", out);
		print_agent(agent, out);
		print_milter(milter, out);
		return;
	}
	fprintf(out, "datapath  %s\n", datapath_text(datapath));
	fprintf(out, "flows     %lld of %lld\n", words_integer(datapath, "flows"),
		words_integer(datapath, "flows_max"));
	print_agent(agent, out);
	print_milter(milter, out);
	print_interfaces(json_object_get(datapath, "interfaces"), out);
	print_pools(json_object_get(status, "pools"), out);
	print_counters(counters, out);
	print_errors(json_object_get(agent, "errors"), out);
}

/* Nothing being up is a status, too. */
static json_t *nothing_up(const struct config *config)
{
	return json_pack("{s:s, s:{s:b}, s:{s:b}, s:o, s:[]}", "version", version(), "datapath",
			 "attached", 0, "agent", "running", 0, "milter", view_milter(config),
			 "pools");
}

int cli_status(struct cli *cli, char **arguments, struct error *error)
{
	json_t *status;
	int code = cli_request(cli, API_GET, "/v1/status", NULL, &status, error);

	(void)arguments;
	if (code < 0 && code != -ENXIO)
		return code;
	return cli_show(cli, code < 0 ? nothing_up(cli->config) : status, cli_print_status, error);
}
