/* SPDX-License-Identifier: BSD-2-Clause */
/* One transport per lane. */
#include "mta/exim_transports.h"

#include <ctype.h>
#include <string.h>

#include "config/config.h"
#include "mta/template.h"

static void fold_name(const char *name, char ret[EXIM_TRANSPORT_NAME_SIZE])
{
	size_t i;

	for (i = 0; i < EXIM_TRANSPORT_NAME_SIZE - 1 && name[i]; i++)
		ret[i] = (char)(isalnum((unsigned char)name[i]) ? name[i] : '_');
	ret[i] = '\0';
}

/* Two names may be equal once folded: the later one is prefixed by its index, which is unique. */
const char *exim_transport_name(const struct lane_set *lanes, size_t index,
				char ret_name[EXIM_TRANSPORT_NAME_SIZE])
{
	char other[EXIM_TRANSPORT_NAME_SIZE], folded[EXIM_TRANSPORT_NAME_SIZE];
	size_t i = 0;

	fold_name(lanes->lanes[index].name, folded);
	for (; i < index; i++) {
		fold_name(lanes->lanes[i].name, other);
		if (strcmp(other, folded) == 0)
			break;
	}
	if (i == index)
		snprintf(ret_name, EXIM_TRANSPORT_NAME_SIZE, "%s", folded);
	else
		snprintf(ret_name, EXIM_TRANSPORT_NAME_SIZE, "postern%zu_%.32s", index,
			 folded + strlen(LANE_PREFIX));
	return ret_name;
}

/*
 * Nothing can be sent from these sources: connect() and bind() fail with EINVAL on Linux. ::1
 * would not do: the kernel lets a connection from it leave.
 */
#define NOWHERE_IPV4 "127.0.0.1"
#define NOWHERE_IPV6 "ff00::"

static void print_transport(const struct lane_set *lanes, size_t index, FILE *out)
{
	const struct lane *lane = &lanes->lanes[index];
	char name[EXIM_TRANSPORT_NAME_SIZE], ipv4[ADDRESS_TEXT_SIZE], ipv6[ADDRESS_TEXT_SIZE];

	fprintf(out, "\n%s:\n  driver = smtp\n", exim_transport_name(lanes, index, name));
	fprintf(out, "  interface = <; %s ; %s\n",
		lane->ipv4 ? address_format(lane->ipv4, ipv4) : NOWHERE_IPV4,
		lane->ipv6 ? address_format(lane->ipv6, ipv6) : NOWHERE_IPV6);
	if (lane->helo)
		fprintf(out, "  helo_data = %s\n", lane->helo);
	fputs(".ifdef POSTERN_SMTP\n.include POSTERN_SMTP\n.endif\n", out);
}

static void print_each(const struct lane_set *lanes, FILE *out)
{
	for (size_t i = 0; i < lanes->n_lanes; i++)
		print_transport(lanes, i, out);
}

static void print_pools_without_lane(const struct lane_set *lanes, FILE *out)
{
	const struct config *config = lanes->config;

	for (size_t i = 0; i < config->n_pools; i++) {
		size_t count;

		if (!lane_of_pool(lanes, &config->pools[i], &count))
			fprintf(out,
				"\n# No lane for pool %s: no handle in a family of its addresses.\n"
				"# Its mail waits in the queue.\n",
				config->pools[i].name);
	}
}

void exim_transports_print(const struct lane_set *lanes, FILE *out)
{
	static const struct template_value values[] = {
		{"transports", print_each},
		{"pools_without_lane", print_pools_without_lane},
	};

	template_print(template_exim_transports, values, 2, lanes, out);
}
