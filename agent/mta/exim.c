/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints Exim configuration: routers and transports, and the parts as a whole. */
#include "mta/exim.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "config/config.h"

static const char *const part_names[EXIM_PARTS] = {
	[EXIM_MAIN] = "main",
	[EXIM_ACL] = "acl",
	[EXIM_ROUTERS] = "routers",
	[EXIM_TRANSPORTS] = "transports",
};

static const char *const part_places[EXIM_PARTS] = {
	[EXIM_MAIN] = "before the first \"begin\"",
	[EXIM_ACL] = "after \"begin acl\"",
	[EXIM_ROUTERS] = "after \"begin routers\", before the others",
	[EXIM_TRANSPORTS] = "after \"begin transports\"",
};

const char *exim_part_name(enum exim_part part)
{
	return part_names[part];
}

/* ---- transports */

static void fold_name(const char *name, char ret[EXIM_TRANSPORT_SIZE])
{
	size_t i;

	for (i = 0; i < EXIM_TRANSPORT_SIZE - 1 && name[i]; i++)
		ret[i] = (char)(isalnum((unsigned char)name[i]) ? name[i] : '_');
	ret[i] = '\0';
}

/* Two lanes may look alike once folded: the later one has its index in front, as no other has. */
const char *exim_transport(const struct lane_set *lanes, size_t index,
			   char ret_name[EXIM_TRANSPORT_SIZE])
{
	char other[EXIM_TRANSPORT_SIZE], folded[EXIM_TRANSPORT_SIZE];
	size_t i = 0;

	fold_name(lanes->lanes[index].name, folded);
	for (; i < index; i++) {
		fold_name(lanes->lanes[i].name, other);
		if (strcmp(other, folded) == 0)
			break;
	}
	if (i == index)
		snprintf(ret_name, EXIM_TRANSPORT_SIZE, "%s", folded);
	else
		snprintf(ret_name, EXIM_TRANSPORT_SIZE, "postern%zu_%.32s", index,
			 folded + strlen(LANE_PREFIX));
	return ret_name;
}

/*
 * From these nothing can be sent (Linux: connect() and bind() say EINVAL). Not ::1: the kernel lets a
 * connection from there leave.
 */
#define NOWHERE_IPV4 "127.0.0.1"
#define NOWHERE_IPV6 "ff00::"

static void print_transport(const struct lane_set *lanes, size_t index, FILE *out)
{
	const struct lane *lane = &lanes->lanes[index];
	char name[EXIM_TRANSPORT_SIZE], ipv4[ADDRESS_TEXT_SIZE], ipv6[ADDRESS_TEXT_SIZE];

	fprintf(out, "\n%s:\n  driver = smtp\n", exim_transport(lanes, index, name));
	fprintf(out, "  interface = <; %s ; %s\n",
		lane->ipv4 ? address_format(lane->ipv4, ipv4) : NOWHERE_IPV4,
		lane->ipv6 ? address_format(lane->ipv6, ipv6) : NOWHERE_IPV6);
	if (lane->helo)
		fprintf(out, "  helo_data = %s\n", lane->helo);
	fputs(".ifdef POSTERN_SMTP\n.include POSTERN_SMTP\n.endif\n", out);
}

static void print_transports(const struct lane_set *lanes, FILE *out)
{
	const struct config *config = lanes->config;

	fputs("# Postern: one transport for each lane. What all of them are to have besides (DKIM, "
	      "TLS)\n"
	      "# goes into a file that is named in front of main: POSTERN_SMTP = "
	      "/etc/exim4/lanes\n",
	      out);
	for (size_t i = 0; i < lanes->n_lanes; i++)
		print_transport(lanes, i, out);
	for (size_t i = 0; i < config->n_pools; i++) {
		size_t count;

		if (!lane_of_pool(lanes, &config->pools[i], &count))
			fprintf(out,
				"\n# No lane for pool %s: it has no handle of a family that it has "
				"addresses of.\n# Mail of it waits in the queue.\n",
				config->pools[i].name);
	}
}

/* ---- routers */

/* Not for verification: cutthrough delivery, which would deliver before there is a decision, and
 * callouts take the high-risk lane by that. */
static void print_routers(FILE *out)
{
	fputs("# Postern: which lane. These come before all routers to other hosts.\n"
	      "\n"
	      "# Before there is a decision (cutthrough_delivery, callouts) it is the high-risk "
	      "one.\n"
	      "postern_lane:\n"
	      "  driver = redirect\n"
	      "  domains = ! +local_domains\n"
	      "  no_verify\n"
	      "  set = r_postern_lane = POSTERN_CHOSEN\n"
	      "  allow_defer\n"
	      "  data = ${if inlist{$r_postern_lane}{POSTERN_KNOWN}{}\\\n"
	      "    {:defer: no lane ${quote:$r_postern_lane}: held, not judged, or see "
	      "postern mta exim}}\n"
	      "\n"
	      "# Where a smarthost takes the mail, your own router takes the place of this one.\n"
	      "postern:\n"
	      "  driver = dnslookup\n"
	      "  domains = ! +local_domains\n"
	      "  ignore_target_hosts = <; 0.0.0.0 ; 127.0.0.0/8 ; ::1 POSTERN_FAMILIES\n"
	      "  transport = POSTERN_TRANSPORT\n"
	      "  no_more\n",
	      out);
}

/* ---- all of it */

static void print_part(const struct lane_set *lanes, enum exim_part part, FILE *out)
{
	switch (part) {
	case EXIM_MAIN:
		exim_print_macros(lanes, out);
		break;
	case EXIM_ACL:
		exim_print_acl(out);
		break;
	case EXIM_ROUTERS:
		print_routers(out);
		break;
	case EXIM_TRANSPORTS:
		print_transports(lanes, out);
		break;
	case EXIM_PARTS:
		break;
	}
}

static void print_all(const struct lane_set *lanes, FILE *out)
{
	for (enum exim_part part = 0; part < EXIM_PARTS; part++) {
		fprintf(out, "%s# ---- to be included %s (postern mta exim %s)\n\n",
			part ? "\n" : "", part_places[part], part_names[part]);
		print_part(lanes, part, out);
	}
}

/* There must be somewhere to go for high-risk mail, and somewhere else for the other. */
static int check_lanes(const struct lane_set *lanes, struct error *error)
{
	const struct config_pool *pools = lanes->config->pools;

	for (size_t i = 0; i < 2; i++) {
		size_t count;

		if (!lane_of_pool(lanes, &pools[i], &count))
			return error_set(error, -EINVAL,
					 "pool '%s' has no lane: found no handle of a family that "
					 "it has addresses of, expected one",
					 pools[i].name);
	}
	return 0;
}

int exim_print(const struct config *config, enum exim_part part, FILE *out, struct error *error)
{
	struct lane_set lanes;
	int r = lane_set_init(&lanes, config);

	if (r < 0)
		return error_set(error, r, "out of memory");
	r = check_lanes(&lanes, error);
	if (r == 0 && part == EXIM_ALL)
		print_all(&lanes, out);
	else if (r == 0)
		print_part(&lanes, part, out);
	lane_set_done(&lanes);
	if (r == 0 && (fflush(out) != 0 || ferror(out)))
		r = error_set(error, -EIO, "standard output: %s", strerror(errno));
	return r;
}
