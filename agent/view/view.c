/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON of pools, senders and status, from a steering and the maps. Flows are in flows.c. */
#include "view/view.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/names.h"
#include "config/config.h"
#include "steering/steering.h"
#include "wire/values.h"
#include "view/engine.h"
#include "datapath/datapath.h"
#include "datapath/hook.h"
#include "netlink/netlink.h"

static int give(json_t *document, json_t **ret, struct error *error)
{
	if (!document)
		return error_set(error, -ENOMEM, "out of memory");
	*ret = document;
	return 0;
}

/* ---- pools */

static json_t *address_json(struct datapath *datapath, const struct pool_address *address)
{
	char text[ADDRESS_TEXT_SIZE];
	struct address_usage usage = {0};

	datapath->ops->get(datapath, MAP_ADDRUSE, &address->id, &usage);
	return json_pack("{s:s, s:i, s:s, s:I, s:I}", "address",
			 address_format(&address->address, text), "weight", (int)address->weight,
			 "state", address_state_name(address->state), "flows",
			 (json_int_t)usage.flows, "connections", (json_int_t)usage.connections);
}

static json_t *pool_json(struct datapath *datapath, const struct pool *pool)
{
	json_t *addresses = json_array();

	for (size_t i = 0; i < pool->n_addresses; i++)
		json_array_append_new(addresses, address_json(datapath, &pool->addresses[i]));
	return json_pack("{s:s, s:s, s:s, s:o}", "name", pool->name, "state",
			 pool_state_name(pool->state), "when_empty",
			 pool->when_empty ? pool->when_empty->name : "hold", "addresses",
			 addresses);
}

static json_t *pools_json(struct steering *steering)
{
	const struct pool_set *set = steering_pools(steering);
	json_t *pools = json_array();

	for (size_t i = 0; i < set->n_pools; i++)
		json_array_append_new(pools,
				      pool_json(steering_datapath(steering), &set->pools[i]));
	return pools;
}

int view_pools(struct steering *steering, json_t **ret, struct error *error)
{
	return give(pools_json(steering), ret, error);
}

/* ---- senders */

static json_t *selector_json(const struct config_selector *selector)
{
	char text[PREFIX_TEXT_SIZE];

	switch (selector->kind) {
	case CONFIG_SELECTOR_SOURCE:
		if (selector->prefix.length == 128)
			address_format(&selector->prefix.address, text);
		else
			prefix_format(&selector->prefix, text);
		return json_sprintf("source %s", text);
	case CONFIG_SELECTOR_MARK:
		return json_sprintf("mark %u", selector->number);
	case CONFIG_SELECTOR_CGROUP:
		return json_sprintf("cgroup %s", selector->path);
	case CONFIG_SELECTOR_UID:
		return json_sprintf("uid %u", selector->number);
	}
	return NULL;
}

static json_t *selectors_json(const struct steering_sender *sender)
{
	json_t *selectors = json_array();
	char text[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; sender->config && i < sender->config->n_selectors; i++)
		json_array_append_new(selectors, selector_json(&sender->config->selectors[i]));
	for (size_t i = 0; sender->handles_of && i < sender->handles_of->n_handles; i++)
		if (sender->handles_of->handles[i].of == sender->handle_of)
			json_array_append_new(
				selectors,
				json_sprintf("source %s",
					     address_format(&sender->handles_of->handles[i].address,
							    text)));
	return selectors;
}

/* null for a verdict without end. */
static json_t *until_json(uint64_t until_ns, uint64_t now_ns, int64_t now_sec)
{
	if (until_ns == 0)
		return json_null();
	/* Rounded, as the two clocks were not read at the same instant. */
	return value_time(now_sec + ((int64_t)(until_ns - now_ns) + (int64_t)NS_PER_SEC / 2) /
					    (int64_t)NS_PER_SEC);
}

static json_t *verdict_json(const struct verdict *verdict, uint64_t now_ns, int64_t now_sec)
{
	json_t *pool =
		verdict->action == VERDICT_STEER ? json_string(verdict->pool_label) : json_null();

	return json_pack("{s:s, s:o, s:s, s:o}", "action", verdict_action_name(verdict->action),
			 "pool", pool, "reason", reason_name(verdict->reason), "until",
			 until_json(verdict->until_ns, now_ns, now_sec));
}

static json_t *usage_json(const struct usage *usage, uint64_t now_ns)
{
	json_t *idle = usage->last_ns && now_ns > usage->last_ns
			       ? json_integer((json_int_t)((now_ns - usage->last_ns) / NS_PER_SEC))
			       : json_null();

	return json_pack("{s:I, s:I, s:I, s:I, s:o}", "flows", (json_int_t)usage->flows,
			 "connections", (json_int_t)usage->connections, "refused",
			 (json_int_t)usage->refused, "over_limit", (json_int_t)usage->over_limit,
			 "idle_sec", idle);
}

/* In the datapath; 0: none. */
static json_t *limits_json(const struct verdict *verdict)
{
	return json_pack("{s:I, s:I}", "connections_per_minute",
			 (json_int_t)verdict->connections_per_min, "flows_max",
			 (json_int_t)verdict->flows_max);
}

static json_t *sender_json(struct datapath *datapath, const struct steering_sender *sender,
			   uint64_t now_ns, int64_t now_sec)
{
	struct verdict verdict = {0};
	struct usage usage = {0};
	json_t *held = json_null();

	if (datapath->ops->get(datapath, MAP_VERDICT, &sender->id, &verdict) == 0)
		held = verdict_json(&verdict, now_ns, now_sec);
	datapath->ops->get(datapath, MAP_USAGE, &sender->id, &usage);
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", sender->name, "selectors",
			 selectors_json(sender), "verdict", held, "limits", limits_json(&verdict),
			 "usage", usage_json(&usage, now_ns));
}

/* `policy` may be NULL. */
static json_t *full_sender_json(struct steering *steering, struct policy *policy,
				const struct steering_sender *sender, uint64_t now_ns,
				int64_t now_sec)
{
	json_t *view = sender_json(steering_datapath(steering), sender, now_ns, now_sec);

	if (view && policy)
		view_add_windows(view, policy, sender->name, now_sec);
	return view;
}

int view_senders(struct steering *steering, struct policy *policy, size_t limit, uint64_t now_ns,
		 int64_t now_sec, json_t **ret, struct error *error)
{
	json_t *list = json_array();
	size_t count;
	const struct steering_sender *senders = steering_senders(steering, &count);
	int r = 0;

	for (size_t i = 0; i < count && i < limit; i++)
		json_array_append_new(
			list, full_sender_json(steering, policy, &senders[i], now_ns, now_sec));
	if (policy)
		r = view_add_engine_senders(list, steering, policy, limit, now_sec, error);
	if (r < 0)
		json_decref(list);
	return r < 0 ? r : give(list, ret, error);
}

int view_sender(struct steering *steering, struct policy *policy, const char *name, uint64_t now_ns,
		int64_t now_sec, json_t **ret, struct error *error)
{
	const struct steering_sender *sender = steering_sender_find(steering, name);

	if (!sender)
		return view_engine_sender(steering, policy, name, now_sec, ret, error);
	return give(full_sender_json(steering, policy, sender, now_ns, now_sec), ret, error);
}

/* ---- status */

static json_t *counters_json(const struct stats *stats)
{
	const __u64 *values = (const __u64 *)stats;
	json_t *counters = json_object();

	for (int i = 0; i < COUNTERS; i++)
		json_object_set_new(counters, counter_name((enum counter)i),
				    json_integer((json_int_t)values[i]));
	return counters;
}

static json_t *interface_json(const struct config *config, const struct netlink_interface *known)
{
	struct hook_interface interface = {.index = known->index,
					   .has_link_layer = known->has_link_layer};
	struct hook_status status;

	memcpy(interface.name, known->name, sizeof(interface.name));
	hook_query(config->pin_path, &interface, &status);
	return json_pack("{s:s, s:s, s:s}", "name", interface.name, "egress",
			 hook_kind_name(status.egress), "ingress", hook_kind_name(status.ingress));
}

static json_t *configured_interfaces(struct netlink *netlink, const struct config *config)
{
	json_t *list = json_array();

	for (size_t i = 0; i < config->interfaces.count; i++) {
		struct netlink_interface interface = {0};
		struct error ignored;

		if (netlink_interface_get(netlink, config->interfaces.texts[i], &interface,
					  &ignored) < 0)
			strncpy(interface.name, config->interfaces.texts[i],
				sizeof(interface.name) - 1);
		json_array_append_new(list, interface_json(config, &interface));
	}
	return list;
}

static json_t *default_interfaces(struct netlink *netlink, const struct config *config)
{
	struct netlink_interface *interfaces = NULL;
	json_t *list = json_array();
	struct error ignored;
	size_t count = 0;

	if (netlink_default_interfaces(netlink, &interfaces, &count, &ignored) < 0)
		return list;
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, interface_json(config, &interfaces[i]));
	free(interfaces);
	return list;
}

static json_t *interfaces_json(const struct config *config)
{
	struct netlink *netlink;
	struct error ignored;
	json_t *list;

	if (netlink_open(&netlink, &ignored) < 0)
		return json_array();
	list = config->interfaces.count ? configured_interfaces(netlink, config)
					: default_interfaces(netlink, config);
	netlink_free(netlink);
	return list;
}

static bool all_attached(const json_t *interfaces)
{
	size_t index;
	json_t *interface;

	json_array_foreach ((json_t *)interfaces, index, interface) {
		const char *egress = json_string_value(json_object_get(interface, "egress"));
		const char *ingress = json_string_value(json_object_get(interface, "ingress"));

		if (strcmp(egress, hook_kind_name(HOOK_NONE)) == 0 ||
		    strcmp(ingress, hook_kind_name(HOOK_NONE)) == 0)
			return false;
	}
	return json_array_size(interfaces) > 0;
}

int view_status(struct steering *steering, json_t **ret, struct error *error)
{
	struct datapath *datapath = steering_datapath(steering);
	json_t *interfaces = interfaces_json(steering_config(steering));
	struct stats stats = {0};
	json_t *view;

	datapath->ops->stats(datapath, &stats);
	view = json_pack(
		"{s:b, s:b, s:o, s:I, s:I, s:o}", "attached", all_attached(interfaces), "held",
		datapath_is_stuck(datapath), "interfaces", interfaces, "flows",
		(json_int_t)(stats.flows_opened - stats.flows_expired - stats.flows_replaced),
		"flows_max", (json_int_t)datapath->ops->capacity(datapath, MAP_FLOWS), "counters",
		counters_json(&stats));
	return give(json_pack("{s:o, s:o}", "datapath", view, "pools", pools_json(steering)), ret,
		    error);
}
