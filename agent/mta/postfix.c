/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints Postfix configuration: master.cf(5), postconf(5). Installing it is left to people. */
#include "mta/postfix.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "config/config.h"
#include "mta/headers.h"
#include "pool/lane.h"

/* What Postfix's processes have as their directory, chrooted or not. */
#define QUEUE_DIRECTORY "/var/spool/postfix/"

/* ---- master.cf */

/*
 * smtp(8) looks up all of inet_interfaces in the family that is left and ends if one is not found
 * (127.0.0.1 of a lane that does IPv6 only): so the lane's address stands there instead.
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
	/* Without it a bind that fails is a warning, and the mail leaves by any pool. */
	fprintf(out, "  -o smtp_bind_address_enforce=yes\n");
	if (lane->helo)
		fprintf(out, "  -o smtp_helo_name=%s\n", lane->helo);
	fprintf(out, "  -o { smtp_header_checks = regexp:{ {/^" HEADERS_PREFIX "/ IGNORE} } }\n");
	/* Those of the message that a bounce of Postfix returns, too. */
	fprintf(out, "  -o { smtp_nested_header_checks = $smtp_header_checks }\n");
	fprintf(out, "  -o syslog_name=postfix/%s\n", lane->name);
}

static void print_master(const struct lane_set *lanes, FILE *out)
{
	const struct config *config = lanes->config;

	fprintf(out, "# Postern: one lane for each pool; smtp_bind_address_enforce needs Postfix "
		     "3.7.\n");
	for (size_t i = 0; i < config->n_pools; i++) {
		size_t count;
		const struct lane *lane = lane_of_pool(lanes, &config->pools[i], &count);

		for (size_t j = 0; j < count; j++)
			print_lane(&lane[j], out);
		if (count == 0)
			fprintf(out,
				"# No lane for pool %s: it has no handle of a family that it has "
				"addresses of.\n",
				config->pools[i].name);
	}
}

/* ---- main.cf */

static void print_default(const struct lane_set *lanes, FILE *out)
{
	const struct config_pool *normal = &lanes->config->pools[0];
	size_t count;
	const struct lane *lane = lane_of_pool(lanes, normal, &count);

	if (!lane) {
		fprintf(out, "# Pool %s has no lane: default_transport stays what it is.\n",
			normal->name);
		return;
	}
	fprintf(out,
		"# Mail to other hosts takes the lane of pool %s. A relayhost stays the next hop;\n"
		"# transport_maps and relay_transport (for relay_domains) go their own ways.\n"
		"default_transport = %s:\n",
		normal->name, lane->name);
}

static void print_high_risk(const struct lane_set *lanes, FILE *out)
{
	const struct config_pool *high_risk = &lanes->config->pools[1];
	const char *name = high_risk->name;
	size_t count;
	const struct lane *lane = lane_of_pool(lanes, high_risk, &count);

	if (!lane) {
		fprintf(out, "# Pool %s has no lane: bounces go with everything else.\n", name);
		return;
	}
	fprintf(out,
		"# Bounces (<> is the null sender) take the lane of pool %s. Other senders by "
		"address\n"
		"# or @domain; where the parameter is set already, add to it what stands here:\n"
		"# sender_dependent_default_transport_maps = inline:{ { <> = %s: }, "
		"{ @news.example.net = %s: } }\n"
		"sender_dependent_default_transport_maps = inline:{ { <> = %s: } }\n",
		name, lane->name, lane->name, lane->name);
}

/* "unix:PATH", relative to the queue directory where it lies below it; or "inet:HOST:PORT". */
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

/* The default action is this milter's own: what others say of theirs stays. */
static void print_milter(const struct config_mail *mail, FILE *out)
{
	fprintf(out,
		"# Each message is judged when it comes in. Where other milters are set already, "
		"this\n"
		"# one comes behind them, to see what scanners have found: smtpd_milters = OTHERS, "
		"{ …\n"
		"# default_action is what on_agent_down = \"%s\" says.\n"
		"smtpd_milters = { ",
		mail->on_agent_down == CONFIG_ON_AGENT_DOWN_DEFER ? "defer" : "accept");
	print_socket(&mail->milter, out);
	fprintf(out,
		", default_action=%s }\n"
		"non_smtpd_milters = $smtpd_milters\n",
		mail->on_agent_down == CONFIG_ON_AGENT_DOWN_DEFER ? "tempfail" : "accept");
}

/* Names are literal but for these (base/config: names of pools; addresses). */
static void print_pattern(const char *name, FILE *out)
{
	for (; *name; name++)
		fprintf(out, strchr(".+", *name) ? "\\%c" : "%c", *name);
}

/*
 * Only headers that a milter adds are looked at, so that none that came in counts. '$' stands twice, as
 * in any value of main.cf.
 */
static void print_filters(const struct lane_set *lanes, FILE *out)
{
	size_t count;

	lane_of_pool(lanes, &lanes->config->pools[0], &count);
	if (lanes->n_lanes == count)
		return;
	fprintf(out,
		"# What was decided for another pool than %s keeps its lane, whatever is decided\n"
		"# later, for all of its recipients, those on this host included.\n"
		"milter_header_checks = regexp:{",
		lanes->config->pools[0].name);
	for (size_t i = 0; i < lanes->n_lanes; i++) {
		const struct lane *lane = &lanes->lanes[i];

		if (lane->pool->id == POOL_NORMAL)
			continue;
		fprintf(out, " {/^" HEADERS_LANE ":[[:space:]]*");
		print_pattern(lane->name, out);
		fprintf(out, "[[:space:]]*$$/ FILTER %s:}", lane->name);
	}
	fprintf(out, " }\n");
}

static void print_main(const struct lane_set *lanes, FILE *out)
{
	fprintf(out, "# Postern: which mail takes which lane.\n");
	print_default(lanes, out);
	print_high_risk(lanes, out);
	print_milter(&lanes->config->mail, out);
	print_filters(lanes, out);
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
