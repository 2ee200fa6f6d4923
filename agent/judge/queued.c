/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdict on queued mail, by its envelope sender alone. */
#include <string.h>
#include <strings.h>

#include "config/config.h"
#include "policy/logins.h"
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

static bool is_stricter(const struct sender_verdict *verdict, const struct sender_verdict *than)
{
	if (than->reason == REASON_GOOD || verdict->reason == REASON_GOOD)
		return verdict->reason != REASON_GOOD;
	return verdict->action == VERDICT_DROP && than->action != VERDICT_DROP;
}

/*
 * Of the logins that have used this envelope sender; GOOD: none of them has a standing. A limit
 * that is reached meets new messages: those in the queue were within it.
 */
static struct sender_verdict of_logins(const struct judge *judge, const char *from, int64_t now_sec)
{
	struct sender_verdict strictest = {.reason = REASON_GOOD};
	struct siphash logins[LOGINS_EACH];
	unsigned count = logins_of(judge->logins, policy_key(judge->policy, from), now_sec, logins);

	for (unsigned i = 0; i < count; i++) {
		struct sender_verdict verdict =
			policy_verdict_of_key(judge->policy, logins[i], now_sec);

		if (verdict.reason != REASON_OVER_LIMIT && is_stricter(&verdict, &strictest))
			strictest = verdict;
	}
	return strictest;
}

/* Postfix probes addresses, and notifies the postmaster, as double-bounce@. */
static bool is_probe(const char *from)
{
	return strncasecmp(from, "double-bounce@", strlen("double-bounce@")) == 0;
}

static struct sender_verdict of_name(const struct judge *judge, const char *from, int64_t now_sec)
{
	enum config_identity identity = judge->config->identity;
	struct sender_verdict verdict = policy_verdict_of(judge->policy, from, now_sec);
	struct sender_verdict of_login = {.reason = REASON_GOOD};
	const char *domain = identity_domain(from);

	if (verdict.reason != REASON_GOOD)
		return verdict;
	if (is_probe(from))
		return high_risk();
	if (strnlen(from, POLICY_NAME_SIZE) < POLICY_NAME_SIZE)
		of_login = of_logins(judge, from, now_sec);
	if (of_login.reason != REASON_GOOD)
		return of_login;
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
	lane = steering_lane_at(judge->steering, pool, from, now->sec);
	*ret_envelope = (struct judge_envelope){
		.action = verdict.action,
		.reason = verdict.reason,
		.pool = pool ? pool->name : NULL,
		.lane = lane,
		.held = lane ? steering_held(judge->steering, lane) : NULL,
	};
}
