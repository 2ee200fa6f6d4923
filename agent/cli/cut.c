/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets are compared with flows as text: the API gives the ends of a flow as text. */
#include "cli/cut.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/client.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cli/cli.h"
#include "netlink/sockdiag.h"
#include "wire/flow.h"

/* "source destination", both by endpoint_format(). */
#define ENDS_SIZE (2 * ENDPOINT_TEXT_SIZE)

struct ends {
	char text[ENDS_SIZE];
};

struct victims {
	struct ends *ends; /* sorted */
	size_t count;
};

int cli_cut_check(const struct cli *cli, struct error *error)
{
	if (cli->now && geteuid() != 0)
		return error_set(error, -EPERM,
				 "--now closes sockets and needs root; nothing was changed");
	return 0;
}

static int compare_ends(const void *a, const void *b)
{
	return strcmp(((const struct ends *)a)->text, ((const struct ends *)b)->text);
}

static bool is_victim(const void *data, const struct sockdiag_socket *socket)
{
	const struct victims *victims = data;
	char source[ENDPOINT_TEXT_SIZE], destination[ENDPOINT_TEXT_SIZE];
	struct ends ends;

	snprintf(ends.text, sizeof(ends.text), "%s %s",
		 endpoint_format(&socket->source, socket->source_port, source),
		 endpoint_format(&socket->destination, socket->destination_port, destination));
	return bsearch(&ends, victims->ends, victims->count, sizeof(ends), compare_ends);
}

/* Only cut flows: flows opened after the cut already follow the new verdict. */
static int take_victims(const json_t *flows, struct victims *ret_victims)
{
	struct victims victims = {
		.ends = calloc(json_array_size(flows) + 1, sizeof(*victims.ends))};
	json_t *document;
	size_t i;

	if (!victims.ends)
		return -ENOMEM;
	json_array_foreach (flows, i, document) {
		struct wire_flow flow;

		wire_flow_read(document, &flow);
		if (flow.cut && flow.source && flow.destination)
			snprintf(victims.ends[victims.count++].text, ENDS_SIZE, "%s %s",
				 flow.source, flow.destination);
	}
	qsort(victims.ends, victims.count, sizeof(*victims.ends), compare_ends);
	*ret_victims = victims;
	return 0;
}

static int close_sockets(const struct cli *cli, const char *sender, struct error *error)
{
	_cleanup_(free_p) char *escaped = client_escape(sender);
	_cleanup_(free_p) char *uri = NULL;
	struct victims victims = {NULL, 0};
	json_t *flows;
	size_t count;
	int code;

	if (!escaped || asprintf(&uri, "/v1/flows?limit=%d&sender=%s", API_FLOWS_MAX, escaped) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	code = cli_request(cli, API_GET, uri, NULL, &flows, error);
	if (code < 0)
		return code;
	if (json_array_size(flows) == API_FLOWS_MAX)
		fprintf(stderr,
			"postern: closing the sockets of %d flows; others end at their "
			"next packet\n",
			API_FLOWS_MAX);
	code = take_victims(flows, &victims);
	json_decref(flows);
	if (code < 0)
		return error_set(error, code, "out of memory");
	code = sockdiag_destroy(is_victim, &victims, &count, error);
	free(victims.ends);
	return code;
}

int cli_cut_done(const struct cli *cli, const char *sender, json_t *answer, struct error *error)
{
	int code = cli->now ? close_sockets(cli, sender, error) : 0;

	if (code == 0)
		return cli_show(cli, answer, NULL, error);
	json_decref(answer);
	return error_prefix(error, code, "the flows are cut and end at their next packet, but");
}
