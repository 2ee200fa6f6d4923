/* SPDX-License-Identifier: BSD-2-Clause */
/* The invariants of the maps. */
#include "fuzz/packet_oracle_maps.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "fuzz/wire.h"

#define FAIL(error, ...) error_set(error, -EBADMSG, __VA_ARGS__)

const struct flow *packet_oracle_flow(const struct found *found, const struct flow_key *key)
{
	for (size_t i = 0; i < found->n_flows; i++)
		if (!memcmp(&found->flows[i].key, key, sizeof(*key)))
			return &found->flows[i].flow;
	return NULL;
}

const struct return_entry *packet_oracle_return(const struct found *found,
						const struct flow_key *key)
{
	for (size_t i = 0; i < found->n_returns; i++)
		if (!memcmp(&found->returns[i].key, key, sizeof(*key)))
			return &found->returns[i].entry;
	return NULL;
}

uint64_t packet_oracle_drops(const struct stats *stats)
{
	return stats->dropped_blocked + stats->dropped_over_limit + stats->dropped_flow_limit +
	       stats->translated_before + stats->dropped_pool_empty + stats->dropped_no_port +
	       stats->dropped_table_full + stats->dropped_no_flow + stats->dropped_cut +
	       stats->dropped_moving + stats->dropped_loop + stats->dropped_fragment +
	       stats->dropped_malformed + stats->dropped_error + stats->dropped_join +
	       stats->dropped_uplink + stats->dropped_handle;
}

/* Verdicts end in the past or never, so none ends during a check. */
static enum verdict_action action_of(const struct verdict *verdict)
{
	return verdict->until_ns ? verdict->after_action : verdict->action;
}

static uint32_t pool_of(const struct verdict *verdict)
{
	return verdict->until_ns ? verdict->after_pool : verdict->pool;
}

bool packet_oracle_passes(enum packet_sender sender)
{
	return action_of(packet_world_verdict(sender)) == VERDICT_PASS;
}

/* ---- at any time */

static int judge_address(const struct found_flow *found, struct error *error)
{
	const struct address_entry *address = packet_world_address(found->flow.address);
	const struct flow *flow = &found->flow;

	if (flow->pool != POOL_NONE)
		return address && address->pool == flow->pool
			       ? 0
			       : FAIL(error, "a flow of pool %u with another one's address",
				      flow->pool);
	if (flow->address_id || flow->port != found->key.source_port ||
	    memcmp(flow->address, found->key.source, 16))
		return FAIL(error, "a passed flow with another end than its own");
	return 0;
}

static int judge_pair(const struct found *found, const struct found_flow *half, struct error *error)
{
	const struct return_entry *entry;
	struct flow_key key = half->key;

	memcpy(key.source, half->flow.address, 16);
	key.source_port = half->flow.port;
	entry = packet_oracle_return(found, &key);
	if (!entry)
		return FAIL(error, "a flow without its return entry");
	if (memcmp(entry->source, half->key.source, 16) ||
	    entry->source_port != half->key.source_port)
		return FAIL(error, "a return entry that leads to another flow");
	return 0;
}

static int judge_gauges(const struct found *found, struct error *error)
{
	uint64_t sender_flows[PACKET_SENDERS] = {0}, address_flows[PACKET_ADDRESSES + 1] = {0};

	for (size_t i = 0; i < found->n_flows; i++) {
		const struct flow *flow = &found->flows[i].flow;

		if (flow->sender >= PACKET_SENDERS || flow->address_id > PACKET_ADDRESSES)
			return FAIL(error, "a flow of sender %u by address %u", flow->sender,
				    flow->address_id);
		sender_flows[flow->sender]++;
		if (flow->address_id)
			address_flows[flow->address_id]++;
	}
	for (int i = 0; i < PACKET_SENDERS; i++)
		if (sender_flows[i] != found->sender_flows[i])
			return FAIL(error, "sender %d has %llu flows, its gauge says %llu", i,
				    (unsigned long long)sender_flows[i],
				    (unsigned long long)found->sender_flows[i]);
	for (int i = 1; i <= PACKET_ADDRESSES; i++)
		if (address_flows[i] != found->address_flows[i])
			return FAIL(error, "address %d has %llu flows, its gauge says %llu", i,
				    (unsigned long long)address_flows[i],
				    (unsigned long long)found->address_flows[i]);
	return 0;
}

int packet_oracle_judge_maps(const struct found *found, struct error *error)
{
	int r = 0;

	if (found->n_flows != found->n_returns)
		return FAIL(error, "%zu flows and %zu return entries", found->n_flows,
			    found->n_returns);
	for (size_t i = 0; i < found->n_flows && !r; i++) {
		r = judge_pair(found, &found->flows[i], error);
		if (!r)
			r = judge_address(&found->flows[i], error);
	}
	return r ?: judge_gauges(found, error);
}

/* ---- by one packet */

/* A closed flow that was set aside has its external end as its source. */
static bool is_set_aside(const struct found_flow *found)
{
	return found->flow.pool != POOL_NONE && found->flow.port == found->key.source_port &&
	       !memcmp(found->flow.address, found->key.source, 16);
}

/* Pool INSTEAD uses the addresses of the high-risk pool. */
static bool leads_to(enum verdict_action action, uint32_t pool, uint32_t flow_pool)
{
	if (action == VERDICT_PASS)
		return flow_pool == POOL_NONE;
	return action == VERDICT_STEER &&
	       flow_pool == (pool == POOL_INSTEAD ? POOL_HIGH_RISK : pool);
}

static int judge_new(const struct packet_step *step, const struct found_flow *found,
		     const struct wire *in, struct error *error)
{
	enum packet_sender sender = packet_world_sender(step->mark, in->source);
	const struct verdict *verdict = packet_world_verdict(sender);
	uint32_t pool = found->flow.pool;

	if (memcmp(found->key.source, in->source, 16) || found->key.source_port != in->source_port)
		return FAIL(error, "a flow began that is not the packet's");
	if (verdict->flows_max && step->after->sender_flows[sender] > verdict->flows_max)
		return FAIL(error, "a flow began, and sender %u has more than its %u", sender,
			    verdict->flows_max);
	if (found->flow.sender != sender)
		return FAIL(error, "a flow of sender %u began, whose packet is %u's",
			    found->flow.sender, sender);
	if (leads_to(action_of(verdict), pool_of(verdict), pool))
		return 0;
	if (verdict->connections_per_min &&
	    leads_to(verdict->over_action, verdict->over_pool, pool))
		return 0;
	return FAIL(error, "a flow began by pool %u, against its sender's verdict", pool);
}

static int judge_kept(const struct packet_step *step, const struct flow *before,
		      const struct flow *after, const struct wire *in, struct error *error)
{
	bool egress = step->program == PROGRAM_EGRESS || step->program == PROGRAM_EGRESS_L3;

	if (memcmp(before->address, after->address, 16) || before->port != after->port ||
	    before->pool != after->pool || before->sender != after->sender ||
	    before->address_id != after->address_id)
		return FAIL(error, "a flow has become another one");
	if ((!egress || in->kind == WIRE_ICMP) &&
	    memcmp(&before->out, &after->out, sizeof(before->out)))
		return FAIL(error, "a packet counted as one that went out");
	if (after->out.packets > before->out.packets + 1)
		return FAIL(error, "a packet that went out counted more than once");
	return 0;
}

static int judge_flows(const struct packet_step *step, const struct wire *in, struct error *error)
{
	int r = 0;

	for (size_t i = 0; i < step->after->n_flows && !r; i++) {
		const struct found_flow *after = &step->after->flows[i];
		const struct flow *before = packet_oracle_flow(step->before, &after->key);

		if (before && before->opened_ns == after->flow.opened_ns &&
		    before->out.packets <= after->flow.out.packets)
			r = judge_kept(step, before, &after->flow, in, error);
		else if (!is_set_aside(after))
			r = judge_new(step, after, in, error);
	}
	return r;
}

static int judge_returns(const struct packet_step *step, const struct wire *in, struct error *error)
{
	bool egress = step->program == PROGRAM_EGRESS || step->program == PROGRAM_EGRESS_L3;

	for (size_t i = 0; i < step->after->n_returns; i++) {
		const struct found_return *after = &step->after->returns[i];
		const struct return_entry *before =
			packet_oracle_return(step->before, (const struct flow_key *)&after->key);

		if (before && after->entry.in.packets > before->in.packets + 1)
			return FAIL(error, "a packet that came in counted more than once");
		if ((egress || in->kind == WIRE_ICMP) &&
		    (in->kind == WIRE_ICMP || after->entry.in.packets) && before &&
		    memcmp(&before->in, &after->entry.in, sizeof(before->in)))
			return FAIL(error, "a packet counted as one that came in");
	}
	return 0;
}

int packet_oracle_judge_changes(const struct packet_step *step, const struct wire *in,
				struct error *error)
{
	const struct stats *before = &step->before->stats, *after = &step->after->stats;
	size_t expected = step->before->n_flows + (after->flows_opened - before->flows_opened) -
			  (after->flows_replaced - before->flows_replaced);
	int r;

	if (!step->flows_expire && step->after->n_flows != expected)
		return FAIL(error, "%zu flows, of which the counters know %zu",
			    step->after->n_flows, expected);
	r = judge_flows(step, in, error);
	return r ?: judge_returns(step, in, error);
}
