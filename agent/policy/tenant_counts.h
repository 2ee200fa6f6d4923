/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts of tenants: totals of all their senders. Tenants are configured, so they are few and have
 * counters of 32 bits. Within policy/ only, except struct tenant_record, which the state stores by
 * name.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "policy/window.h"

#define TENANT_VERSION 1

struct tenant_record {
	uint32_t version;
	uint32_t base_sec;
	uint32_t passed; /* as in struct sender_record */
	uint32_t counters[CONFIG_LIMITS_OF_TENANT][WINDOW_DAY_BUCKETS + 1];
};

struct tenant {
	const struct config_tenant *config;
	struct tenant_record record;
	bool dirty;
};

struct tenant_counts {
	struct tenant *tenants; /* as many as the configuration's, in the same order */
	size_t count;
};

/* For the tenants of `config`, with nothing counted. -ENOMEM. */
int tenant_counts_init(struct tenant_counts *tenants, const struct config *config);
/* Each tenant takes the counts of the tenant of the same name in `before`. */
void tenant_counts_inherit(struct tenant_counts *tenants, const struct tenant_counts *before);
void tenant_counts_done(struct tenant_counts *tenants);

/* The counts of a tenant of `config`; NULL where `tenant` is NULL. */
struct tenant *tenant_counts_get(const struct tenant_counts *tenants, const struct config *config,
				 const struct config_tenant *tenant);

/* As the functions of senders; `limit` is a limit of tenants. */
void tenant_advance(struct tenant *tenant, int64_t now_sec);
uint32_t tenant_sum(const struct tenant *tenant, enum config_limit limit);
void tenant_count(struct tenant *tenant, enum config_limit limit, uint32_t n);
int64_t tenant_below_at(const struct tenant *tenant, enum config_limit limit, uint32_t max);
