/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints Postfix configuration: master.cf(5), postconf(5). Installing it is left to people. */
#include "mta/postfix.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "config/config.h"
#include "mta/headers.h"
#include "mta/lookup.h"
#include "pool/lane.h"

/* What Postfix's processes have as their directory, chrooted or not. */
#define QUEUE_DIRECTORY "/var/spool/postfix/"

/* Resolves addresses for the queue manager. No lane's name begins like this. */
#define REWRITE "rewrite-postern"

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

static void print_lanes(const struct lane_set *lanes, FILE *out)
{
	const struct config *config = lanes->config;

	fprintf(out,
		"# Postern: one lane for each %s; smtp_bind_address_enforce needs Postfix 3.7.\n",
		config->mail.lanes == CONFIG_LANES_ADDRESS ? "address" : "pool");
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

/* Not chrooted, so that it finds the socket anywhere. */
static void print_rewrite(const struct config_mail *mail, FILE *out)
{
	fprintf(out,
		"# Which lane a sender's mail takes is asked of the agent whenever it is "
		"delivered, so\n"
		"# that what is queued follows a changed verdict. Bounces (the null sender), "
		"Postfix's\n"
		"# own included, take the lane of pool high-risk. While the agent is away mail "
		"waits.\n"
		"%s unix - - n - - trivial-rewrite\n"
		"  -o sender_dependent_default_transport_maps=socketmap:",
		REWRITE);
	print_socket(&mail->socketmap, out);
	fprintf(out, ":lane\n");
}

static void print_master(const struct lane_set *lanes, FILE *out)
{
	print_lanes(lanes, out);
	print_rewrite(&lanes->config->mail, out);
}

/* ---- main.cf */

/* Where nobody else has a say. */
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
		"# Mail to other hosts takes a lane of pool %s, unless the agent names another. "
		"A\n"
		"# relayhost stays the next hop; transport_maps and relay_transport (for "
		"relay_domains)\n"
		"# go their own ways.\n"
		"default_transport = %s:\n",
		normal->name, lane->name);
}

/* smtpd(8) must not ask: see lookup.h. */
static void print_rewrite_service(FILE *out)
{
	fprintf(out,
		"# The queue manager asks for the lane of a sender (master.cf), and nobody else: "
		"mail\n"
		"# comes in while the agent is away.\n"
		"rewrite_service_name = ${{$process_name} == {qmgr} ? {%s} : {rewrite}}\n",
		REWRITE);
}

/* The default action is this milter's own: what others say of theirs stays. */
static void print_milter(const struct config_mail *mail, FILE *out)
{
	bool defer = mail->on_agent_down == CONFIG_ON_AGENT_DOWN_DEFER;

	fprintf(out,
		"# Each message is judged when it comes in. Where other milters are set already, "
		"this\n"
		"# one comes behind them, to see what scanners have found: smtpd_milters = OTHERS, "
		"{ …\n"
		"# default_action is what on_agent_down = \"%s\" says.\n"
		"smtpd_milters = { ",
		defer ? "defer" : "accept");
	print_socket(&mail->milter, out);
	fprintf(out,
		", default_action=%s }\n"
		"non_smtpd_milters = $smtpd_milters\n",
		defer ? "tempfail" : "accept");
}

/* Names are literal but for these (base/config: names of pools; addresses). */
static void print_pattern(const char *name, FILE *out)
{
	for (; *name; name++)
		fprintf(out, strchr(".+", *name) ? "\\%c" : "%c", *name);
}

/* '$' stands twice, as in any value of main.cf. */
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
		/* Without a next hop it is the recipient's host, whatever relayhost says. */
		fprintf(out, "%s:$relayhost}", lane[i].name);
	}
	if (count == 0) {
		print_filter(HEADERS_POOL, pool->name, out);
		fprintf(out, LOOKUP_RETRY LOOKUP_NO_LANE "}", pool->name);
	}
}

/* Only headers that a milter adds are looked at, so that none that came in counts. */
static void print_filters(const struct lane_set *lanes, FILE *out)
{
	const struct config *config = lanes->config;

	fprintf(out,
		"# What was decided for another pool than %s keeps its lane, whatever is decided\n"
		"# later, for all of its recipients, those on this host and of transport_maps "
		"included.\n"
		"milter_header_checks = regexp:{",
		config->pools[0].name);
	for (size_t i = 1; i < config->n_pools; i++)
		print_filters_of(lanes, &config->pools[i], out);
	fprintf(out, " }\n");
}

static void print_main(const struct lane_set *lanes, FILE *out)
{
	fprintf(out, "# Postern: which mail takes which lane.\n");
	print_default(lanes, out);
	print_rewrite_service(out);
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
