/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The changes that a call of the engine made beyond counts: events and standings, in order. The
 * engine appends them, the caller carries them out when the call has returned. Nothing is
 * allocated.
 *
 * Pointers are borrowed until the next call that changes the engine; texts of a decision, as long
 * as that decision exists.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "policy/standing_table.h"

enum policy_event_kind {
	POLICY_WARNING,		  /* 80 % of a limit; re-armed below 80 % */
	POLICY_OVER_LIMIT,	  /* more than a limit; likewise */
	POLICY_RESTRICTED,	  /* until_sec: 0 until released */
	POLICY_RESTRICTION_ENDED, /* by time or release */
	POLICY_SPAM_SENDER,	  /* repeated spam */
	POLICY_SPAM_SENDER_ENDED,
	POLICY_STANDINGS_FULL, /* no space for this sender's standing */
	POLICY_EVENTS,
};

struct policy_event {
	enum policy_event_kind kind;
	const char *sender;	 /* "": nobody (a tenant's limit) */
	const char *tenant;	 /* NULL unless it is the tenant's limit */
	enum config_limit limit; /* CONFIG_LIMITS unless WARNING or OVER_LIMIT */
	uint32_t count;
	uint32_t max;
	int64_t until_sec;
};

const char *policy_event_name(enum policy_event_kind kind); /* "restriction-ended" */

struct policy_standing {
	const struct standing_record *record; /* to be kept, by its name */
	struct sender_verdict verdict;	      /* in force now */
	struct sender_verdict before;	      /* in force until this change */
	struct sender_verdict after;	      /* in force at verdict.until_sec, unless that is 0 */
	bool verdict_changed;		      /* false: only the record changed */
	bool ended; /* the standing is gone. Never with a manual verdict */
};

struct policy_change {
	bool is_event; /* false: a standing */
	union {
		struct policy_event event;
		struct policy_standing standing;
	};
};

/*
 * The most that a decision appends: a warning and an excess for each limit, and four standings with
 * an event each. policy_tick() stops while the rest of the array can hold that many.
 */
#define POLICY_CHANGES_OF_DECISION (2 * CONFIG_LIMITS + 8)
#define POLICY_CHANGES_MAX	   (2 * POLICY_CHANGES_OF_DECISION)

/* Empty where count is 0; the list need not be initialised. */
struct policy_changes {
	unsigned count;
	struct policy_change list[POLICY_CHANGES_MAX];
};

/* ---- within policy/ */

void changes_add_event(struct policy_changes *changes, const struct policy_event *event);
void changes_add_standing(struct policy_changes *changes, const struct policy_standing *standing);
/* True: the array can hold another decision, or another step of policy_tick(). */
bool changes_have_space(const struct policy_changes *changes);
