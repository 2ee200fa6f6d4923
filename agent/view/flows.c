/* SPDX-License-Identifier: BSD-2-Clause */
/* Documents of live flows: one walk over the flow map, with a lookup of the return half of each. */
#include "view/view.h"

#include <errno.h>
#include <string.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/names.h"
#include "steering/steering.h"
#include "datapath/datapath.h"
#include "wire/flow.h"

struct listing {
	const struct steering *steering;
	const struct steering_sender *only; /* NULL: all */
	uint64_t now_ns;
	size_t limit;
	json_t *list;
	struct verdict verdict; /* of sender `verdict_of`, the last one looked up */
	uint32_t verdict_of;
	bool has_verdict;
};

static const char *pool_name(const struct steering *steering, uint32_t id)
{
	const struct pool *pool = pool_find_id(steering_pools(steering), id);

	return pool ? pool->name : "(removed)";
}

static void read_return(struct datapath *datapath, const struct flow_key *key,
			const struct flow *flow, struct return_entry *ret_entry)
{
	struct return_key back = {.port = flow->port, .remote_port = key->destination_port};

	memcpy(back.address, flow->address, sizeof(back.address));
	memcpy(back.remote, key->destination, sizeof(back.remote));
	*ret_entry = (struct return_entry){0};
	datapath->ops->get(datapath, MAP_RETURNS, &back, ret_entry);
}

static bool has_cut(struct listing *listing, uint32_t sender, uint64_t opened_ns)
{
	struct datapath *datapath = steering_datapath(listing->steering);

	if (!listing->has_verdict || listing->verdict_of != sender) {
		listing->verdict = (struct verdict){.cut_ns = 0};
		datapath->ops->get(datapath, MAP_VERDICT, &sender, &listing->verdict);
		listing->verdict_of = sender;
		listing->has_verdict = true;
	}
	return listing->verdict.cut_ns >= opened_ns;
}

/* The datapath's own test: the flow ends at its next packet. */
static bool is_cut(struct listing *listing, const struct flow *flow)
{
	bool cut = has_cut(listing, flow->sender, flow->opened_ns);

	for (int i = 0; i < POSTERN_OTHERS && !cut && flow->others[i]; i++)
		cut = has_cut(listing, flow->others[i], flow->opened_ns);
	return cut;
}

static bool is_of(const struct flow *flow, uint32_t sender)
{
	bool is = flow->sender == sender || flow->decider == sender;

	for (int i = 0; i < POSTERN_OTHERS && !is && flow->others[i]; i++)
		is = flow->others[i] == sender;
	return is;
}

static json_t *others_json(const struct steering *steering, const struct flow *flow)
{
	json_t *names = json_array();

	for (int i = 0; i < POSTERN_OTHERS && flow->others[i]; i++)
		json_array_append_new(names,
				      json_string(steering_sender_name(steering, flow->others[i])));
	return names;
}

static json_t *flow_json(struct listing *listing, const struct flow_key *key,
			 const struct flow *flow)
{
	char source[ENDPOINT_TEXT_SIZE], destination[ENDPOINT_TEXT_SIZE];
	char address[ENDPOINT_TEXT_SIZE];
	const struct steering *steering = listing->steering;
	uint64_t age_ns = listing->now_ns > flow->opened_ns ? listing->now_ns - flow->opened_ns : 0;
	struct return_entry back;

	read_return(steering_datapath(steering), key, flow, &back);
	return wire_flow_json(&(struct wire_flow){
		.sender = steering_sender_name(steering, flow->sender),
		.source = endpoint_format_bytes(key->source, key->source_port, source),
		.destination =
			endpoint_format_bytes(key->destination, key->destination_port, destination),
		.pool = flow->pool == POOL_NONE ? NULL : pool_name(steering, flow->pool),
		.address = endpoint_format_bytes(flow->address, flow->port, address),
		.state = flow_state_name(&flow->out, &back.in),
		.cut = is_cut(listing, flow),
		.packets = (json_int_t)(flow->out.packets + back.in.packets),
		.bytes = (json_int_t)(flow->out.bytes + back.in.bytes),
		.age_sec = (json_int_t)(age_ns / NS_PER_SEC),
		.decider = steering_sender_name(steering, flow->decider),
		.others = others_json(steering, flow),
	});
}

static int visit(void *data, const void *key, const void *value)
{
	struct listing *listing = data;
	const struct flow *flow = value;

	if (listing->only && !is_of(flow, listing->only->id))
		return 0;
	if (listing->limit && json_array_size(listing->list) == listing->limit)
		return 1;
	if (json_array_append_new(listing->list, flow_json(listing, key, flow)) < 0)
		return -ENOMEM;
	return 0;
}

int view_flows(struct steering *steering, const char *sender, uint64_t now_ns, size_t limit,
	       json_t **ret, struct error *error)
{
	struct datapath *datapath = steering_datapath(steering);
	struct listing listing = {.steering = steering, .now_ns = now_ns, .limit = limit};
	int r;

	if (sender) {
		listing.only = steering_sender_find(steering, sender);
		if (!listing.only)
			return error_set(error, -ENOENT, "no sender '%s'", sender);
	}
	listing.list = json_array();
	if (!listing.list)
		return error_set(error, -ENOMEM, "out of memory");
	r = datapath->ops->walk(datapath, MAP_FLOWS, visit, &listing);
	if (r < 0) {
		json_decref(listing.list);
		return error_set(error, r, "reading flows: %s", strerror(-r));
	}
	*ret = listing.list;
	return 0;
}
