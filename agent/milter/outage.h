/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens to messages while the agent does not answer: counted, and told in the log, so that it is
 * seen although nobody is there to count it in metrics.
 *
 *   a first failure              "agent not running at '…': mail passes without it"
 *   every OUTAGE_TELL_SEC        "… still away: 1200 messages passed, 30 marked high-risk, 0 deferred"
 *   the first answer afterwards  "the agent answers again: …", with all that was counted meanwhile
 *
 * Who comes and goes all the time is told of once in OUTAGE_TELL_SEC. The agent is told as well, with the
 * next question that it answers (facts.h, unanswered).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

struct error;

#define OUTAGE_TELL_SEC 60

enum outage_kind { OUTAGE_PASSED, OUTAGE_HIGH_RISK, OUTAGE_DEFERRED, OUTAGE_KINDS };

/* All zero: the agent answers. */
struct outage {
	bool away;		       /* and told so */
	uint64_t told_ns;	       /* when something was last told; 0: never */
	uint64_t counts[OUTAGE_KINDS]; /* since the last "answers again" */
	uint32_t untold;	       /* that the agent does not know of */
};

/* For a question: what the agent is told with it. Without an answer it is given back to outage_count(). */
uint32_t outage_take(struct outage *outage);
/* A message that was not answered, and what became of it. */
void outage_count(struct outage *outage, enum outage_kind kind, uint32_t taken,
		  const struct error *why, uint64_t now_ns);
/* The agent has answered. */
void outage_end(struct outage *outage, uint64_t now_ns);
/* At the end of the process: what was not told yet. */
void outage_tell(struct outage *outage);
