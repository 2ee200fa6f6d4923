/* SPDX-License-Identifier: BSD-2-Clause */
/* Chooses sockets from the kernel's list and translates their TCP state into that of a flow. */
#include "host/adopt.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "config/config.h"
#include "datapath/adopt.h"
#include "netlink/sockdiag.h"

static bool is_steered_port(const struct config *config, uint16_t port)
{
	for (size_t i = 0; i < POSTERN_PORTS_MAX && config->ports[i]; i++)
		if (config->ports[i] == port)
			return true;
	return false;
}

static bool is_pool_address(const struct config *config, const struct address *address)
{
	for (size_t i = 0; i < config->n_pools; i++)
		for (size_t j = 0; j < config->pools[i].n_addresses; j++)
			if (address_equal(&config->pools[i].addresses[j].address, address))
				return true;
	return false;
}

/* The datapath sees an unanswered SYN when the kernel retransmits it. */
static bool is_wanted(const void *data, const struct sockdiag_socket *socket)
{
	return socket->state != TCP_SYN_SENT && socket->state != TCP_SYN_RECV &&
	       is_steered_port(data, socket->destination_port) &&
	       is_pool_address(data, &socket->source);
}

static struct adoption adoption_of(const struct sockdiag_socket *socket)
{
	const unsigned both = 1U << TCP_CLOSING | 1U << TCP_LAST_ACK | 1U << TCP_TIME_WAIT;
	const unsigned out = both | 1U << TCP_FIN_WAIT1 | 1U << TCP_FIN_WAIT2;
	const unsigned in = both | 1U << TCP_CLOSE_WAIT;
	struct adoption adoption = {
		.key = {.source_port = socket->source_port,
			.destination_port = socket->destination_port},
		.mark = socket->mark,
		.cgroup = socket->cgroup,
		.uid = socket->uid,
		.fin_out = out >> socket->state & 1,
		.fin_in = in >> socket->state & 1,
	};

	memcpy(adoption.key.source, socket->source.bytes, sizeof(adoption.key.source));
	memcpy(adoption.key.destination, socket->destination.bytes,
	       sizeof(adoption.key.destination));
	return adoption;
}

static int make_note(char **ret_note, size_t count, const char *why)
{
	if (asprintf(ret_note,
		     "the ports of %zu existing connection%s from pool addresses cannot be "
		     "reserved: "
		     "%s",
		     count, count == 1 ? "" : "s", why) < 0)
		return -ENOMEM;
	return 0;
}

static int adopt_all(const struct programs *programs, const struct sockdiag_socket *sockets,
		     size_t count, char **ret_note)
{
	size_t n_left = 0;
	int why = 0;

	for (size_t i = 0; i < count; i++) {
		const struct adoption adoption = adoption_of(&sockets[i]);
		int r = adopt_flow(programs, &adoption);

		if (!r || r == -EEXIST) /* -EEXIST: it has a flow already */
			continue;
		n_left++;
		why = r;
	}
	if (!n_left)
		return 0;
	return make_note(ret_note, n_left,
			 why == -EADDRINUSE ? "flows use them already" : strerror(-why));
}

int adopt_sockets(const struct config *config, const struct programs *programs, char **ret_note,
		  struct error *error)
{
	_cleanup_(free_p) struct sockdiag_socket *sockets = NULL;
	size_t count = 0;
	int r = sockdiag_list(is_wanted, config, &sockets, &count, error);

	*ret_note = NULL;
	if (r == -EOPNOTSUPP)
		return asprintf(ret_note, "the ports of existing connections are not reserved: %s",
				error->text) < 0
			       ? error_set(error, -ENOMEM, "out of memory")
			       : 0;
	if (r)
		return r;
	r = adopt_all(programs, sockets, count, ret_note);
	return r ? error_set(error, r, "out of memory") : 0;
}
