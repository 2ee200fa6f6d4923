/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of decision.h, one after the other. They change nothing; aftermath.c does. Within
 * policy/ only.
 */
#pragma once

#include "policy/decision.h"
#include "policy/identity.h"
#include "policy/sender_counts.h"
#include "policy/standing_table.h"
#include "policy/tenant_counts.h"

/* A limit as a decision meets it; worked out once. */
struct limit_state {
	uint32_t count; /* so far */
	uint32_t adds;	/* by these facts, as decision.h counts them */
	uint32_t max;	/* 0: no limit */
	/* Past the limit, after the exceptions for limits by the minute and a release today. */
	enum config_on_limit on_limit;
};

/* All pointers are borrowed; windows are up to date. */
struct rules_input {
	const struct facts *facts;
	const struct config *config;
	const struct config_policy *policy;
	const struct identity *identity;
	const struct sender *sender;	 /* NULL: not counted yet */
	const struct standing *standing; /* NULL: none */
	const struct tenant *tenant;	 /* NULL: none */
	uint32_t relay_pool;		 /* POOL_NONE: no relay rule */
	int64_t now_sec;
	uint32_t automatic; /* recipients that automatic_per_day covers; set by rules_measure() */
	struct limit_state limits[CONFIG_LIMITS]; /* set by rules_measure() */
};

/* Fills input->limits from the other members. Facts that count nothing leave it zero. */
void rules_measure(struct rules_input *input);
/* True: the facts count. */
bool rules_counts(const struct rules_input *input);

/* Fills everything except names; input->limits is set. */
void rules_apply(const struct rules_input *input, struct decision *ret_decision);
