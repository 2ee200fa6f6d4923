/* SPDX-License-Identifier: BSD-2-Clause */
/* netlink knows the interfaces, hook_query() their hooks. */
#include "api/attached.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "config/config.h"
#include "netlink/netlink.h"

static struct hooked_interface look(const struct config *config,
				    const struct netlink_interface *known)
{
	struct hook_interface interface = {.index = known->index,
					   .has_link_layer = known->has_link_layer};
	struct hooked_interface hooked;

	memcpy(interface.name, known->name, sizeof(interface.name));
	memcpy(hooked.name, known->name, sizeof(hooked.name));
	hook_query(config->pin_path, &interface, &hooked.hooks);
	return hooked;
}

static void read_configured(struct netlink *netlink, const struct config *config,
			    struct netlink_interface **ret_list, size_t *ret_count)
{
	struct netlink_interface *list = calloc(config->interfaces.count, sizeof(*list));
	struct error ignored;

	for (size_t i = 0; list && i < config->interfaces.count; i++)
		if (netlink_interface_get(netlink, config->interfaces.texts[i], &list[i],
					  &ignored) < 0)
			strncpy(list[i].name, config->interfaces.texts[i],
				sizeof(list[i].name) - 1);
	*ret_list = list;
	*ret_count = list ? config->interfaces.count : 0;
}

static void look_at_all(const struct config *config, const struct netlink_interface *known,
			size_t count, struct hooked_interfaces *ret_interfaces)
{
	struct hooked_interface *list = calloc(count, sizeof(*list));

	for (size_t i = 0; list && i < count; i++)
		list[i] = look(config, &known[i]);
	*ret_interfaces = (struct hooked_interfaces){list, list ? count : 0};
}

void attached_read(const struct config *config, struct hooked_interfaces *ret_interfaces)
{
	struct netlink_interface *known = NULL;
	struct netlink *netlink;
	struct error ignored;
	size_t count = 0;

	*ret_interfaces = (struct hooked_interfaces){NULL, 0};
	if (netlink_open(&netlink, &ignored) < 0)
		return;
	if (config->interfaces.count)
		read_configured(netlink, config, &known, &count);
	else if (netlink_default_interfaces(netlink, &known, &count, &ignored) < 0)
		count = 0;
	netlink_free(netlink);
	if (count)
		look_at_all(config, known, count, ret_interfaces);
	free(known);
}

void attached_done(struct hooked_interfaces *interfaces)
{
	free(interfaces->list);
}
