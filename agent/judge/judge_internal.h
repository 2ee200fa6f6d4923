/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the judge share, and nobody else sees. */
#pragma once

#include "base/error.h"
#include "judge/judge.h"

struct config_pool;
struct persist;

struct judge {
	const struct config *config;
	struct steering *steering;
	struct state *state;
	struct judge_hooks hooks;
	struct policy *policy;
	struct decision_log *ring;
	struct surges *surges;
	struct persist *persist;
	struct now now; /* of the call that runs, for the engine's callbacks */
	bool loading;	/* what the engine says is known already */
	bool unapplied; /* a map refused a verdict: all have to be looked at again */
	bool by_hand;	/* a failure is the caller's: */
	int failed;
	struct error failure;
	uint64_t events_lost; /* by the datapath's count */
	uint64_t reports;
	uint64_t unanswered;
};

/* By the ids of the configuration; NULL: none. */
const struct config_pool *judge_pool(const struct judge *judge, uint32_t id);
void judge_trouble(const struct judge *judge, const struct error *error);

/* Brings the map in line with all standings. */
void judge_apply_all(struct judge *judge);

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
