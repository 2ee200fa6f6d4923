/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections, which no MTA reports. The datapath counts all of them, and sends an event for each
 * one of a sender with a limit. An event names the sender, the count has the number; a walk over
 * all counts replaces events that were lost.
 */
#include "config/config.h"
#include "steering/steering.h"
#include "judge/judge_internal.h"
#include "datapath/datapath.h"

/* Connections of senders without a limit would only use space. */
static bool is_limited(const struct judge *judge, const struct steering_sender *sender)
{
	return sender->config &&
	       policy_rules(judge->policy, sender->name)->limits[CONFIG_CONNECTIONS_PER_MINUTE];
}

static void decide(void *data, const struct steering_sender *sender, uint32_t count)
{
	struct judge *judge = data;
	const struct facts facts = {
		.kind = FACTS_CONNECTION, .sender = sender->name, .connections = count};
	struct policy_changes changes;
	struct decision decision;

	if (sender->id == SENDER_UNKNOWN)
		surges_unknown_connections(judge->surges, count, judge->now.sec);
	if (sender->id == SENDER_UNKNOWN || !is_limited(judge, sender))
		return;
	changes.count = 0;
	if (policy_decide(judge->policy, &facts, judge->now.sec, &decision, &changes) == 0)
		judge_apply_or_retry(judge, &changes);
}

void judge_connections(struct judge *judge, uint32_t sender_id, const struct now *now)
{
	const struct steering_sender *sender;
	uint32_t count;

	judge_take_time(judge, now);
	/* Events come in bursts: the first one takes the connections of all. */
	if (steering_take_connections(judge->steering, sender_id, &sender, &count) == 0 && count)
		decide(judge, sender, count);
}

int judge_skip_connections(struct steering *steering, struct error *error)
{
	return steering_take_all_connections(steering, NULL, NULL, error);
}

void judge_note_lost(struct judge *judge)
{
	struct datapath *datapath = steering_datapath(judge->steering);
	struct stats stats = {0};

	datapath->ops->stats(datapath, &stats);
	judge->events_lost = stats.events_lost;
}

void judge_take_lost(struct judge *judge)
{
	struct error error;

	if (steering_take_all_connections(judge->steering, decide, judge, &error) < 0)
		judge_trouble(judge, &error);
}

void judge_check_unknown(struct judge *judge)
{
	judge_connections(judge, SENDER_UNKNOWN, &judge->now);
}

void judge_check_connections(struct judge *judge)
{
	struct datapath *datapath = steering_datapath(judge->steering);
	struct stats stats;

	judge_check_unknown(judge);
	if (datapath->ops->stats(datapath, &stats) < 0 || stats.events_lost == judge->events_lost)
		return;
	judge->events_lost = stats.events_lost;
	judge_take_lost(judge);
}
