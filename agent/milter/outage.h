/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts messages that the agent did not decide, and reports them in the log, because the agent's
 * metrics cannot show them.
 *
 *   the first failure             "agent not running at '…': …" and the counts
 *   every OUTAGE_REPORT_SEC       the reason of the last failure and all counts so far
 *   the first answer afterwards   "the agent answers again: …" and all counts
 *
 * A flapping agent is reported at most once in OUTAGE_REPORT_SEC. The agent gets the number as
 * well, with the next question that it answers (facts.h, unanswered).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

struct error;

#define OUTAGE_REPORT_SEC 60

enum outage_kind { OUTAGE_PASSED, OUTAGE_HIGH_RISK, OUTAGE_DEFERRED, OUTAGE_KINDS };

/* All zero: the agent answers. */
struct outage {
	bool away;		       /* and reported so */
	uint64_t reported_ns;	       /* the last report; 0: none */
	uint64_t counts[OUTAGE_KINDS]; /* since the last "answers again" */
	uint32_t unreported;	       /* messages that the agent does not know of */
};

/* The number to report with a question. Without an answer it goes back to outage_count(). */
uint32_t outage_take(struct outage *outage);
/* A message without a decision, and its fate. */
void outage_count(struct outage *outage, enum outage_kind kind, uint32_t taken,
		  const struct error *why, uint64_t now_ns);
/* The agent has answered. */
void outage_end(struct outage *outage, uint64_t now_ns);
/* At the end of the process: logs what is not reported yet. */
void outage_report(struct outage *outage);
