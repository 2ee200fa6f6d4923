/* SPDX-License-Identifier: BSD-2-Clause */
/* Collects the ports of the pinned flows in one walk. */
#include "datapath/retired_ports.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "datapath/datapath.h"

struct ports {
	const uint16_t *steered;
	uint16_t *retired;
	size_t n_retired;
};

static bool is_listed(const uint16_t *ports, uint16_t port)
{
	for (size_t i = 0; i < POSTERN_PORTS_MAX && ports[i]; i++)
		if (ports[i] == port)
			return true;
	return false;
}

static int note_port(void *data, const void *key, const void *value)
{
	struct ports *ports = data;
	uint16_t port = ((const struct flow_key *)key)->destination_port;

	(void)value;
	if (ports->n_retired < POSTERN_PORTS_MAX && !is_listed(ports->steered, port) &&
	    !is_listed(ports->retired, port))
		ports->retired[ports->n_retired++] = port;
	return 0;
}

int retired_ports_find(struct datapath *pinned, const uint16_t steered[POSTERN_PORTS_MAX],
		       uint16_t ret_retired[POSTERN_PORTS_MAX], struct error *error)
{
	uint16_t retired[POSTERN_PORTS_MAX] = {0};
	struct ports ports = {.steered = steered, .retired = retired};
	int r = pinned->ops->walk(pinned, MAP_FLOWS, note_port, &ports);

	if (r)
		return error_set(error, r, "reading flows: %s", strerror(-r));
	memcpy(ret_retired, retired, sizeof(retired));
	return 0;
}
