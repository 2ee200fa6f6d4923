/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The judge: counts what senders do, decides about each message by the rules of decision.h, and says
 * whose standing changed. Pure: time is an argument, nothing is read, written or logged, and a
 * decision allocates nothing.
 *
 * now_sec is wall-clock time (UTC): restrictions end at midnight, and counts outlive a restart.
 *
 * ---- What the caller keeps and writes
 *
 * A standing (restricted, high-risk for spam, at a limit) is handed to on_standing() at every change,
 * before the call that caused it returns: whoever makes it durable and writes `verdict` into the maps
 * there loses none. Counts change with every message: policy_export() hands over those that changed
 * since the last time.
 *
 *   good ──(N of M messages are spam, or P reports)──► spam ──(its time is over)──► good
 *   good ──(a limit is reached)──► over-limit ──(there is room again)──► good
 *   any  ──(over the limit, on_limit restricts)──► restricted ──(midnight or release)──► any
 *   any  ──(by hand)──► manual ──(its time is over, or by hand)──► any
 *
 * They may hold at the same time; the verdict is the first of manual, restricted, spam, over-limit.
 *
 * A limit is reached when its count has come up to it: there is no room for one recipient more. The
 * verdict says high-risk where on_limit does (also after a release on the same day), drops where
 * connections are to be deferred, and is as before in all other cases, as each message is asked about.
 */
#pragma once

#include <stdint.h>

#include "policy/decision.h"
#include "policy/sender_counts.h"
#include "policy/siphash.h"
#include "policy/standing_table.h"
#include "policy/tenant_counts.h"

struct config;
struct policy;

enum policy_event_kind {
	POLICY_WARNING,		  /* 80 % of a limit; once until the count was below again */
	POLICY_OVER_LIMIT,	  /* more than a limit; the same */
	POLICY_RESTRICTED,	  /* until_sec: 0 until released */
	POLICY_RESTRICTION_ENDED, /* by time or release */
	POLICY_SPAM_SENDER,	  /* repeated spam */
	POLICY_SPAM_SENDER_ENDED,
	POLICY_STANDINGS_FULL, /* this sender's standing could not begin */
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
	const struct standing_record *record; /* what to keep, by its name */
	struct sender_verdict verdict;	      /* what holds now */
	struct sender_verdict before;	      /* what was told last */
	struct sender_verdict after; /* what holds at verdict.until_sec, unless that is 0 */
	bool verdict_changed;	     /* else only the record did */
	bool ended; /* nothing is left: what is kept can go. Never with a verdict by hand */
};

/* Each may be NULL. They must not call the engine. All is borrowed for the call. */
struct policy_callbacks {
	void *data;
	void (*on_event)(void *data, const struct policy_event *event);
	void (*on_standing)(void *data, const struct policy_standing *standing);
	/* Its place went to another: what is kept under its key can go. */
	void (*on_evicted)(void *data, const struct sender_record *record);
};

struct policy_options {
	uint32_t senders_max;	/* config.senders_tracked_max */
	uint32_t standings_max; /* 0: POLICY_STANDINGS_MAX or senders_max, the smaller one */
	uint8_t secret
		[SIPHASH_KEY_SIZE]; /* random; kept with the records, which are useless else */
	struct policy_callbacks callbacks;
};
#define POLICY_STANDINGS_MAX 65536

/* Borrows `config`. -ENOMEM; -EINVAL: senders_max is 0. */
int policy_new(const struct policy_options *options, const struct config *config,
	       struct policy **ret_policy);
void policy_free(struct policy *policy);

/*
 * Another configuration; counts and standings stay. In two steps, so that a caller with more to prepare can
 * still stay with the old one, which must exist until policy_commit() returns:
 *
 *   policy_prepare()  may fail (-ENOMEM) and changes nothing; policy_next_free() gives the result up
 *   policy_commit()   cannot fail, and consumes it
 */
struct policy_next;
int policy_prepare(const struct config *config, struct policy_next **ret_next);
void policy_next_free(struct policy_next *next);
void policy_commit(struct policy *policy, struct policy_next *next);

/* -EINVAL: a text is too long. */
int policy_decide(struct policy *policy, const struct facts *facts, int64_t now_sec,
		  struct decision *ret_decision);

/* Somebody complains about spam of this sender. -EINVAL: no name, or too long. */
int policy_report(struct policy *policy, const char *sender, int64_t now_sec);

/* Ends a restriction and a verdict for spam. -ENOENT: neither holds. */
int policy_release(struct policy *policy, const char *sender, int64_t now_sec);

struct policy_manual {
	enum verdict_action action;
	uint32_t pool;	   /* POOL_NONE unless STEER */
	int64_t until_sec; /* 0: no end */
};
/* By hand; `manual` NULL takes it back. -EINVAL: no name, or too long; -ENOSPC: no room. */
int policy_set_manual(struct policy *policy, const char *sender, const struct policy_manual *manual,
		      int64_t now_sec);

/*
 * Ends what is due; the work is that of those that are. Once a second is often enough. When the clock
 * went back by more than WINDOW_HOLD_SEC it looks at all standings, so that none outlives the longest
 * time that it could have been given now.
 */
void policy_tick(struct policy *policy, int64_t now_sec);
int64_t policy_next_tick(const struct policy *policy); /* STANDING_FOREVER: nothing ends */

/* ---- what a sender has, for views */

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
/* -ENOENT: nothing is known of it. The policy is the one chosen by its name alone. */
int policy_view(struct policy *policy, const char *sender, int64_t now_sec,
		struct policy_view *ret_view);

/*
 * What holds for a name, without a look at its counts, and nothing is touched. REASON_GOOD: nothing, also
 * where the name is unknown or longer than any that is known.
 */
struct sender_verdict policy_verdict_of(const struct policy *policy, const char *sender,
					int64_t now_sec);

/* Those that hold for a name by its name alone; never NULL. */
const struct config_policy *policy_rules(const struct policy *policy, const char *sender);

/* All that have a standing, in no order. A non-zero return ends the walk and is returned. */
typedef int (*policy_standing_visitor)(void *data, const struct policy_standing *standing);
int policy_standings(const struct policy *policy, int64_t now_sec, policy_standing_visitor visitor,
		     void *data);

struct policy_stats {
	uint64_t decisions[REASONS]; /* by reason */
	uint64_t senders;
	uint64_t senders_evicted;
	uint64_t senders_refused; /* every place was taken by one with a standing */
	uint64_t standings;
	uint64_t standings_refused; /* no room */
};
void policy_stats(const struct policy *policy, struct policy_stats *ret_stats);

/* ---- what outlives the process */

struct policy_export {
	void *data;
	/* A negative errno ends the export; this one and the rest come again next time. */
	int (*sender)(void *data, const struct sender_record *record);
	int (*tenant)(void *data, const char *name, const struct tenant_record *record);
};
/* The work is that of what changed since the last export. */
int policy_export(struct policy *policy, const struct policy_export *export);

/* Everything comes with the next exports: what was kept is gone. */
void policy_export_all(struct policy *policy);

/*
 * At the start, before any decision; in any order, no callback is called. Records of a time that is
 * still to come (the clock went back) are dealt with as by policy_decide() and policy_tick(). A sender
 * record whose base_sec is SENDER_STALE_SEC old counts nothing any more: it need not be kept. -EINVAL: another version or
 * damaged; -ENOSPC: no room; -ENOENT: no such tenant.
 */
int policy_import_sender(struct policy *policy, const struct sender_record *record);
int policy_import_tenant(struct policy *policy, const char *name,
			 const struct tenant_record *record);
bool policy_has_record(const struct policy *policy, const char *sender);
int policy_import_standing(struct policy *policy, const struct standing_record *record,
			   int64_t now_sec);
