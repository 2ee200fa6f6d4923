/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine's life, decisions, what is done by hand, and what time ends. */
#include "policy/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/policy_internal.h"

static void policy_free_p(struct policy **policy)
{
	policy_free(*policy);
}

static uint32_t default_standings(uint32_t senders_max)
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
	if (policy->options.standings_max == 0)
		policy->options.standings_max = default_standings(options->senders_max);
	r = sender_counts_new(options->senders_max, &policy->senders);
	if (r == 0)
		r = standing_table_new(policy->options.standings_max, &policy->standings);
	if (r == 0)
		r = policy_prepare(config, &next);
	if (r < 0)
		return r;
	policy_commit(policy, next);
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

void policy_commit(struct policy *policy, struct policy_next *next)
{
	const struct config_pool *relay = config_pool_find(next->config, "relay");

	tenant_counts_inherit(&next->tenants, &policy->tenants);
	tenant_counts_done(&policy->tenants);
	policy->tenants = next->tenants;
	policy->config = next->config;
	policy->relay_pool = relay ? relay->id : POOL_NONE;
	free(next);
}

void policy_emit(const struct policy *policy, const struct policy_event *event)
{
	const struct policy_callbacks *callbacks = &policy->options.callbacks;

	if (callbacks->on_event)
		callbacks->on_event(callbacks->data, event);
}

struct sender *policy_find_sender(const struct policy *policy, const struct siphash *key,
				  int64_t now_sec)
{
	struct sender *sender = sender_counts_find(policy->senders, key);

	if (sender)
		sender_advance(sender, now_sec);
	return sender;
}

struct sender *policy_take_sender(struct policy *policy, const struct siphash *key, int64_t now_sec)
{
	const struct policy_callbacks *callbacks = &policy->options.callbacks;
	struct sender *sender = policy_find_sender(policy, key, now_sec);

	if (!sender)
		sender = sender_counts_add(policy->senders, key, now_sec, callbacks->on_evicted,
					   callbacks->data);
	policy->senders_refused += !sender;
	return sender;
}

/* ---- decisions */

static bool fits(const char *text)
{
	return !text || strnlen(text, POLICY_NAME_SIZE) < POLICY_NAME_SIZE;
}

static bool is_name(const char *text)
{
	return text && *text && fits(text);
}

static bool facts_fit(const struct facts *facts)
{
	return fits(facts->user) && fits(facts->envelope_from) && fits(facts->header_from) &&
	       fits(facts->client) && fits(facts->sender) && fits(facts->tenant);
}

int policy_decide(struct policy *policy, const struct facts *facts, int64_t now_sec,
		  struct decision *ret_decision)
{
	const struct config *config = policy->config;
	const struct config_tenant *config_tenant;
	struct tenant *tenant;
	struct identity identity;
	struct siphash key;
	struct rules_input input;

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
	rules_apply(&input, ret_decision);
	ret_decision->identity = identity.kind;
	ret_decision->policy = input.policy->name;
	memcpy(ret_decision->sender, identity.name, sizeof(identity.name));
	policy->decisions[ret_decision->reason]++;
	aftermath_apply(policy, &input, &key, ret_decision);
	return 0;
}

/* ---- by hand */

int policy_report(struct policy *policy, const char *name, int64_t now_sec)
{
	struct identity identity;
	struct siphash key;
	struct sender *sender;

	if (!is_name(name))
		return -EINVAL;
	identity_of_name(name, &identity);
	key = identity_key(policy->options.secret, name);
	sender = policy_take_sender(policy, &key, now_sec);
	if (sender)
		aftermath_report(policy, sender, name,
				 identity_policy(policy->config, &identity, NULL), now_sec);
	return 0;
}

int policy_release(struct policy *policy, const char *name, int64_t now_sec)
{
	struct siphash key = identity_key(policy->options.secret, name);
	struct sender *sender = policy_find_sender(policy, &key, now_sec);
	const struct standing *standing = sender ? standing_of(policy, sender) : NULL;

	if (!standing || (standing->record.restricted_until_sec <= now_sec &&
			  standing->record.spam_until_sec <= now_sec))
		return -ENOENT;
	standing_release(policy, sender, now_sec);
	return 0;
}

int policy_set_manual(struct policy *policy, const char *name, const struct policy_manual *manual,
		      int64_t now_sec)
{
	struct siphash key;
	struct sender *sender;
	struct standing *standing = NULL;

	if (!is_name(name))
		return -EINVAL;
	key = identity_key(policy->options.secret, name);
	sender = manual ? policy_take_sender(policy, &key, now_sec)
			: policy_find_sender(policy, &key, now_sec);
	if (sender)
		standing =
			manual ? standing_take(policy, sender, name) : standing_of(policy, sender);
	if (!standing)
		return manual ? -ENOSPC : 0;
	standing->manual = manual != NULL;
	if (manual) {
		standing->manual_action = manual->action;
		standing->manual_pool = manual->pool;
		standing->manual_until_sec = manual->until_sec;
	}
	standing_changed(policy, standing, now_sec);
	return 0;
}

/* ---- time */

static void follow_step_back(struct policy *policy, int64_t now_sec)
{
	for (uint32_t i = 0; (i = standing_table_next(policy->standings, i));) {
		struct standing *standing = standing_table_get(policy->standings, i);

		if (standing_clamp(standing, now_sec))
			standing_changed(policy, standing, now_sec);
	}
}

void policy_tick(struct policy *policy, int64_t now_sec)
{
	struct standing *standing;

	if (now_sec < policy->ticked_sec - WINDOW_HOLD_SEC)
		follow_step_back(policy, now_sec);
	policy->ticked_sec = now_sec;
	while ((standing = standing_table_due(policy->standings, now_sec)))
		standing_end_due(policy, standing, now_sec);
}

int64_t policy_next_tick(const struct policy *policy)
{
	return standing_table_next_due(policy->standings);
}
