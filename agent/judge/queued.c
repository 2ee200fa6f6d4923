/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdict on queued mail, by its envelope sender alone. */
#include "config/config.h"
#include "steering/steering.h"
#include "judge/judge_internal.h"
#include "policy/identity.h"

static struct sender_verdict high_risk(void)
{
	return (struct sender_verdict){
		.action = VERDICT_STEER, .pool = POOL_HIGH_RISK, .reason = REASON_BOUNCE};
}

/* Nobody is accountable. */
static struct sender_verdict by_default(const struct config *config)
{
	return (struct sender_verdict){
		.action = config->default_action,
		.pool = config->default_pool ? config->default_pool->id : POOL_NONE,
		.reason = REASON_UNKNOWN_SENDER,
	};
}

static struct sender_verdict of_name(const struct judge *judge, const char *from, int64_t now_sec)
{
	enum config_identity identity = judge->config->identity;
	struct sender_verdict verdict = policy_verdict_of(judge->policy, from, now_sec);
	const char *domain = identity_domain(from);

	if (verdict.reason != REASON_GOOD)
		return verdict;
	if (identity == CONFIG_IDENTITY_DOMAIN && domain)
		return policy_verdict_of(judge->policy, domain, now_sec);
	return identity == CONFIG_IDENTITY_ENVELOPE ? verdict : by_default(judge->config);
}

void judge_envelope(const struct judge *judge, const char *from, const struct now *now,
		    struct judge_envelope *ret_envelope)
{
	struct sender_verdict verdict = *from ? of_name(judge, from, now->sec) : high_risk();
	const struct config_pool *pool = NULL;
	const struct lane *lane;

	if (verdict.action == VERDICT_STEER)
		pool = config_pool_by_id(judge->config, verdict.pool);
	lane = steering_lane(judge->steering, pool, from);
	*ret_envelope = (struct judge_envelope){
		.action = verdict.action,
		.reason = verdict.reason,
		.pool = pool ? pool->name : NULL,
		.lane = lane,
		.held = lane ? steering_held(judge->steering, lane) : NULL,
	};
}
