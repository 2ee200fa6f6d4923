/* SPDX-License-Identifier: BSD-2-Clause */
/* Life of the engine, decisions, orders, ends by time. */
#include "policy/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/owner.h"
#include "policy/policy_internal.h"

static void policy_free_p(struct policy **policy)
{
	policy_free(*policy);
}

static uint32_t standings_max(uint32_t senders_max)
{
	return senders_max < POLICY_STANDINGS_MAX ? senders_max : POLICY_STANDINGS_MAX;
}

int policy_new(const struct policy_options *options, const struct config *config,
	       struct policy **ret_policy)
{
	_cleanup_(policy_free_p) struct policy *policy = calloc(1, sizeof(*policy));
	struct policy_next *next = NULL;
	int r;

	if (!policy)
		return -ENOMEM;
	policy->options = *options;
	policy->ticked_sec = options->now_sec;
	r = sender_counts_new(options->senders_max, &policy->senders);
	if (r == 0)
		r = standing_table_new(standings_max(options->senders_max), &policy->standings);
	if (r == 0)
		r = policy_prepare(config, &next);
	if (r < 0)
		return r;
	policy_commit(policy, next, 0);
	*ret_policy = TAKE_PTR(policy);
	return 0;
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	sender_counts_free(policy->senders);
	standing_table_free(policy->standings);
	tenant_counts_done(&policy->tenants);
	free(policy);
}

/* ---- another configuration */

struct policy_next {
	const struct config *config;
	struct tenant_counts tenants;
};

int policy_prepare(const struct config *config, struct policy_next **ret_next)
{
	struct policy_next *next = calloc(1, sizeof(*next));
	int r;

	if (!next)
		return -ENOMEM;
	next->config = config;
	r = tenant_counts_init(&next->tenants, config);
	if (r < 0) {
		free(next);
		return r;
	}
	*ret_next = next;
	return 0;
}

void policy_next_free(struct policy_next *next)
{
	if (!next)
		return;
	tenant_counts_done(&next->tenants);
	free(next);
}

/*
 * Pools may have other ids now. The sender of a manual verdict whose pool is gone was sent away
 * from normal, so it leaves by high-risk until the pool is back: the saved order waits.
 */
static void move_manual(struct policy *policy, const struct config *config, int64_t now_sec)
{
	for (uint32_t i = 0; (i = standing_table_next(policy->standings, i));) {
		struct standing *standing = standing_table_get(policy->standings, i);

		if (!standing->manual || standing->manual_action != VERDICT_STEER)
			continue;
		standing->manual_pool =
			config_pool_moved(policy->config, standing->manual_pool, config);
		if (standing->manual_pool == POOL_NONE)
			standing->manual_pool = POOL_HIGH_RISK;
		standing_settle(policy, standing, now_sec);
	}
}

void policy_commit(struct policy *policy, struct policy_next *next, int64_t now_sec)
{
	const struct config_pool *relay = config_pool_find(next->config, "relay");

	move_manual(policy, next->config, now_sec);
	tenant_counts_inherit(&next->tenants, &policy->tenants);
	tenant_counts_done(&policy->tenants);
	policy->tenants = next->tenants;
	policy->config = next->config;
	policy->relay_pool = relay ? relay->id : POOL_NONE;
	free(next);
}

struct sender *policy_find_sender(const struct policy *policy, const struct siphash *key,
				  int64_t now_sec)
{
	struct sender *sender = sender_counts_find(policy->senders, key);

	if (sender)
		sender_advance(sender, now_sec);
	return sender;
}

static struct sender *take_sender(struct policy *policy, const struct siphash *key, int64_t now_sec)
{
	struct sender *sender = policy_find_sender(policy, key, now_sec);

	if (!sender)
		sender = sender_counts_add(policy->senders, key, now_sec);
	policy->senders_refused += !sender;
	return sender;
}

/* ---- decisions */

static bool fits(const char *text)
{
	return !text || strnlen(text, POLICY_NAME_SIZE) < POLICY_NAME_SIZE;
}

bool policy_is_name(const char *text)
{
	return text && *text && fits(text);
}

static bool facts_fit(const struct facts *facts)
{
	return fits(facts->user) && fits(facts->envelope_from) && fits(facts->header_from) &&
	       fits(facts->client) && fits(facts->sender) && fits(facts->tenant);
}

int policy_decide(struct policy *policy, const struct facts *facts, int64_t now_sec,
		  struct decision *ret_decision, struct policy_changes *changes)
{
	const struct config *config = policy->config;
	const struct config_tenant *config_tenant;
	struct tenant *tenant;
	struct identity identity;
	struct siphash key;
	struct rules_input input;
	struct sender *sender = NULL;

	if (!facts_fit(facts))
		return -EINVAL;
	identity_of_facts(config, facts, &identity);
	key = identity_key(policy->options.secret, identity.name);
	config_tenant = identity_tenant(config, &identity, facts->tenant);
	tenant = tenant_counts_get(&policy->tenants, config, config_tenant);
	if (tenant)
		tenant_advance(tenant, now_sec);
	ret_decision->tenant = config_tenant ? config_tenant->name : NULL;
	input = (struct rules_input){
		.facts = facts,
		.config = config,
		.identity = &identity,
		.policy = identity_policy(config, &identity,
					  config_tenant ? config_tenant->name : facts->tenant),
		.tenant = tenant,
		.relay_pool = policy->relay_pool,
		.now_sec = now_sec,
	};
	if (identity.kind != IDENTITY_NONE)
		input.sender = policy_find_sender(policy, &key, now_sec);
	if (input.sender)
		input.standing = standing_of(policy, input.sender);
	rules_measure(&input);
	rules_apply(&input, ret_decision);
	ret_decision->identity = identity.kind;
	ret_decision->policy = input.policy->name;
	memcpy(ret_decision->sender, identity.name, sizeof(identity.name));
	policy->decisions[ret_decision->reason]++;
	if (!rules_counts(&input))
		return 0;
	if (identity.kind != IDENTITY_NONE)
		sender = take_sender(policy, &key, now_sec);
	if (sender && identity.kind == IDENTITY_USER)
		sender->record.passed |= SENDER_LOGIN;
	aftermath_apply(policy, &input, sender, ret_decision, changes);
	return 0;
}

/* ---- complaints and orders */

struct siphash policy_key(const struct policy *policy, const char *name)
{
	char owner[POLICY_NAME_SIZE];

	owner_of_order(policy->config, name, owner);
	return identity_key(policy->options.secret, owner);
}

int policy_report(struct policy *policy, const char *name, int64_t now_sec,
		  struct policy_changes *changes)
{
	char owner[POLICY_NAME_SIZE];
	struct identity identity;
	struct siphash key;
	struct sender *sender;

	if (!policy_is_name(name))
		return -EINVAL;
	owner_of_order(policy->config, name, owner);
	identity_of_name(owner, &identity);
	key = identity_key(policy->options.secret, owner);
	sender = take_sender(policy, &key, now_sec);
	if (sender)
		aftermath_report(policy, sender, owner,
				 identity_policy(policy->config, &identity, NULL), now_sec,
				 changes);
	return 0;
}

int policy_release(struct policy *policy, const char *name, int64_t now_sec,
		   struct policy_changes *changes)
{
	struct siphash key = policy_key(policy, name);
	struct sender *sender = policy_find_sender(policy, &key, now_sec);
	const struct standing *standing = sender ? standing_of(policy, sender) : NULL;

	if (!standing || (!standing_holds(standing->record.restricted_until_sec, now_sec) &&
			  !standing_holds(standing->record.spam_until_sec, now_sec)))
		return -ENOENT;
	standing_release(policy, sender, now_sec, changes);
	return 0;
}

int policy_set_manual(struct policy *policy, const char *name, const struct policy_manual *manual,
		      int64_t now_sec, struct policy_changes *changes)
{
	struct siphash key;
	struct sender *sender;
	struct standing *standing = NULL;

	if (!policy_is_name(name))
		return -EINVAL;
	key = identity_key(policy->options.secret, name);
	sender = manual ? take_sender(policy, &key, now_sec)
			: policy_find_sender(policy, &key, now_sec);
	if (sender)
		standing = manual ? standing_take(policy, sender, name, changes)
				  : standing_of(policy, sender);
	if (!standing)
		return manual ? -ENOSPC : 0;
	standing_set_manual(standing, manual);
	standing_changed(policy, standing, now_sec, changes);
	return 0;
}

/* ---- time */

void policy_move_manual(struct policy *policy, int64_t stepped_sec)
{
	for (uint32_t i = 0; (i = standing_table_next(policy->standings, i));) {
		struct standing *standing = standing_table_get(policy->standings, i);

		if (!standing->manual || !standing->manual_until_sec)
			continue;
		standing->manual_until_sec += stepped_sec;
		/* The order has not changed. */
		if (standing->reported.reason == REASON_MANUAL)
			standing->reported.until_sec = standing->manual_until_sec;
		standing_table_update(policy->standings, standing);
	}
}

/* True: all standings are checked. */
static bool follow_step_back(struct policy *policy, int64_t now_sec, struct policy_changes *changes)
{
	while (changes_have_space(changes)) {
		struct standing *standing;

		policy->clamped = standing_table_next(policy->standings, policy->clamped);
		if (!policy->clamped)
			return true;
		standing = standing_table_get(policy->standings, policy->clamped);
		if (standing_clamp(standing, now_sec))
			standing_changed(policy, standing, now_sec, changes);
	}
	return false;
}

bool policy_tick(struct policy *policy, int64_t now_sec, struct policy_changes *changes)
{
	struct standing *standing;

	if (now_sec < policy->ticked_sec - WINDOW_HOLD_SEC) {
		policy->clamping = true;
		policy->clamped = 0;
	}
	policy->ticked_sec = now_sec;
	if (policy->clamping && !follow_step_back(policy, now_sec, changes))
		return true;
	policy->clamping = false;
	while ((standing = standing_table_due(policy->standings, now_sec))) {
		if (!changes_have_space(changes))
			return true;
		standing_end_due(policy, standing, now_sec, changes);
	}
	return false;
}
