/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the judge share, and nobody else sees. */
#pragma once

#include "base/error.h"
#include "judge/judge.h"

struct persist;

struct judge {
	const struct config *config;
	struct steering *steering;
	struct state *state;
	struct judge_hooks hooks;
	struct policy *policy;
	struct decision_log *log;
	struct surges *surges;
	struct persist *persist;
	struct now now;	      /* of the call that runs */
	bool unapplied;	      /* a map refused a verdict: all are compared again at the next tick */
	uint64_t events_lost; /* by the datapath's count */
	uint64_t reports;
	uint64_t unanswered;
};

/* ---- apply.c */

void judge_emit(const struct judge *judge, const struct wire_event *event);
void judge_trouble(const struct judge *judge, const struct error *error);

/* Carries out everything, and returns the first failure of a map. */
int judge_apply(struct judge *judge, const struct policy_changes *changes, struct error *error);
/* The same, where nobody waits for the result: reported, and tried again at the next tick. */
void judge_apply_or_retry(struct judge *judge, const struct policy_changes *changes);

/* Brings the map in line with all standings. */
void judge_refresh(struct judge *judge);

/* ---- connections.c */

/* The connections that the datapath has counted so far are history to this steering. */
int judge_take_up(struct steering *steering, struct error *error);
/* The events that the datapath has lost so far are made good. */
void judge_note_lost(struct judge *judge);
/* Connections whose events were lost, and those from no known sender. */
void judge_look(struct judge *judge);
/* Only the latter. */
void judge_look_unknown(struct judge *judge);
void judge_take_lost(struct judge *judge);
