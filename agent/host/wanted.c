/* SPDX-License-Identifier: BSD-2-Clause */
/* Names first, in their order, then the routes. */
#include "host/wanted.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "netlink/snapshot.h"

static bool is_named(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->interfaces.count; i++)
		if (!strcmp(config->interfaces.texts[i], name))
			return true;
	return false;
}

static struct wanted describe(const char *name, const struct netlink_interface *link)
{
	struct wanted wanted = {.link = link};

	snprintf(wanted.name, sizeof(wanted.name), "%s", name);
	if (link && link->layer == NETLINK_UNKNOWN)
		snprintf(wanted.refused, sizeof(wanted.refused),
			 "Postern cannot parse links of type %s", link->type);
	return wanted;
}

static void put(struct wanted *list, size_t size, size_t *count, const struct wanted *wanted)
{
	if (*count < size)
		list[*count] = *wanted;
	++*count;
}

size_t wanted_interfaces(const struct config *config, const struct snapshot *snapshot,
			 struct wanted *ret_wanted, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < config->interfaces.count; i++) {
		const char *name = config->interfaces.texts[i];
		struct wanted wanted = describe(name, snapshot_link_named(snapshot, name));

		put(ret_wanted, size, &count, &wanted);
	}
	for (size_t i = 0; i < snapshot->n_links; i++) {
		const struct netlink_interface *link = &snapshot->links[i];
		struct wanted wanted = describe(link->name, link);

		if (is_named(config, link->name) || !snapshot_leads_outside(snapshot, link->index))
			continue;
		if (config->interfaces.count)
			snprintf(wanted.refused, sizeof(wanted.refused),
				 "a default route, but 'interfaces' does not name it");
		put(ret_wanted, size, &count, &wanted);
	}
	return count;
}
