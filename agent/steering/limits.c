/* SPDX-License-Identifier: BSD-2-Clause */
/* The limits in a sender's entry of map verdict, which the datapath enforces. */
#include "steering/steering_internal.h"

/* The action over the limit, by the sender's policy. 0 for alert: the excess is only reported. */
static enum verdict_action over_action(const struct steering *steering,
				       const struct config_sender *sender)
{
	const struct config_policy *policy =
		sender && sender->policy ? sender->policy : steering->config->default_policy;

	switch (policy ? policy->on_limit : CONFIG_ON_LIMIT_HIGH_RISK) {
	case CONFIG_ON_LIMIT_HIGH_RISK:
		return VERDICT_STEER;
	case CONFIG_ON_LIMIT_ALERT:
		return 0;
	default: /* defer and restrict are drops here; the agent does the rest */
		return VERDICT_DROP;
	}
}

/* The connections of a whole minute may come at once. */
void limits_fill(const struct steering *steering, const struct steering_sender *sender,
		 struct verdict *verdict)
{
	const struct config *config = steering->config;
	const struct config_sender *own = sender->config;

	if (sender->handles_of)
		return;
	verdict->flows_max = own ? own->flows_max : config->sender_flows_max;
	verdict->connections_per_min =
		own ? own->connections_per_minute : config->sender_connections_per_minute;
	if (!verdict->connections_per_min)
		return;
	verdict->burst = verdict->connections_per_min;
	verdict->over_action = over_action(steering, own);
	verdict->over_pool = verdict->over_action == VERDICT_STEER ? POOL_HIGH_RISK : POOL_NONE;
}
