/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine: counts messages and connections of senders, decides on each message by the rules of
 * decision.h, and returns the standings that changed. Pure: time is an argument, nothing is read,
 * written or logged, and a decision allocates nothing unless a name has letters outside ASCII.
 *
 * now_sec is wall-clock time (UTC): restrictions end at midnight, and counts outlive a restart.
 *
 * ---- Work that is left to the caller
 *
 * A call appends the standings that it changed (restricted, high-risk for spam, at a limit) to
 * `changes`. The caller makes each durable and writes its verdict into the maps before the next
 * call. Counts change with every message: policy_next_sender() and policy_next_tenant() export
 * those that changed.
 *
 *   good ──(N of M messages are spam, or P complaints)──► spam ──(its time is over)──► good
 *   good ──(a limit is reached)──► over-limit ──(below the limit again)──► good
 *   any  ──(over the limit, on_limit restricts)──► restricted ──(midnight or release)──► any
 *   any  ──(an order)──► manual ──(its time is over, or an order)──► any
 *
 * Several may hold at the same time; the verdict is the first of manual, restricted, spam,
 * over-limit.
 *
 * A limit is reached when the count equals it: not one recipient more may pass. The verdict then is
 * high-risk where on_limit says so (also after a release on the same day), and drop where
 * connections are to be deferred. In all other cases the verdict stays, since each message is
 * decided by itself.
 */
#pragma once

#include <stdint.h>

#include "policy/changes.h"
#include "policy/decision.h"
#include "policy/sender_counts.h"
#include "policy/siphash.h"
#include "policy/standing_table.h"
#include "policy/tenant_counts.h"

struct config;
struct policy;

struct policy_options {
	uint32_t senders_max; /* config.senders_tracked_max */
	int64_t now_sec;      /* start; a clock that goes back before the first tick is noticed */
	/* Random. Stored with the records, which are useless without it. */
	uint8_t secret[SIPHASH_KEY_SIZE];
};
#define POLICY_STANDINGS_MAX 65536 /* no more than senders_max */

/* Borrows `config`. -ENOMEM; -EINVAL: senders_max is 0. */
int policy_new(const struct policy_options *options, const struct config *config,
	       struct policy **ret_policy);
void policy_free(struct policy *policy);

/*
 * Another configuration; counts and standings stay. Two steps, so that a caller that has more to
 * prepare can keep the old configuration, which must exist until policy_commit() returns:
 *
 *   policy_prepare()  may fail (-ENOMEM) and changes nothing; policy_next_free() cancels it
 *   policy_commit()   cannot fail, and consumes the preparation
 */
struct policy_next;
int policy_prepare(const struct config *config, struct policy_next **ret_next);
void policy_next_free(struct policy_next *next);
void policy_commit(struct policy *policy, struct policy_next *next, int64_t now_sec);

/* -EINVAL: a text is too long. */
int policy_decide(struct policy *policy, const struct facts *facts, int64_t now_sec,
		  struct decision *ret_decision, struct policy_changes *changes);

/* A complaint about spam of this sender. -EINVAL: no name, or too long. */
int policy_report(struct policy *policy, const char *sender, int64_t now_sec,
		  struct policy_changes *changes);

/* Ends a restriction and a verdict for spam. -ENOENT: neither holds. */
int policy_release(struct policy *policy, const char *sender, int64_t now_sec,
		   struct policy_changes *changes);

struct policy_manual {
	enum verdict_action action;
	uint32_t pool;	   /* POOL_NONE unless STEER */
	int64_t until_sec; /* 0: no end */
};
/* A manual verdict; NULL removes it. -EINVAL: no name, or too long; -ENOSPC: no space. */
int policy_set_manual(struct policy *policy, const char *sender, const struct policy_manual *manual,
		      int64_t now_sec, struct policy_changes *changes);

/* The calendar was stepped (struct now): the ends of manual verdicts move with it. */
void policy_move_manual(struct policy *policy, int64_t stepped_sec);

/*
 * Ends restrictions and verdicts whose time is over; the work is proportional to their number. Once
 * a second is often enough. When the clock went back by more than WINDOW_HOLD_SEC it checks all
 * standings, so that none outlives the longest time that it could be given now.
 *
 * True: `changes` is full and more is due. Carry them out and call again.
 */
bool policy_tick(struct policy *policy, int64_t now_sec, struct policy_changes *changes);

/* ---- views of a sender */

struct policy_view {
	const char *policy; /* its name */
	uint32_t counts[CONFIG_LIMITS_OF_SENDER];
	uint32_t limits[CONFIG_LIMITS_OF_SENDER]; /* 0: none */
	uint32_t reports;
	uint32_t spam_marks; /* among the last spam_of messages */
	uint32_t spam_of;
	struct sender_verdict verdict;
	int64_t restricted_until_sec; /* 0: not; STANDING_FOREVER: until released */
};
/* -ENOENT: an unknown sender. The policy is the one that its name alone chooses. */
int policy_view(struct policy *policy, const char *sender, int64_t now_sec,
		struct policy_view *ret_view);

/*
 * The verdict on a name; counts are neither read nor brought up to date. REASON_GOOD: none, also
 * for a name that is unknown or too long.
 */
struct sender_verdict policy_verdict_of(const struct policy *policy, const char *sender,
					int64_t now_sec);

/* The key of the owner of a name (owner.h). `name` is shorter than POLICY_NAME_SIZE. */
struct siphash policy_key(const struct policy *policy, const char *name);
/* As policy_verdict_of(), for tables that keep keys. */
struct sender_verdict policy_verdict_of_key(const struct policy *policy, struct siphash key,
					    int64_t now_sec);

/* The policy that a name alone chooses; never NULL. */
const struct config_policy *policy_rules(const struct policy *policy, const char *sender);

/*
 * The standing after number `after`, in no order; 0: before the first. Returns its number, 0: no
 * more. *ret_standing is borrowed until the next change.
 */
uint32_t policy_next_standing(const struct policy *policy, uint32_t after, int64_t now_sec,
			      struct policy_standing *ret_standing);

struct policy_stats {
	uint64_t decisions[REASONS]; /* by reason */
	uint64_t senders;
	uint64_t senders_evicted;
	uint64_t senders_refused; /* each place belonged to a sender with a standing */
	uint64_t standings;
	uint64_t standings_refused; /* no space */
};
void policy_stats(const struct policy *policy, struct policy_stats *ret_stats);

/* ---- records that outlive the process */

/*
 * A record that changed since it was exported; NULL: none. Borrowed until the next decision. Once
 * it is stored, call the second function, and the next record follows: the work is proportional to
 * the records that changed.
 */
const struct sender_record *policy_next_sender(const struct policy *policy);
void policy_sender_exported(struct policy *policy);
const struct tenant_record *policy_next_tenant(const struct policy *policy, const char **ret_name);
void policy_tenant_exported(struct policy *policy);

/* Marks all records as changed, where the stored ones are lost. */
void policy_export_all(struct policy *policy);

/*
 * Before the first decision, in any order; no import is a change. Records from a future time (the
 * clock went back) are handled as by policy_decide() and policy_tick(). A sender record whose
 * base_sec is SENDER_STALE_SEC old counts nothing and need not be stored. -EINVAL: another version,
 * or damaged; -ENOSPC: no space; -ENOENT: no such tenant.
 */
int policy_import_sender(struct policy *policy, const struct sender_record *record);
int policy_import_tenant(struct policy *policy, const char *name,
			 const struct tenant_record *record);
bool policy_has_record(const struct policy *policy, const char *sender);
/* 0 also for a record without content. */
int policy_import_standing(struct policy *policy, const struct standing_record *record,
			   int64_t now_sec);
int policy_import_manual(struct policy *policy, const char *sender,
			 const struct policy_manual *manual, int64_t now_sec);
