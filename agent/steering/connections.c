/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections that each sender has opened since they were last taken: map usage. */
#include "steering/steering.h"

#include <errno.h>
#include <string.h>

#include "steering/steering_internal.h"

/* A count that went back started again: `up` has replaced the maps. */
static uint32_t take(struct steering_sender *sender, const struct usage *usage)
{
	uint64_t before = usage->connections < sender->connections ? 0 : sender->connections;
	uint64_t count = usage->connections - before;

	sender->connections = usage->connections;
	return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

int steering_take_connections(struct steering *steering, uint32_t id,
			      const struct steering_sender **ret_sender, uint32_t *ret_count)
{
	struct steering_sender *sender = senders_find_id(steering, id);
	struct usage usage;

	if (!sender || steering->datapath->ops->get(steering->datapath, MAP_USAGE, &id, &usage) < 0)
		return -ENOENT;
	*ret_sender = sender;
	*ret_count = take(sender, &usage);
	return 0;
}

struct taking {
	struct steering *steering;
	connections_visitor visitor;
	void *data;
};

static int take_one(void *data, const void *key, const void *value)
{
	const struct taking *taking = data;
	struct steering_sender *sender = senders_find_id(taking->steering, *(const uint32_t *)key);
	uint32_t count = sender ? take(sender, value) : 0;

	if (count && taking->visitor)
		taking->visitor(taking->data, sender, count);
	return 0;
}

int steering_take_all_connections(struct steering *steering, connections_visitor visitor,
				  void *data, struct error *error)
{
	struct taking taking = {steering, visitor, data};
	int r = steering->datapath->ops->walk(steering->datapath, MAP_USAGE, take_one, &taking);

	return r < 0 ? error_errno(error, r, "reading usage") : 0;
}

void steering_inherit_connections(struct steering *steering, const struct steering *before)
{
	for (size_t i = 0; i < steering->n_senders; i++) {
		struct steering_sender *sender = &steering->senders[i];
		const struct steering_sender *old = senders_find_id(before, sender->id);

		if (!old || strcmp(old->name, sender->name) != 0)
			continue;
		if (old->is_limited || old->id == SENDER_UNKNOWN)
			sender->connections = old->connections;
		sender->is_due |= old->was_written;
	}
}
