/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared by the files behind policy.h; no other room includes it.
 *
 *   policy.c     life, decisions, orders, time
 *   aftermath.c  consequences of a decision: counts, warnings, limits reached, repeated spam
 *   standing.c   how a standing begins, changes and ends
 *   export.c     export and import
 *   view.c       figures for people
 */
#pragma once

#include "policy/policy.h"
#include "policy/rules.h"

struct policy {
	struct policy_options options;
	const struct config *config;
	uint32_t relay_pool;
	struct sender_counts *senders;
	struct standing_table *standings;
	struct tenant_counts tenants;
	int64_t ticked_sec;
	uint32_t clamped; /* after a step back of the clock: the last standing that was checked */
	bool clamping;
	uint64_t decisions[REASONS];
	uint64_t senders_refused;
	uint64_t standings_refused;
};

/* Two bits for each limit in sender_record.passed and tenant_record.passed. */
#define PASSED_WARNING(limit) (1U << (2 * ((limit) % CONFIG_LIMITS_OF_SENDER)))
#define PASSED_LIMIT(limit)   (2U << (2 * ((limit) % CONFIG_LIMITS_OF_SENDER)))

/* ---- policy.c */

/* Not empty, and short enough. */
bool policy_is_name(const char *text);
/* With windows up to date. NULL: not in the table. */
struct sender *policy_find_sender(const struct policy *policy, const struct siphash *key,
				  int64_t now_sec);

/* ---- standing.c */

/* NULL: none. */
struct standing *standing_of(const struct policy *policy, const struct sender *sender);
/* The sender's standing, created where it is missing. NULL: no space, which is counted. */
struct standing *standing_make(struct policy *policy, struct sender *sender, const char *name);
/* The same; the lack of space is an event. */
struct standing *standing_take(struct policy *policy, struct sender *sender, const char *name,
			       struct policy_changes *changes);

/* Each changes a standing and appends the change. The standing may be gone afterwards. */
void standing_restrict(struct policy *policy, struct sender *sender, const char *name,
		       int64_t until_sec, int64_t now_sec, struct policy_changes *changes);
void standing_spam(struct policy *policy, struct sender *sender, const char *name, uint32_t for_sec,
		   int64_t now_sec, struct policy_changes *changes);
/* action 0 and until_sec 0: below each limit. */
void standing_full(struct policy *policy, struct sender *sender, const char *name,
		   enum verdict_action action, int64_t until_sec, int64_t now_sec,
		   struct policy_changes *changes);
void standing_release(struct policy *policy, struct sender *sender, int64_t now_sec,
		      struct policy_changes *changes);
void standing_end_due(struct policy *policy, struct standing *standing, int64_t now_sec,
		      struct policy_changes *changes);
/* After any other change. */
void standing_changed(struct policy *policy, struct standing *standing, int64_t now_sec,
		      struct policy_changes *changes);
/* `manual` NULL: no manual verdict. standing_changed() or standing_settle() must follow. */
void standing_set_manual(struct standing *standing, const struct policy_manual *manual);
/* The same without a change to report. */
void standing_settle(struct policy *policy, struct standing *standing, int64_t now_sec);

/* ---- aftermath.c */

/* The consequences of a decision that counts. Adds it to input->limits. `sender` NULL: nobody. */
void aftermath_apply(struct policy *policy, struct rules_input *input, struct sender *sender,
		     const struct decision *decision, struct policy_changes *changes);
void aftermath_report(struct policy *policy, struct sender *sender, const char *name,
		      const struct config_policy *rules, int64_t now_sec,
		      struct policy_changes *changes);
