/* SPDX-License-Identifier: BSD-2-Clause */
/* One standing: its verdict, and how it begins, changes and ends. */
#include "policy/day.h"
#include "policy/policy_internal.h"

/* A verdict for spam is prolonged by at least this share of its length, not with each message. */
#define SPAM_PROLONGED_BY 8

/* A window of a day has space again after its length and one sub-bucket. */
#define FULL_MAX_SEC (DAY_SEC + 3600)

/* ---- one standing */

bool standing_verdict_equal(const struct sender_verdict *a, const struct sender_verdict *b)
{
	return a->action == b->action && a->pool == b->pool && a->reason == b->reason &&
	       a->until_sec == b->until_sec;
}

bool standing_is_manual(const struct standing *standing, int64_t now_sec)
{
	return standing->manual &&
	       (standing->manual_until_sec == 0 || standing->manual_until_sec > now_sec);
}

struct sender_verdict standing_verdict(const struct standing *standing, int64_t now_sec)
{
	const struct standing_record *record = &standing->record;
	struct sender_verdict verdict = {VERDICT_STEER, POOL_NORMAL, REASON_GOOD, 0};

	if (standing_is_manual(standing, now_sec)) {
		verdict = (struct sender_verdict){standing->manual_action, standing->manual_pool,
						  REASON_MANUAL, standing->manual_until_sec};
	} else if (standing_holds(record->restricted_until_sec, now_sec)) {
		verdict = (struct sender_verdict){VERDICT_DROP, POOL_NONE, REASON_RESTRICTED,
						  record->restricted_until_sec};
	} else if (standing_holds(record->spam_until_sec, now_sec)) {
		verdict = (struct sender_verdict){VERDICT_STEER, POOL_HIGH_RISK, REASON_SPAM,
						  record->spam_until_sec};
	} else if (standing_holds(record->full_until_sec, now_sec)) {
		verdict = (struct sender_verdict){(enum verdict_action)record->full_action,
						  POOL_HIGH_RISK, REASON_OVER_LIMIT,
						  record->full_until_sec};
	}
	if (verdict.action != VERDICT_STEER)
		verdict.pool = POOL_NONE;
	if (verdict.until_sec == STANDING_FOREVER)
		verdict.until_sec = 0;
	return verdict;
}

static bool clamp(int64_t *until_sec, int64_t last_sec)
{
	if (*until_sec <= last_sec || *until_sec == STANDING_FOREVER)
		return false;
	*until_sec = last_sec;
	return true;
}

bool standing_clamp(struct standing *standing, int64_t now_sec)
{
	struct standing_record *record = &standing->record;
	bool clamped = clamp(&record->restricted_until_sec, day_next_midnight(now_sec));

	clamped |= clamp(&record->spam_until_sec, now_sec + CONFIG_SPAM_FOR_MAX_SEC);
	clamped |= clamp(&record->full_until_sec, now_sec + FULL_MAX_SEC);
	if (record->released_day > day_of(now_sec)) {
		record->released_day = 0;
		clamped = true;
	}
	return clamped;
}

bool standing_has_record(const struct standing_record *record)
{
	return record->restricted_until_sec || record->spam_until_sec || record->full_until_sec ||
	       record->released_day;
}

/* The standing has no content, and its place can be freed. */
static bool is_over(const struct standing *standing)
{
	return !standing->manual && !standing_has_record(&standing->record);
}

/* ---- transitions */

struct standing *standing_of(const struct policy *policy, const struct sender *sender)
{
	return standing_table_get(policy->standings, sender->standing);
}

struct standing *standing_make(struct policy *policy, struct sender *sender, const char *name)
{
	struct siphash key = {{sender->record.key[0], sender->record.key[1]}};

	if (!sender->standing)
		sender->standing = standing_table_add(policy->standings, name, &key);
	policy->standings_refused += !sender->standing;
	return standing_of(policy, sender);
}

struct standing *standing_take(struct policy *policy, struct sender *sender, const char *name,
			       struct policy_changes *changes)
{
	struct standing *standing = standing_make(policy, sender, name);

	if (!standing)
		changes_add_event(changes, &(struct policy_event){.kind = POLICY_STANDINGS_FULL,
								  .sender = name,
								  .limit = CONFIG_LIMITS});
	return standing;
}

void standing_set_manual(struct standing *standing, const struct policy_manual *manual)
{
	standing->manual = manual != NULL;
	if (!manual)
		return;
	standing->manual_action = manual->action;
	standing->manual_pool = manual->pool;
	standing->manual_until_sec = manual->until_sec;
}

void standing_settle(struct policy *policy, struct standing *standing, int64_t now_sec)
{
	struct sender *sender;

	standing->reported = standing_verdict(standing, now_sec);
	if (!is_over(standing)) {
		standing_table_update(policy->standings, standing);
		return;
	}
	sender = sender_counts_find(policy->senders, &standing->key);
	standing_table_remove(policy->standings, sender->standing);
	sender->standing = 0;
}

void standing_changed(struct policy *policy, struct standing *standing, int64_t now_sec,
		      struct policy_changes *changes)
{
	struct policy_standing change = {
		.record = &standing->record,
		.verdict = standing_verdict(standing, now_sec),
		.before = standing->reported,
		.ended = is_over(standing),
	};

	change.after = standing_verdict(standing, change.verdict.until_sec);
	change.verdict_changed = !standing_verdict_equal(&change.verdict, &change.before);
	changes_add_standing(changes, &change);
	standing_settle(policy, standing, now_sec);
}

static void note(struct policy_changes *changes, const struct standing *standing,
		 enum policy_event_kind kind, int64_t until_sec)
{
	changes_add_event(changes,
			  &(struct policy_event){
				  .kind = kind,
				  .sender = standing->record.name,
				  .limit = CONFIG_LIMITS,
				  .until_sec = until_sec == STANDING_FOREVER ? 0 : until_sec,
			  });
}

void standing_restrict(struct policy *policy, struct sender *sender, const char *name,
		       int64_t until_sec, int64_t now_sec, struct policy_changes *changes)
{
	struct standing *standing = standing_take(policy, sender, name, changes);

	if (!standing || standing_holds(standing->record.restricted_until_sec, now_sec))
		return;
	standing->record.restricted_until_sec = until_sec;
	note(changes, standing, POLICY_RESTRICTED, until_sec);
	standing_changed(policy, standing, now_sec, changes);
}

void standing_spam(struct policy *policy, struct sender *sender, const char *name, uint32_t for_sec,
		   int64_t now_sec, struct policy_changes *changes)
{
	struct standing *standing = standing_take(policy, sender, name, changes);
	int64_t until_sec = now_sec + for_sec;
	bool held;

	if (!standing)
		return;
	held = standing_holds(standing->record.spam_until_sec, now_sec);
	if (held && until_sec - standing->record.spam_until_sec < for_sec / SPAM_PROLONGED_BY)
		return;
	standing->record.spam_until_sec = until_sec;
	if (!held)
		note(changes, standing, POLICY_SPAM_SENDER, until_sec);
	standing_changed(policy, standing, now_sec, changes);
}

void standing_full(struct policy *policy, struct sender *sender, const char *name,
		   enum verdict_action action, int64_t until_sec, int64_t now_sec,
		   struct policy_changes *changes)
{
	struct standing *standing =
		action ? standing_take(policy, sender, name, changes) : standing_of(policy, sender);

	if (!standing || (standing->record.full_until_sec == until_sec &&
			  standing->record.full_action == action))
		return;
	standing->record.full_until_sec = until_sec;
	standing->record.full_action = action;
	standing_changed(policy, standing, now_sec, changes);
}

/* Marks and complaints are forgotten: otherwise the next message would make it high-risk again. */
void standing_release(struct policy *policy, struct sender *sender, int64_t now_sec,
		      struct policy_changes *changes)
{
	struct standing *standing = standing_of(policy, sender);
	struct standing_record *record = &standing->record;

	if (standing_holds(record->restricted_until_sec, now_sec)) {
		record->released_day = day_of(now_sec);
		note(changes, standing, POLICY_RESTRICTION_ENDED, 0);
	}
	if (standing_holds(record->spam_until_sec, now_sec))
		note(changes, standing, POLICY_SPAM_SENDER_ENDED, 0);
	record->restricted_until_sec = 0;
	record->spam_until_sec = 0;
	sender->record.spam_marks = 0;
	sender_forget(sender, SENDER_REPORTS_PER_DAY);
	sender_counts_mark_dirty(policy->senders, sender);
	standing_changed(policy, standing, now_sec, changes);
}

static bool is_due(int64_t until_sec, int64_t now_sec)
{
	return until_sec && until_sec <= now_sec;
}

void standing_end_due(struct policy *policy, struct standing *standing, int64_t now_sec,
		      struct policy_changes *changes)
{
	struct standing_record *record = &standing->record;

	if (is_due(record->restricted_until_sec, now_sec)) {
		record->restricted_until_sec = 0;
		note(changes, standing, POLICY_RESTRICTION_ENDED, 0);
	}
	if (is_due(record->spam_until_sec, now_sec)) {
		record->spam_until_sec = 0;
		note(changes, standing, POLICY_SPAM_SENDER_ENDED, 0);
	}
	if (is_due(record->full_until_sec, now_sec))
		record->full_until_sec = 0;
	if (record->released_day && record->released_day < day_of(now_sec))
		record->released_day = 0;
	if (standing->manual && is_due(standing->manual_until_sec, now_sec))
		standing->manual = false;
	standing_changed(policy, standing, now_sec, changes);
}
