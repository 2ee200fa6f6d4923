/* SPDX-License-Identifier: BSD-2-Clause */
/* What outlives the process goes out and comes back in. */
#include <errno.h>
#include <string.h>

#include "policy/policy_internal.h"

static int export_tenants(struct policy *policy, const struct policy_export *export)
{
	for (size_t i = 0; i < policy->tenants.count; i++) {
		struct tenant *tenant = &policy->tenants.tenants[i];
		int r = 0;

		if (!tenant->dirty)
			continue;
		if (export->tenant)
			r = export->tenant(export->data, tenant->config->name, &tenant->record);
		if (r < 0)
			return r;
		tenant->dirty = false;
	}
	return 0;
}

int policy_export(struct policy *policy, const struct policy_export *export)
{
	const struct sender *sender;

	while ((sender = sender_counts_first_dirty(policy->senders))) {
		int r = 0;

		if (export->sender)
			r = export->sender(export->data, &sender->record);
		if (r < 0)
			return r;
		sender_counts_clean_first(policy->senders);
	}
	return export_tenants(policy, export);
}

void policy_export_all(struct policy *policy)
{
	sender_counts_mark_all(policy->senders);
	for (size_t i = 0; i < policy->tenants.count; i++)
		policy->tenants.tenants[i].dirty = true;
}

/* An evicted one is not told of: at the start, what is kept may be more than what fits now. */
static struct sender *import_place(struct policy *policy, const struct siphash *key)
{
	struct sender *sender = sender_counts_find(policy->senders, key);

	if (!sender)
		sender = sender_counts_add(policy->senders, key, 0, NULL, NULL);
	return sender;
}

int policy_import_sender(struct policy *policy, const struct sender_record *record)
{
	struct siphash key = {{record->key[0], record->key[1]}};
	struct sender *sender;

	if (record->version != SENDER_VERSION)
		return -EINVAL;
	sender = import_place(policy, &key);
	if (!sender)
		return -ENOSPC;
	sender->record = *record;
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

int policy_import_standing(struct policy *policy, const struct standing_record *record,
			   int64_t now_sec)
{
	struct siphash key;
	struct sender *sender;
	struct standing *standing;

	if (!is_sound(record))
		return -EINVAL;
	key = identity_key(policy->options.secret, record->name);
	sender = import_place(policy, &key);
	standing = sender ? standing_take(policy, sender, record->name) : NULL;
	if (!standing)
		return -ENOSPC;
	standing->record = *record;
	standing_clamp(standing, now_sec);
	standing->told = standing_verdict(standing, now_sec);
	standing_table_update(policy->standings, standing);
	return 0;
}
