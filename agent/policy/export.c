/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of the engine, exported and imported. */
#include <errno.h>
#include <string.h>

#include "policy/policy_internal.h"

const struct sender_record *policy_next_sender(const struct policy *policy)
{
	const struct sender *sender = sender_counts_first_dirty(policy->senders);

	return sender ? &sender->record : NULL;
}

void policy_sender_exported(struct policy *policy)
{
	sender_counts_clean_first(policy->senders);
}

static struct tenant *first_dirty(const struct policy *policy)
{
	for (size_t i = 0; i < policy->tenants.count; i++)
		if (policy->tenants.tenants[i].dirty)
			return &policy->tenants.tenants[i];
	return NULL;
}

const struct tenant_record *policy_next_tenant(const struct policy *policy, const char **ret_name)
{
	const struct tenant *tenant = first_dirty(policy);

	if (!tenant)
		return NULL;
	*ret_name = tenant->config->name;
	return &tenant->record;
}

void policy_tenant_exported(struct policy *policy)
{
	first_dirty(policy)->dirty = false;
}

void policy_export_all(struct policy *policy)
{
	sender_counts_mark_all(policy->senders);
	for (size_t i = 0; i < policy->tenants.count; i++)
		policy->tenants.tenants[i].dirty = true;
}

/* More senders may be stored than fit now: some are evicted. */
static struct sender *import_place(struct policy *policy, const struct siphash *key)
{
	struct sender *sender = sender_counts_find(policy->senders, key);

	if (!sender)
		sender = sender_counts_add(policy->senders, key, 0);
	return sender;
}

int policy_import_sender(struct policy *policy, const struct sender_record *record)
{
	struct siphash key = {{record->key[0], record->key[1]}};
	struct sender_record renewed = *record;
	struct sender *sender;

	if (sender_record_renew(&renewed) < 0)
		return -EINVAL;
	sender = import_place(policy, &key);
	if (!sender)
		return -ENOSPC;
	sender->record = renewed;
	return 0;
}

int policy_import_tenant(struct policy *policy, const char *name,
			 const struct tenant_record *record)
{
	if (record->version != TENANT_VERSION)
		return -EINVAL;
	for (size_t i = 0; i < policy->tenants.count; i++) {
		struct tenant *tenant = &policy->tenants.tenants[i];

		if (strcmp(tenant->config->name, name) != 0)
			continue;
		tenant->record = *record;
		return 0;
	}
	return -ENOENT;
}

static bool is_sound(const struct standing_record *record)
{
	return record->version == STANDING_VERSION && record->name[0] &&
	       memchr(record->name, '\0', sizeof(record->name)) &&
	       (!record->full_until_sec || record->full_action == VERDICT_STEER ||
		record->full_action == VERDICT_DROP);
}

bool policy_has_record(const struct policy *policy, const char *name)
{
	struct siphash key = identity_key(policy->options.secret, name);
	const struct sender *sender = sender_counts_find(policy->senders, &key);
	const struct standing *standing = sender ? standing_of(policy, sender) : NULL;

	return standing && standing_has_record(&standing->record);
}

/* NULL: no space. */
static struct standing *import_place_of_standing(struct policy *policy, const char *name)
{
	struct siphash key = identity_key(policy->options.secret, name);
	struct sender *sender = import_place(policy, &key);

	return sender ? standing_make(policy, sender, name) : NULL;
}

int policy_import_standing(struct policy *policy, const struct standing_record *record,
			   int64_t now_sec)
{
	struct standing *standing;

	if (!is_sound(record))
		return -EINVAL;
	if (!standing_has_record(record))
		return 0;
	standing = import_place_of_standing(policy, record->name);
	if (!standing)
		return -ENOSPC;
	standing->record = *record;
	standing_clamp(standing, now_sec);
	standing_settle(policy, standing, now_sec);
	return 0;
}

int policy_import_manual(struct policy *policy, const char *name,
			 const struct policy_manual *manual, int64_t now_sec)
{
	struct standing *standing;

	if (!policy_is_name(name))
		return -EINVAL;
	standing = import_place_of_standing(policy, name);
	if (!standing)
		return -ENOSPC;
	standing_set_manual(standing, manual);
	standing_settle(policy, standing, now_sec);
	return 0;
}
