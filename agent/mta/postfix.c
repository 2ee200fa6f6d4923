/* SPDX-License-Identifier: BSD-2-Clause */
/* The values of mta/postfix/master and mta/postfix/main. Nothing installs them. */
#include "mta/postfix.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "config/config.h"
#include "mta/headers.h"
#include "mta/lookup.h"
#include "mta/template.h"
#include "pool/lane.h"

/* The working directory of Postfix's processes, chrooted or not. */
#define QUEUE_DIRECTORY "/var/spool/postfix/"

/* "unix:PATH", relative if below the queue directory, or "inet:HOST:PORT". */
static void print_socket(const struct config_socket *socket, FILE *out)
{
	char endpoint[ENDPOINT_TEXT_SIZE];
	const char *path = socket->path;

	if (!path)
		fprintf(out, "inet:%s", endpoint_format(&socket->address, socket->port, endpoint));
	else if (strncmp(path, QUEUE_DIRECTORY, strlen(QUEUE_DIRECTORY)) == 0)
		fprintf(out, "unix:%s", path + strlen(QUEUE_DIRECTORY));
	else
		fprintf(out, "unix:%s", path);
}

/* ---- master.cf */

/*
 * smtp(8) resolves every entry of inet_interfaces in the remaining family and exits if one fails,
 * as 127.0.0.1 does for a lane of IPv6 only. So the entry is the lane's own address.
 */
static void print_single_family(const struct lane *lane, FILE *out)
{
	char text[ADDRESS_TEXT_SIZE];

	fprintf(out, "  -o inet_protocols=%s\n", lane->ipv4 ? "ipv4" : "ipv6");
	fprintf(out, "  -o inet_interfaces=%s\n",
		address_format(lane->ipv4 ? lane->ipv4 : lane->ipv6, text));
}

static void print_lane(const struct lane *lane, FILE *out)
{
	char text[ADDRESS_TEXT_SIZE];

	fprintf(out, "%s unix - - n - - smtp\n", lane->name);
	if (lane->ipv4)
		fprintf(out, "  -o smtp_bind_address=%s\n", address_format(lane->ipv4, text));
	if (lane->ipv6)
		fprintf(out, "  -o smtp_bind_address6=%s\n", address_format(lane->ipv6, text));
	if (!lane->ipv4 || !lane->ipv6)
		print_single_family(lane, out);
	/* Else a failed bind is only a warning, and the mail leaves by any pool. */
	fprintf(out, "  -o smtp_bind_address_enforce=yes\n");
	if (lane->helo)
		fprintf(out, "  -o smtp_helo_name=%s\n", lane->helo);
	fprintf(out, "  -o { smtp_header_checks = regexp:{ {/^" HEADERS_PREFIX "/ IGNORE} } }\n");
	/* Also in the message that a bounce of Postfix returns. */
	fprintf(out, "  -o { smtp_nested_header_checks = $smtp_header_checks }\n");
	fprintf(out, "  -o syslog_name=postfix/%s\n", lane->name);
}

static void print_lanes(const struct lane_set *lanes, FILE *out)
{
	const struct config *config = lanes->config;

	for (size_t i = 0; i < config->n_pools; i++) {
		size_t count;
		const struct lane *lane = lane_of_pool(lanes, &config->pools[i], &count);

		for (size_t j = 0; j < count; j++)
			print_lane(&lane[j], out);
		if (count == 0)
			fprintf(out,
				"# No lane for pool %s: no handle in a family of its addresses.\n",
				config->pools[i].name);
	}
}

static void print_lane_unit(const struct lane_set *lanes, FILE *out)
{
	fputs(lanes->config->mail.lanes == CONFIG_LANES_ADDRESS ? "address" : "pool", out);
}

static void print_socketmap(const struct lane_set *lanes, FILE *out)
{
	print_socket(&lanes->config->mail.socketmap, out);
}

static void print_master(const struct lane_set *lanes, FILE *out)
{
	static const struct template_value values[] = {
		{"lane_unit", print_lane_unit},
		{"lanes", print_lanes},
		{"socketmap", print_socketmap},
	};

	template_print(template_postfix_master, values, 3, lanes, out);
}

/* ---- main.cf */

static void print_normal(const struct lane_set *lanes, FILE *out)
{
	fputs(lanes->config->pools[0].name, out);
}

static const struct lane *normal_lane(const struct lane_set *lanes)
{
	size_t count;

	return lane_of_pool(lanes, &lanes->config->pools[0], &count);
}

static void print_normal_lane(const struct lane_set *lanes, FILE *out)
{
	fputs(normal_lane(lanes)->name, out);
}

static void print_default_transport(const struct lane_set *lanes, FILE *out)
{
	static const struct template_value values[] = {
		{"normal", print_normal},
		{"normal_lane", print_normal_lane},
	};

	if (normal_lane(lanes))
		template_print(template_postfix_default, values, 2, lanes, out);
	else
		fprintf(out, "# Pool %s has no lane: default_transport stays unchanged.\n",
			lanes->config->pools[0].name);
}

static bool is_deferred(const struct lane_set *lanes)
{
	return lanes->config->mail.on_agent_down == CONFIG_ON_AGENT_DOWN_DEFER;
}

static void print_on_agent_down(const struct lane_set *lanes, FILE *out)
{
	fputs(is_deferred(lanes) ? "defer" : "accept", out);
}

/* The default action is this milter's own: other milters keep theirs. */
static void print_default_action(const struct lane_set *lanes, FILE *out)
{
	fputs(is_deferred(lanes) ? "tempfail" : "accept", out);
}

static void print_milter(const struct lane_set *lanes, FILE *out)
{
	print_socket(&lanes->config->mail.milter, out);
}

/* Names of lanes and pools have no other special characters. */
static void print_pattern(const char *name, FILE *out)
{
	for (; *name; name++)
		fprintf(out, strchr(".+", *name) ? "\\%c" : "%c", *name);
}

/* main.cf expands '$', so it is doubled. */
static void print_filter(const char *header, const char *value, FILE *out)
{
	fprintf(out, " {/^%s:[[:space:]]*", header);
	print_pattern(value, out);
	fprintf(out, "[[:space:]]*$$/ FILTER ");
}

static void print_filters_of(const struct lane_set *lanes, const struct config_pool *pool,
			     FILE *out)
{
	size_t count;
	const struct lane *lane = lane_of_pool(lanes, pool, &count);

	for (size_t i = 0; i < count; i++) {
		print_filter(HEADERS_LANE, lane[i].name, out);
		/* Without a next hop, FILTER would ignore relayhost. */
		fprintf(out, "%s:$relayhost}", lane[i].name);
	}
	if (count == 0) {
		print_filter(HEADERS_POOL, pool->name, out);
		fprintf(out, LOOKUP_RETRY LOOKUP_NO_LANE "}", pool->name);
	}
}

/* milter_header_checks sees only headers added by a milter: a received header never matches. */
static void print_filters(const struct lane_set *lanes, FILE *out)
{
	for (size_t i = 1; i < lanes->config->n_pools; i++)
		print_filters_of(lanes, &lanes->config->pools[i], out);
}

static void print_main(const struct lane_set *lanes, FILE *out)
{
	static const struct template_value values[] = {
		{"default_transport", print_default_transport},
		{"on_agent_down", print_on_agent_down},
		{"milter", print_milter},
		{"default_action", print_default_action},
		{"normal", print_normal},
		{"filters", print_filters},
	};

	template_print(template_postfix_main, values, sizeof(values) / sizeof(values[0]), lanes,
		       out);
}

int postfix_print(const struct config *config, enum postfix_part part, FILE *out)
{
	struct lane_set lanes;
	int r = lane_set_init(&lanes, config);

	if (r < 0)
		return r;
	if (part == POSTFIX_ALL)
		fprintf(out, "# ---- to be appended to master.cf (postern mta postfix master)\n\n");
	if (part != POSTFIX_MAIN)
		print_master(&lanes, out);
	if (part == POSTFIX_ALL)
		fprintf(out, "\n# ---- to be appended to main.cf (postern mta postfix main)\n\n");
	if (part != POSTFIX_MASTER)
		print_main(&lanes, out);
	lane_set_done(&lanes);
	return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}
