/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps and lock become documents. */
#include "view/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/names.h"
#include "config/config.h"
#include "datapath/datapath.h"
#include "datapath/hold.h"
#include "process/lock.h"
#include "wire/status.h"
#include "wire/values.h"

/* ---- parts */

static int collect(void *data, const void *key, const void *value)
{
	struct view_parts *parts = data;
	struct view_part part, *list;

	memcpy(&part.key, key, sizeof(part.key));
	memcpy(&part.entry, value, sizeof(part.entry));
	if (part.key.kind == HOST_ALL)
		return 0;
	list = array_grow(parts->list, parts->count, sizeof(*list));
	if (!list)
		return -ENOMEM;
	parts->list = list;
	list[parts->count++] = part;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct view_part *left = a, *right = b;

	if (left->key.kind != right->key.kind)
		return left->key.kind < right->key.kind ? -1 : 1;
	return strncmp(left->key.name, right->key.name, sizeof(left->key.name));
}

void view_parts_read(struct datapath *datapath, struct view_parts *ret_parts)
{
	*ret_parts = (struct view_parts){0};
	datapath->ops->walk(datapath, MAP_HOST, collect, ret_parts);
	if (ret_parts->count)
		qsort(ret_parts->list, ret_parts->count, sizeof(*ret_parts->list), compare);
}

void view_parts_done(struct view_parts *parts)
{
	free(parts->list);
}

static json_int_t seconds_between(uint64_t from_ns, uint64_t to_ns)
{
	return from_ns && to_ns > from_ns ? (json_int_t)((to_ns - from_ns) / NS_PER_SEC) : 0;
}

static json_t *part_json(const struct view_part *part, uint64_t now_ns)
{
	const struct host_entry *entry = &part->entry;

	return wire_part_json(&(struct wire_part){
		.kind = host_kind_name(part->key.kind),
		.name = part->key.name,
		.state = host_state_name(entry->state),
		.held = entry->held,
		.interface = *entry->interface ? entry->interface : NULL,
		.cause = *entry->cause ? entry->cause : NULL,
		.put_back = (json_int_t)entry->put_back,
		.age_sec = seconds_between(entry->last_ns, now_ns),
		.again_sec = entry->again_ns ? seconds_between(now_ns, entry->again_ns) : -1,
	});
}

json_t *view_parts(struct datapath *datapath, uint64_t now_ns)
{
	json_t *list = json_array();
	struct view_parts parts;

	view_parts_read(datapath, &parts);
	for (size_t i = 0; i < parts.count; i++)
		json_array_append_new(list, part_json(&parts.list[i], now_ns));
	view_parts_done(&parts);
	return list;
}

/* ---- the guard */

void view_guard_read(const struct config *config, struct view_guard *ret)
{
	int64_t since_sec = 0;
	int r = lock_look(config->runtime_dir, "guard", &since_sec);

	*ret = (struct view_guard){
		.is_known = r == 0 || r == -ESRCH, .is_running = r == 0, .since_sec = since_sec};
}

json_t *view_guard(const struct config *config)
{
	struct view_guard guard;
	char since[VALUE_TIME_SIZE];

	view_guard_read(config, &guard);
	if (!guard.is_known)
		return json_null();
	return wire_guard_json(&(struct wire_guard){
		.running = guard.is_running,
		.since = value_time_text(guard.since_sec, since),
	});
}

/* ---- the hold */

static int add_held(void *data, int index, const struct hold_interface *interface,
		    const struct held *held)
{
	struct wire_hold *hold = data;

	(void)index, (void)interface;
	hold->connections += (json_int_t)held->connections;
	hold->packets += (json_int_t)held->packets;
	hold->forwarded += (json_int_t)held->forwarded;
	return 0;
}

json_t *view_hold(const struct config *config)
{
	struct hold_settings settings;
	struct wire_hold hold = {0};
	struct error ignored;

	if (hold_read(config->pin_path, &settings, &ignored) ||
	    hold_walk(config->pin_path, add_held, &hold, &ignored))
		return json_null();
	hold.host = settings.scope & HOLD_HOST;
	return wire_hold_json(&hold);
}
