/* SPDX-License-Identifier: BSD-2-Clause */
/* Two windows of a day for each tenant of the configuration. */
#include "policy/tenant_counts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int tenant_counts_init(struct tenant_counts *tenants, const struct config *config)
{
	struct tenant *list = calloc(config->n_tenants + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_tenants; i++) {
		list[i].config = &config->tenants[i];
		list[i].record.version = TENANT_VERSION;
	}
	*tenants = (struct tenant_counts){.tenants = list, .count = config->n_tenants};
	return 0;
}

void tenant_counts_inherit(struct tenant_counts *tenants, const struct tenant_counts *before)
{
	for (size_t i = 0; i < tenants->count; i++) {
		struct tenant *tenant = &tenants->tenants[i];

		for (size_t j = 0; j < before->count; j++) {
			const struct tenant *old = &before->tenants[j];

			if (strcmp(old->config->name, tenant->config->name) != 0)
				continue;
			tenant->record = old->record;
			tenant->dirty = old->dirty;
		}
	}
}

void tenant_counts_done(struct tenant_counts *tenants)
{
	free(tenants->tenants);
	*tenants = (struct tenant_counts){0};
}

struct tenant *tenant_counts_get(const struct tenant_counts *tenants, const struct config *config,
				 const struct config_tenant *tenant)
{
	return tenant ? &tenants->tenants[tenant - config->tenants] : NULL;
}

void tenant_advance(struct tenant *tenant, int64_t now_sec)
{
	struct tenant_record *record = &tenant->record;
	uint32_t base_sec = window_base(record->base_sec, now_sec);

	if (base_sec == record->base_sec)
		return;
	for (unsigned i = 0; i < CONFIG_LIMITS_OF_TENANT; i++)
		window_advance(&window_day_wide, record->counters[i], record->base_sec, base_sec);
	record->base_sec = base_sec;
}

uint32_t tenant_sum(const struct tenant *tenant, enum config_limit limit)
{
	return window_sum(&window_day_wide,
			  tenant->record.counters[limit - CONFIG_LIMITS_OF_SENDER]);
}

void tenant_count(struct tenant *tenant, enum config_limit limit, uint32_t n)
{
	window_add(&window_day_wide, tenant->record.counters[limit - CONFIG_LIMITS_OF_SENDER], n);
}

int64_t tenant_below_at(const struct tenant *tenant, enum config_limit limit, uint32_t max)
{
	return window_below_at(&window_day_wide,
			       tenant->record.counters[limit - CONFIG_LIMITS_OF_SENDER],
			       tenant->record.base_sec, max);
}
