/* SPDX-License-Identifier: BSD-2-Clause */
/* Combines the answers to one domain's queries, as they arrive, by the table of maildns.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/decision.h"

struct ub_result;

/* The lifetime of a negative answer without a SOA, at most. */
#define OUTCOME_NO_SOA_SEC 60

/* All zero: no query was sent. */
struct outcome {
	unsigned pending; /* queries without an answer */
	bool mx_pending;
	bool present, null_mx, failed;
	uint32_t present_sec, null_mx_sec, absent_sec; /* TTLs; absent: the shortest */
};

/* A query of that type (ns_t_mx, …) is sent. */
void outcome_ask(struct outcome *outcome, int type);

/* Its answer; NULL where the query failed. */
void outcome_take(struct outcome *outcome, int type, const struct ub_result *result);

/* False: the outcome depends on a pending query. */
bool outcome_decide(const struct outcome *outcome, bool null_mx_is_absent, enum facts_dns *ret_dns,
		    uint32_t *ret_sec);
