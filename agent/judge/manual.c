/* SPDX-License-Identifier: BSD-2-Clause */
/* Complaints, releases, manual verdicts. */
#include <errno.h>
#include <string.h>

#include "config/config.h"
#include "policy/owner.h"
#include "steering/steering.h"
#include "judge/judge_internal.h"
#include "state/state.h"

int judge_report(struct judge *judge, const char *sender, const struct now *now,
		 struct error *error)
{
	struct policy_changes changes = {0};
	int r;

	judge_take_time(judge, now);
	r = policy_report(judge->policy, sender, now->sec, &changes);
	if (r < 0)
		return error_set(error, r, "found '%.64s', expected a name of 1 to %d bytes",
				 sender, POLICY_NAME_SIZE - 1);
	judge_apply_or_retry(judge, &changes);
	judge->reports++;
	return 0;
}

int judge_release(struct judge *judge, const char *sender, const struct now *now,
		  struct error *error)
{
	struct policy_changes changes = {0};
	int r;

	judge_take_time(judge, now);
	r = policy_release(judge->policy, sender, now->sec, &changes);
	if (r < 0)
		return error_set(error, r, "'%s' is neither restricted nor high-risk for spam",
				 sender);
	judge_apply_or_retry(judge, &changes);
	return 0;
}

/* The manual verdict to return to. False: none. */
static bool find_manual(const struct judge *judge, const char *sender,
			struct policy_manual *ret_manual)
{
	struct policy_view view;

	if (policy_view(judge->policy, sender, judge->now.sec, &view) < 0 ||
	    view.verdict.reason != REASON_MANUAL)
		return false;
	*ret_manual = (struct policy_manual){view.verdict.action, view.verdict.pool,
					     view.verdict.until_sec};
	return true;
}

/* In the engine, then in the map. */
static int set_manual(struct judge *judge, const char *sender, const struct policy_manual *manual,
		      struct error *error)
{
	struct policy_changes changes = {0};
	int r = policy_set_manual(judge->policy, sender, manual, judge->now.sec, &changes);

	if (r == 0)
		return judge_apply(judge, &changes, error);
	judge_apply_or_retry(judge, &changes);
	if (r == -EINVAL)
		return error_set(error, r, "found '%.64s', expected a name of 1 to %d bytes",
				 sender, POLICY_NAME_SIZE - 1);
	return error_set(error, r, "no space for a verdict on '%s'", sender);
}

static int save_manual(struct judge *judge, const char *sender, const struct policy_manual *manual,
		       struct error *error)
{
	const struct config_pool *pool =
		manual ? config_pool_by_id(judge->config, manual->pool) : NULL;
	struct state *state = judge->state;

	if (!manual)
		return state->ops->delete_order(state, sender, error);
	return state->ops->put_order(state,
				     &(struct saved_order){
					     .sender = sender,
					     .action = manual->action,
					     .pool = pool ? pool->name : "",
					     .until_sec = manual->until_sec,
					     .set_sec = judge->now.sec,
				     },
				     error);
}

/* `manual` NULL: none any more. Durable first; a later failure undoes all of it. */
static int change_manual(struct judge *judge, const char *sender,
			 const struct policy_manual *manual, struct error *error)
{
	struct policy_manual before;
	bool had = find_manual(judge, sender, &before);
	struct error ignored;
	int r;

	/* Also where no verdict is in force: an order may wait in the state for its pool. */
	r = save_manual(judge, sender, manual, error);
	if (r < 0 || (!manual && !had))
		return r;
	r = set_manual(judge, sender, manual, error);
	if (r < 0) {
		set_manual(judge, sender, had ? &before : NULL, &ignored);
		save_manual(judge, sender, had ? &before : NULL, &ignored);
	}
	return r;
}

static int check_known(const struct judge *judge, const char *sender, struct error *error)
{
	struct policy_view view;

	if (steering_sender_find(judge->steering, sender) ||
	    policy_view(judge->policy, sender, judge->now.sec, &view) == 0)
		return 0;
	return error_set(error, -ENOENT, "no sender '%s'", sender);
}

/* Nobody else reads the state or writes the maps between the two steps of the change. */
static int change_in_turn(struct judge *judge, const char *sender,
			  const struct policy_manual *manual, struct error *error)
{
	int r = steering_begin_order(judge->steering, error);

	if (r < 0)
		return r;
	r = change_manual(judge, sender, manual, error);
	return steering_end_order(judge->steering, r, error);
}

/* An order for one of the names of a sender is an order for the sender. */
static const char *owner_in(const struct judge *judge, const char *sender,
			    char owner[POLICY_NAME_SIZE])
{
	if (!sender || strnlen(sender, POLICY_NAME_SIZE) == POLICY_NAME_SIZE)
		return sender;
	owner_of_order(judge->config, sender, owner);
	return owner;
}

int judge_set_verdict(struct judge *judge, const char *sender, const struct manual_order *verdict,
		      const struct now *now, struct error *error)
{
	char owner[POLICY_NAME_SIZE];
	struct policy_manual manual;
	int r;

	judge_take_time(judge, now);
	sender = owner_in(judge, sender, owner);
	r = check_known(judge, sender, error);
	if (r == 0)
		r = steering_check_verdict(judge->steering, sender, verdict, &manual, error);
	return r == 0 ? change_in_turn(judge, sender, &manual, error) : r;
}

int judge_clear_verdict(struct judge *judge, const char *sender, const struct now *now,
			struct error *error)
{
	char owner[POLICY_NAME_SIZE];
	int r;

	judge_take_time(judge, now);
	sender = owner_in(judge, sender, owner);
	r = check_known(judge, sender, error);
	return r < 0 ? r : change_in_turn(judge, sender, NULL, error);
}
