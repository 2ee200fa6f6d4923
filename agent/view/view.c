/* SPDX-License-Identifier: BSD-2-Clause */
/* Documents of pools, senders and the status. flows.c has flows. */
#include "view/view.h"

#include <errno.h>
#include <string.h>

#include "base/cgroup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/names.h"
#include "base/version.h"
#include "config/config.h"
#include "steering/steering.h"
#include "wire/values.h"
#include "view/engine.h"
#include "datapath/datapath.h"
#include "datapath/hook.h"
#include "wire/pool.h"
#include "wire/sender.h"
#include "wire/status.h"
#include "view/host.h"
#include "view/milter.h"

/* ---- pools */

static json_t *address_json(struct datapath *datapath, const struct pool_address *address)
{
	char text[ADDRESS_TEXT_SIZE];
	struct address_usage usage = {0};

	datapath->ops->get(datapath, MAP_ADDRUSE, &address->id, &usage);
	return wire_address_json(&(struct wire_address){
		.address = address_format(&address->address, text),
		.weight = (json_int_t)address->weight,
		.state = address_state_name(address->state),
		.held = address->held,
		.flows = (json_int_t)usage.flows,
		.connections = (json_int_t)usage.connections,
	});
}

static json_t *pool_json(struct datapath *datapath, const struct pool *pool)
{
	json_t *addresses = json_array();

	for (size_t i = 0; i < pool->n_addresses; i++)
		json_array_append_new(addresses, address_json(datapath, &pool->addresses[i]));
	return wire_pool_json(&(struct wire_pool){
		.name = pool->name,
		.state = pool_state_name(pool->state),
		.when_empty = pool->when_empty ? pool->when_empty->name : "hold",
		.addresses = addresses,
	});
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
	return value_give(pools_json(steering), ret, error);
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

/* The end of a verdict; 0: none. Rounded: the two clocks were not read at the same instant. */
static int64_t end_of(const struct verdict *verdict, const struct now *now)
{
	int64_t left_ns = (int64_t)(verdict->until_ns - now->ns);

	if (verdict->until_ns == 0)
		return 0;
	return view_end(now->sec + (left_ns + (int64_t)NS_PER_SEC / 2) / (int64_t)NS_PER_SEC, now);
}

static json_t *verdict_json(const struct verdict *verdict, const struct now *now)
{
	char until[VALUE_TIME_SIZE];

	return wire_verdict_json(&(struct wire_verdict){
		.action = verdict_action_name(verdict->action),
		.pool = verdict->action == VERDICT_STEER ? verdict->pool_label : NULL,
		.reason = reason_name(verdict->reason),
		.until = value_time_text(end_of(verdict, now), until),
	});
}

static json_t *usage_json(const struct usage *usage, uint64_t now_ns)
{
	bool known = usage->last_ns && now_ns > usage->last_ns;

	return wire_usage_json(&(struct wire_usage){
		.flows = (json_int_t)usage->flows,
		.connections = (json_int_t)usage->connections,
		.refused = (json_int_t)usage->refused,
		.over_limit = (json_int_t)usage->over_limit,
		.idle_sec = known ? (json_int_t)((now_ns - usage->last_ns) / NS_PER_SEC) : -1,
	});
}

static json_t *limits_json(const struct verdict *verdict)
{
	return wire_limits_json(&(struct wire_limits){
		.connections_per_minute = (json_int_t)verdict->connections_per_min,
		.flows_max = (json_int_t)verdict->flows_max,
	});
}

static json_t *sender_json(struct datapath *datapath, const struct steering_sender *sender,
			   const struct now *now)
{
	struct verdict verdict = {0};
	struct usage usage = {0};
	json_t *verdict_or_null = NULL;

	if (datapath->ops->get(datapath, MAP_VERDICT, &sender->id, &verdict) == 0)
		verdict_or_null = verdict_json(&verdict, now);
	datapath->ops->get(datapath, MAP_USAGE, &sender->id, &usage);
	return wire_sender_json(&(struct wire_sender){
		.name = sender->name,
		.selectors = selectors_json(sender),
		.verdict = verdict_or_null,
		.limits = limits_json(&verdict),
		.usage = usage_json(&usage, now->ns),
	});
}

/* `policy` may be NULL. */
static json_t *full_sender_json(struct steering *steering, struct policy *policy,
				const struct steering_sender *sender, const struct now *now)
{
	json_t *view = sender_json(steering_datapath(steering), sender, now);

	if (view && policy)
		view_add_windows(view, policy, sender->name, now);
	return view;
}

int view_senders(struct steering *steering, struct policy *policy, size_t limit,
		 const struct now *now, json_t **ret, struct error *error)
{
	json_t *list = json_array();
	size_t count;
	const struct steering_sender *senders = steering_senders(steering, &count);

	for (size_t i = 0; i < count && i < limit; i++)
		json_array_append_new(list, full_sender_json(steering, policy, &senders[i], now));
	if (policy)
		view_add_engine_senders(list, steering, policy, limit, now);
	return value_give(list, ret, error);
}

int view_sender(struct steering *steering, struct policy *policy, const char *name,
		const struct now *now, json_t **ret, struct error *error)
{
	const struct steering_sender *sender = steering_sender_find(steering, name);

	if (!sender)
		return view_engine_sender(steering, policy, name, now, ret, error);
	return value_give(full_sender_json(steering, policy, sender, now), ret, error);
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

static json_t *interfaces_json(const struct hooked_interfaces *interfaces)
{
	json_t *list = json_array();

	for (size_t i = 0; i < interfaces->count; i++) {
		const struct hooked_interface *interface = &interfaces->list[i];

		json_array_append_new(
			list, wire_interface_json(&(struct wire_interface){
				      .name = interface->name,
				      .egress = hook_kind_name(interface->hooks.egress),
				      .ingress = hook_kind_name(interface->hooks.ingress)}));
	}
	return list;
}

static bool all_attached(const struct hooked_interfaces *interfaces)
{
	for (size_t i = 0; i < interfaces->count; i++)
		if (interfaces->list[i].hooks.egress == HOOK_NONE ||
		    interfaces->list[i].hooks.ingress == HOOK_NONE)
			return false;
	return interfaces->count > 0;
}

/* Configured cgroups that do not exist now: no process is known by them. */
static json_t *cgroups_missing_json(const struct config *config)
{
	json_t *paths = json_array();
	uint64_t ignored;

	for (size_t i = 0; i < config->n_senders; i++)
		for (size_t j = 0; j < config->senders[i].n_selectors; j++) {
			const struct config_selector *selector = &config->senders[i].selectors[j];

			if (selector->kind == CONFIG_SELECTOR_CGROUP &&
			    cgroup_id(selector->path, &ignored))
				json_array_append_new(paths, json_string(selector->path));
		}
	return paths;
}

static json_t *datapath_json(struct steering *steering, const struct hooked_interfaces *interfaces)
{
	struct datapath *datapath = steering_datapath(steering);
	struct stats stats = {0};
	uint64_t ended;

	datapath->ops->stats(datapath, &stats);
	ended = stats.flows_expired + stats.flows_replaced;
	return wire_datapath_json(&(struct wire_datapath){
		.attached = all_attached(interfaces),
		.held = datapath_is_stuck(datapath),
		.interfaces = interfaces_json(interfaces),
		.flows = (json_int_t)(stats.flows_opened - ended),
		.flows_max = (json_int_t)datapath->ops->capacity(datapath, MAP_FLOWS),
		.counters = counters_json(&stats),
		.cgroups_missing = cgroups_missing_json(steering_config(steering)),
	});
}

int view_status(struct steering *steering, const struct hooked_interfaces *interfaces,
		uint64_t now_ns, json_t *agent, json_t **ret, struct error *error)
{
	const struct config *config = steering_config(steering);

	return value_give(wire_status_json(&(struct wire_status){
				  .version = version(),
				  .datapath = datapath_json(steering, interfaces),
				  .guard = view_guard(config),
				  .hold = view_hold(config),
				  .host = view_parts(steering_datapath(steering), now_ns),
				  .agent = agent,
				  .milter = view_milter(config),
				  .pools = pools_json(steering),
			  }),
			  ret, error);
}
