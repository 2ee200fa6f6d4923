/* SPDX-License-Identifier: BSD-2-Clause */
/* What the answers to a domain's queries come to, by the table of maildns.h; each as it arrives. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/decision.h"

struct ub_result;

/* All zero: nothing has been asked. */
struct answer {
	unsigned pending; /* queries that were sent */
	bool mx_pending;
	bool present, null_mx, failed;
	uint32_t present_sec, null_mx_sec, absent_sec; /* TTLs; absent: the shortest */
};

void answer_ask(struct answer *answer, int type);

/* `result` is NULL where there was none. */
void answer_take(struct answer *answer, int type, const struct ub_result *result);

/* False: that depends on what is still pending. */
bool answer_decide(const struct answer *answer, bool null_mx_is_absent, enum facts_dns *ret_dns,
		   uint32_t *ret_sec);
