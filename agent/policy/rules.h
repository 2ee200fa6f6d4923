/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of decision.h over what is known, one after the other. They change nothing: what follows
 * from a decision is policy.c's. Within policy/ only.
 */
#pragma once

#include "policy/decision.h"
#include "policy/identity.h"
#include "policy/sender_counts.h"
#include "policy/standing_table.h"
#include "policy/tenant_counts.h"

/* All borrowed; the windows are up to date. */
struct rules_input {
	const struct facts *facts;
	const struct config *config;
	const struct config_policy *policy;
	const struct identity *identity;
	const struct sender *sender;	 /* NULL: nothing counted yet */
	const struct standing *standing; /* NULL: none */
	const struct tenant *tenant;	 /* NULL: none */
	uint32_t relay_pool;		 /* POOL_NONE: no relay rule */
	int64_t now_sec;
};

/* Fills everything but the names. */
void rules_apply(const struct rules_input *input, struct decision *ret_decision);

/* What these facts would count against each limit; the rules for it are in decision.h. */
void rules_adds(const struct facts *facts, uint32_t ret_adds[CONFIG_LIMITS]);

/* So far, and 0 where there is no limit. */
uint32_t rules_count(const struct rules_input *input, enum config_limit limit);
uint32_t rules_max(const struct rules_input *input, enum config_limit limit);
/* Past the limit; with what holds for limits by the minute and after a release. */
enum config_on_limit rules_on_limit(const struct rules_input *input, enum config_limit limit);

bool rules_is_bounce(const struct facts *facts);
int64_t rules_next_midnight(int64_t now_sec); /* UTC */
uint32_t rules_day(int64_t now_sec);	      /* since the epoch, UTC; at least 1 */
