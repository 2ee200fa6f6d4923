/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes postern_uplinks, and into postern_gen whether it has entries. */
#include "datapath/uplinks.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "datapath/datapath.h"

struct wanted {
	struct datapath *datapath;
	const struct uplink_route *routes;
	size_t n;
};

/* Programs skip the map where `by_source` is 0. */
static int set_by_source(struct datapath *datapath, bool by_source)
{
	struct generation generation;
	const uint32_t zero = 0;
	int r = datapath->ops->get(datapath, MAP_GEN, &zero, &generation);

	if (r < 0 || generation.by_source == by_source)
		return r;
	generation.by_source = by_source;
	return datapath->ops->put(datapath, MAP_GEN, &zero, &generation);
}

static struct uplink_key key_of(const struct uplink_route *route)
{
	struct uplink_key key = {.ifindex = route->wrong};

	memcpy(key.address, route->address.bytes, sizeof(key.address));
	return key;
}

static int put_route(struct datapath *datapath, const struct uplink_route *route)
{
	struct uplink_key key = key_of(route);
	struct uplink uplink = {.ifindex = route->right};
	char text[ADDRESS_TEXT_SIZE];

	strncpy(uplink.text, address_format(&route->address, text), sizeof(uplink.text) - 1);
	strncpy(uplink.interface, route->interface, sizeof(uplink.interface) - 1);
	return datapath->ops->put(datapath, MAP_UPLINKS, &key, &uplink);
}

static int remove_other(void *data, const void *key, const void *value)
{
	struct wanted *wanted = data;
	int r;

	(void)value;
	for (size_t i = 0; i < wanted->n; i++) {
		struct uplink_key kept = key_of(&wanted->routes[i]);

		if (memcmp(key, &kept, sizeof(kept)) == 0)
			return 0;
	}
	r = wanted->datapath->ops->remove(wanted->datapath, MAP_UPLINKS, key);
	return r == -ENOENT ? 0 : r;
}

int uplinks_set(struct datapath *datapath, const struct uplink_route *routes, size_t n)
{
	struct wanted wanted = {.datapath = datapath, .routes = routes, .n = n};
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = put_route(datapath, &routes[i]);
	if (r == 0)
		r = set_by_source(datapath, n > 0);
	if (r == 0)
		r = datapath->ops->walk(datapath, MAP_UPLINKS, remove_other, &wanted);
	return r;
}
