/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the configuration, one by one or all with headings. */
#include "mta/exim.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "config/config.h"
#include "mta/exim_macros.h"
#include "mta/exim_transports.h"
#include "mta/template.h"

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

/* ---- all of it */

static void print_part(const struct lane_set *lanes, enum exim_part part, FILE *out)
{
	switch (part) {
	case EXIM_MAIN:
		exim_macros_print(lanes, out);
		break;
	case EXIM_ACL:
		fputs(template_exim_acl, out);
		break;
	case EXIM_ROUTERS:
		fputs(template_exim_routers, out);
		break;
	case EXIM_TRANSPORTS:
		exim_transports_print(lanes, out);
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

/* High-risk mail needs a lane, and all other mail needs another one. */
static int check_lanes(const struct lane_set *lanes, struct error *error)
{
	const struct config_pool *pools = lanes->config->pools;

	for (size_t i = 0; i < 2; i++) {
		size_t count;

		if (!lane_of_pool(lanes, &pools[i], &count))
			return error_set(
				error, -EINVAL,
				"pool '%s' has no lane: found no handle in a family of its "
				"addresses, expected one",
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
