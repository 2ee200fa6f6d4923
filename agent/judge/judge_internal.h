/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files of judge/; no other room includes it. */
#pragma once

#include "base/error.h"
#include "judge/judge.h"

struct logins;
struct persist;

struct judge {
	const struct config *config;
	struct steering *steering;
	struct state *state;
	struct judge_hooks hooks;
	struct policy *policy;
	struct decision_log *log;
	struct surges *surges;
	struct logins *logins;
	struct persist *persist;
	struct now now;	      /* of the current call */
	bool unapplied;	      /* a map refused a verdict: the next tick compares all */
	uint64_t events_lost; /* by the datapath's count */
	uint64_t reports;
	uint64_t unanswered;
	struct mail_dns mail_dns;
};

/* ---- calendar.c */

/* At the begin of each call. */
void judge_take_time(struct judge *judge, const struct now *now);
/* The moment and the orders that end: both or none. */
int judge_save_calendar(struct judge *judge, struct error *error);
/* The moment alone, within a transaction. */
int judge_put_calendar(const struct judge *judge, struct state *state, struct error *error);

/* ---- apply.c */

void judge_emit(const struct judge *judge, const struct wire_event *event);
void judge_trouble(const struct judge *judge, const struct error *error);

/* Carries out all changes, and returns the first failure of a map. */
int judge_apply(struct judge *judge, const struct policy_changes *changes, struct error *error);
/* The same, where no caller waits: a failure is reported, and the next tick tries again. */
void judge_apply_or_retry(struct judge *judge, const struct policy_changes *changes);

/* Reports an order whose pool is not configured. */
void judge_tell_waiting(const struct judge *judge);

/* Brings the map in line with all standings. */
void judge_refresh(struct judge *judge);

/* ---- connections.c */

/* For this steering, connections until now count as taken. */
int judge_skip_connections(struct steering *steering, struct error *error);
/* The events lost until now have been made up for. */
void judge_note_lost(struct judge *judge);
/* Takes connections whose events were lost, and those of unknown senders. */
void judge_check_connections(struct judge *judge);
/* Those of unknown senders alone. */
void judge_check_unknown(struct judge *judge);
void judge_take_lost(struct judge *judge);
