/* SPDX-License-Identifier: BSD-2-Clause */
/* status: everything on one screen. */
#include "cli/commands.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/names.h"
#include "base/version.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/words.h"
#include "view/host.h"
#include "view/milter.h"
#include "wire/pool.h"
#include "wire/status.h"

#define WAIT_EVERY_MS 200

static void print_agent(const struct wire_agent *agent, FILE *out)
{
	char buffer[WORDS_SIZE];

	if (!agent->running) {
		fputs("agent     not running\n", out);
		return;
	}
	if (agent->hangs) {
		fputs("agent     running, but does NOT answer; run 'systemctl restart "
		      "postern-agent'\n",
		      out);
		return;
	}
	fprintf(out, "agent     running as %s, pid %lld, for %s\n", agent->user, agent->pid,
		words_duration(agent->uptime_sec, buffer));
	fprintf(out, "state     %s\n", agent->state);
	if (agent->mail_dns_unknown_since)
		fprintf(out,
			"mail DNS  NOT answered since %s, no-mail-dns matches nothing; see "
			"resolver in "
			"postern.conf(5)\n",
			agent->mail_dns_unknown_since);
}

static void print_process(const char *name, bool running, const char *since, const char *without,
			  FILE *out)
{
	if (running)
		fprintf(out, "%-9s running since %s\n", name, since ? since : "");
	else
		fprintf(out, "%-9s NOT running, %s\n", name, without);
}

static void print_milter(const json_t *document, FILE *out)
{
	struct wire_milter milter;

	wire_milter_read(document, &milter);
	if (document)
		print_process("milter", milter.running, milter.since,
			      "mail is not judged; run 'systemctl start postern-milter'", out);
}

static void print_guard(const json_t *document, FILE *out)
{
	struct wire_guard guard;

	wire_guard_read(document, &guard);
	if (document)
		print_process("guard", guard.running, guard.since,
			      "what the host loses stays lost; run 'systemctl start postern'", out);
}

static void print_hold(const json_t *document, FILE *out)
{
	struct wire_hold hold;

	wire_hold_read(document, &hold);
	if (hold.host)
		fputs("hold      HOLDS all mail of this host until 'postern up' succeeds\n", out);
	if (hold.connections || hold.packets || hold.forwarded)
		fprintf(out,
			"held      refused connections %lld, local packets %lld, forwarded SYNs "
			"%lld\n",
			hold.connections, hold.packets, hold.forwarded);
}

static void print_interfaces(const json_t *interfaces, FILE *out)
{
	struct columns *columns = columns_new("INTERFACE|EGRESS|INGRESS");
	size_t i;
	json_t *document;

	json_array_foreach (interfaces, i, document) {
		struct wire_interface interface;

		wire_interface_read(document, &interface);
		columns_add_text(columns, interface.name);
		columns_add_text(columns, interface.egress);
		columns_add_text(columns, interface.ingress);
	}
	fputc('\n', out);
	columns_print(columns, out);
}

static void add_part(struct columns *columns, const struct wire_part *part)
{
	char buffer[WORDS_SIZE];

	columns_add_text(columns, part->kind);
	columns_add_text(columns, part->name);
	columns_add_text(columns, part->state);
	columns_add_text(columns, part->held ? "held" : NULL);
	columns_add(columns, "%lld", part->put_back);
	columns_add(columns, "%s",
		    part->again_sec < 0 ? "" : words_duration(part->again_sec, buffer));
	columns_add(columns, "%s", words_duration(part->age_sec, buffer));
	columns_add_text(columns, part->cause);
}

/* Interfaces always; addresses and handles that are not as they should be, or leave. */
static bool is_shown(const struct wire_part *part)
{
	return !part->state || strcmp(part->state, "present") != 0 || !part->kind ||
	       strcmp(part->kind, "interface") == 0;
}

static void print_host(const json_t *host, FILE *out)
{
	struct columns *columns = NULL;
	size_t i;
	json_t *document;

	json_array_foreach (host, i, document) {
		struct wire_part part;

		wire_part_read(document, &part);
		if (!is_shown(&part))
			continue;
		if (!columns)
			columns = columns_new("PART|NAME|STATE|MAIL|>PUT BACK|>TRIED AGAIN IN|"
					      ">SINCE|LAST LOSS");
		add_part(columns, &part);
	}
	if (!columns)
		return;
	fputc('\n', out);
	columns_print(columns, out);
}

static void add_pool(struct columns *columns, const json_t *document)
{
	struct wire_pool pool;
	long long flows = 0;
	unsigned active = 0;
	size_t i;
	json_t *part;

	wire_pool_read(document, &pool);
	json_array_foreach (pool.addresses, i, part) {
		struct wire_address address;

		wire_address_read(part, &address);
		active += address.state && strcmp(address.state, "active") == 0 && !address.held;
		flows += address.flows;
	}
	columns_add_text(columns, pool.name);
	columns_add_text(columns, pool.state);
	columns_add(columns, "%u of %zu", active, json_array_size(pool.addresses));
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
	json_t *document;

	if (json_array_size(errors) == 0)
		return;
	columns = columns_new(">AGE|>TIMES|SENDER|POOL|SOURCE|DESTINATION|LAST ERRORS");
	json_array_foreach (errors, i, document) {
		struct wire_recent recent;

		wire_recent_read(document, &recent);
		columns_add(columns, "%s", words_duration(recent.age_sec, buffer));
		columns_add(columns, "%lld", recent.count);
		columns_add_text(columns, recent.sender);
		columns_add_text(columns, recent.pool);
		columns_add_text(columns, recent.source);
		columns_add_text(columns, recent.destination);
		columns_add_text(columns, recent.text);
	}
	fputc('\n', out);
	columns_print(columns, out);
}

static void print_cgroups(const json_t *missing, FILE *out)
{
	size_t i;
	json_t *path;

	json_array_foreach (missing, i, path) {
		fprintf(out, "cgroup    '%s' does not exist now\n", json_string_value(path));
	}
}

static const char *datapath_text(const struct wire_datapath *datapath)
{
	if (datapath->held)
		return "HOLDS all steered traffic, as an 'up' was interrupted; run 'postern up'";
	return datapath->attached ? "attached" : "up, but NOT attached everywhere";
}

void cli_print_status(const json_t *document, FILE *out)
{
	struct wire_status status;
	struct wire_datapath datapath;
	struct wire_agent agent;

	wire_status_read(document, &status);
	wire_datapath_read(status.datapath, &datapath);
	wire_agent_read(status.agent, &agent);
	fprintf(out, "postern   %s\n", status.version);
	if (!datapath.counters) {
		fputs("datapath  not up; run 'postern up'\n", out);
		print_guard(status.guard, out);
		print_hold(status.hold, out);
		print_agent(&agent, out);
		print_milter(status.milter, out);
		return;
	}
	fprintf(out, "datapath  %s\n", datapath_text(&datapath));
	fprintf(out, "flows     %lld of %lld\n", datapath.flows, datapath.flows_max);
	print_guard(status.guard, out);
	print_hold(status.hold, out);
	print_agent(&agent, out);
	print_milter(status.milter, out);
	print_cgroups(datapath.cgroups_missing, out);
	print_interfaces(datapath.interfaces, out);
	print_host(status.host, out);
	print_pools(status.pools, out);
	print_counters(datapath.counters, out);
	print_errors(agent.errors, out);
}

static bool is_host_well(const json_t *host)
{
	size_t i;
	json_t *document;

	json_array_foreach (host, i, document) {
		struct wire_part part;

		wire_part_read(document, &part);
		if (!wire_part_is_well(&part))
			return false;
	}
	return true;
}

/* Every process that is to run does, nothing is missing, and all mail is steered. */
static bool is_well(const json_t *document)
{
	struct wire_status status;
	struct wire_datapath datapath;
	struct wire_agent agent;
	struct wire_milter milter;
	struct wire_guard guard;

	wire_status_read(document, &status);
	wire_datapath_read(status.datapath, &datapath);
	wire_guard_read(status.guard, &guard);
	wire_agent_read(status.agent, &agent);
	wire_milter_read(status.milter, &milter);
	return is_host_well(status.host) && (!status.guard || guard.running) && datapath.attached &&
	       !datapath.held && agent.running && !agent.hangs &&
	       (!status.milter || milter.running);
}

static int ask(const struct cli *cli, json_t **ret_status, struct error *error)
{
	int code = cli_request(cli, API_GET, "/v1/status", NULL, ret_status, error);

	if (code != -ENXIO)
		return code;
	*ret_status = wire_status_down_json(&(struct wire_status){
		.version = version(),
		.guard = view_guard(cli->config),
		.hold = view_hold(cli->config),
		.milter = view_milter(cli->config),
	});
	return 0;
}

/* --wait: until all is well, or the time is over. */
static int ask_until_well(const struct cli *cli, json_t **ret_status, struct error *error)
{
	const uint64_t until_ns = clock_monotonic_ns() + cli->wait_sec * NS_PER_SEC;
	int code = ask(cli, ret_status, error);

	while (code == 0 && !is_well(*ret_status) && clock_monotonic_ns() < until_ns) {
		poll(NULL, 0, WAIT_EVERY_MS);
		json_decref(*ret_status);
		code = ask(cli, ret_status, error);
	}
	return code;
}

int cli_status(struct cli *cli, char **arguments, struct error *error)
{
	json_t *status;
	bool well;
	int code = ask_until_well(cli, &status, error);

	(void)arguments;
	if (code < 0)
		return code;
	well = is_well(status);
	code = cli_show(cli, status, cli_print_status, error);
	return code < 0 || well ? code : CLI_NOT_WELL;
}
