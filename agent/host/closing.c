/* SPDX-License-Identifier: BSD-2-Clause */
/* The flows of the maps say which sockets are translated. */
#include "host/closing.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "datapath/datapath.h"
#include "datapath/quiesce.h"
#include "netlink/sockdiag.h"

static bool is_handle(struct datapath *datapath, const struct address *address)
{
	struct selector selector = {.kind = SELECTOR_ADDRESS};
	struct sender_ref ref;

	memcpy(selector.address, address->bytes, sizeof(selector.address));
	return !datapath->ops->get(datapath, MAP_SENDERS, &selector, &ref) && ref.is_handle;
}

struct closing {
	struct datapath *datapath;
};

/* Also a connection whose first packet was dropped meanwhile, if it would leave from a handle. */
static bool is_translated(const void *data, const struct sockdiag_socket *socket)
{
	const struct closing *closing = data;
	struct flow_key key = {.source_port = socket->source_port,
			       .destination_port = socket->destination_port};
	struct flow flow;

	memcpy(key.source, socket->source.bytes, sizeof(key.source));
	memcpy(key.destination, socket->destination.bytes, sizeof(key.destination));
	if (!closing->datapath->ops->get(closing->datapath, MAP_FLOWS, &key, &flow))
		return flow.pool != POOL_NONE;
	return is_handle(closing->datapath, &socket->source);
}

/* Once: both passes fail for the same reason. */
static void end_sockets(struct closing *closing, bool is_logged)
{
	struct error error;
	size_t count;

	if (sockdiag_destroy(is_translated, closing, &count, &error) && is_logged)
		log_warning("down", "open connections are not ended: %s", error.text);
}

void closing_run(const struct config *config)
{
	struct closing closing;
	struct error error;

	if (datapath_open(config->pin_path, &closing.datapath, &error))
		return;
	end_sockets(&closing, true);
	if (quiesce_for_good(config->pin_path, &error))
		log_warning("down", "%s", error.text);
	end_sockets(&closing, false);
	datapath_free(closing.datapath);
}
