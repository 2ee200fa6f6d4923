/* SPDX-License-Identifier: BSD-2-Clause */
/* From rules and routes of the host to the routes that the programs need. */
#include "host/uplinks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "config/config.h"
#include "netlink/netlink.h"
#include "netlink/snapshot.h"

void uplinks_done(struct uplinks *uplinks)
{
	free(uplinks->routes);
	*uplinks = (struct uplinks){0};
}

static bool is_hooked(const struct uplinks_host *host, int index)
{
	for (size_t i = 0; i < host->n_hooked; i++)
		if (host->hooked[i] == index)
			return true;
	return false;
}

static int add(struct uplinks *uplinks, const struct uplink_route *route)
{
	struct uplink_route *grown = array_grow(uplinks->routes, uplinks->count, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	uplinks->routes = grown;
	grown[uplinks->count++] = *route;
	return 0;
}

/* One route for each hooked interface but the right one. */
static int add_routes(const struct uplinks_host *host, const struct address *address, int right,
		      struct uplinks *uplinks)
{
	const struct netlink_interface *link = snapshot_link(host->snapshot, right);
	struct uplink_route route = {.address = *address};
	int r = 0;

	if (link && is_hooked(host, right)) {
		route.right = (uint32_t)right;
		snprintf(route.interface, sizeof(route.interface), "%s", link->name);
	}
	for (size_t i = 0; r == 0 && i < host->n_hooked; i++) {
		route.wrong = (uint32_t)host->hooked[i];
		if (route.wrong != route.right)
			r = add(uplinks, &route);
	}
	return r;
}

static int find_address(const struct uplinks_host *host, const struct address *address,
			struct uplinks *uplinks, struct error *error)
{
	int right;
	int r;

	if (!snapshot_routes_by_source(host->snapshot, address) ||
	    !snapshot_address_index(host->snapshot, address))
		return 0;
	r = netlink_uplink(host->netlink, address, &right, error);
	if (r == -EAGAIN)
		return 0;
	if (!r && add_routes(host, address, right, uplinks))
		r = error_set(error, -ENOMEM, "out of memory");
	return r;
}

int uplinks_find(const struct uplinks_host *host, struct uplinks *ret_uplinks, struct error *error)
{
	struct uplinks uplinks = {0};
	int r = 0;

	for (size_t i = 0; i < host->config->n_pools; i++) {
		const struct config_pool *pool = &host->config->pools[i];

		for (size_t j = 0; r == 0 && j < pool->n_addresses; j++)
			r = find_address(host, &pool->addresses[j].address, &uplinks, error);
	}
	if (r)
		uplinks_done(&uplinks);
	else
		*ret_uplinks = uplinks;
	return r;
}

bool uplinks_hold(const struct uplinks *uplinks, const struct address *address)
{
	for (size_t i = 0; i < uplinks->count; i++)
		if (!uplinks->routes[i].right &&
		    address_equal(&uplinks->routes[i].address, address))
			return true;
	return false;
}

/* Routes of one address are neighbours. */
static bool is_first(const struct uplinks *uplinks, size_t index)
{
	return index == 0 ||
	       !address_equal(&uplinks->routes[index].address, &uplinks->routes[index - 1].address);
}

int uplinks_note(const struct uplinks *uplinks, char **ret_note)
{
	char *note = NULL, text[ADDRESS_TEXT_SIZE];
	const char *before = UPLINKS_HELD ": ";
	size_t size;
	FILE *out = open_memstream(&note, &size);

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < uplinks->count; i++) {
		if (uplinks->routes[i].right || !is_first(uplinks, i))
			continue;
		fprintf(out, "%s%s", before, address_format(&uplinks->routes[i].address, text));
		before = ", ";
	}
	if (fclose(out))
		return -ENOMEM;
	if (!size) {
		free(note);
		note = NULL;
	}
	*ret_note = note;
	return 0;
}
