/* SPDX-License-Identifier: BSD-2-Clause */
/* A sender's entry in map verdict, from what was set by hand or else from the configuration. */
#include "control/control.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "control/model.h"

static uint64_t monotonic_of(int64_t until_sec, uint64_t now_ns, int64_t now_sec)
{
	if (until_sec == 0)
		return 0;
	if (until_sec <= now_sec)
		return now_ns;
	return now_ns + (uint64_t)(until_sec - now_sec) * NS_PER_SEC;
}

/* What policy says of a sender of whom nothing was set by hand. */
struct standing {
	enum verdict_action action;
	enum reason reason;
	const struct pool *pool; /* NULL unless STEER */
};

static struct standing standing_by_policy(const struct controller *control,
					  const struct control_sender *sender)
{
	const struct config_pool *by_default = control->config->default_pool;
	const struct pool_set *pools = &control->pools;

	if (sender->handles_of)
		return (struct standing){VERDICT_STEER, REASON_HANDLE,
					 pool_find(pools, sender->handles_of->name)};
	if (sender->id == SENDER_UNKNOWN)
		return (struct standing){control->config->default_action, REASON_UNKNOWN_SENDER,
					 by_default ? pool_find(pools, by_default->name) : NULL};
	return (struct standing){VERDICT_STEER, REASON_GOOD, pool_find_id(pools, POOL_NORMAL)};
}

static void make_verdict(const struct controller *control, const struct control_sender *sender,
			 uint64_t now_ns, int64_t now_sec, struct verdict *ret_verdict)
{
	const struct standing policy = standing_by_policy(control, sender);
	const struct standing by_hand = {sender->action, REASON_MANUAL, sender->pool};
	const struct standing *now = sender->manual ? &by_hand : &policy;

	*ret_verdict = (struct verdict){
		.action = now->action,
		.reason = now->reason,
		.pool = now->pool ? now->pool->id : POOL_NONE,
		.after_action = policy.action,
		.after_pool = policy.pool ? policy.pool->id : POOL_NONE,
	};
	strncpy(ret_verdict->label, sender->name, sizeof(ret_verdict->label) - 1);
	limits_fill(control, sender, ret_verdict);
	if (now->pool)
		strncpy(ret_verdict->pool_label, now->pool->name,
			sizeof(ret_verdict->pool_label) - 1);
	if (sender->manual)
		ret_verdict->until_ns = monotonic_of(sender->until_sec, now_ns, now_sec);
}

/* cut_ns is the map's own memory: it is carried over. */
static void keep_cut(struct controller *control, uint32_t id, struct verdict *verdict)
{
	struct verdict held;

	if (control->datapath->ops->get(control->datapath, MAP_VERDICT, &id, &held) == 0)
		verdict->cut_ns = held.cut_ns;
}

static int write_one(struct controller *control, const struct control_sender *sender,
		     uint64_t now_ns, int64_t now_sec)
{
	struct verdict verdict;

	make_verdict(control, sender, now_ns, now_sec, &verdict);
	keep_cut(control, sender->id, &verdict);
	return control->datapath->ops->put(control->datapath, MAP_VERDICT, &sender->id, &verdict);
}

static int collect(struct controller *control, uint64_t now_ns, int64_t now_sec,
		   struct table *verdicts, struct table *usage)
{
	const struct usage unused = {0};
	int r = 0;

	table_init(verdicts, sizeof(uint32_t), sizeof(struct verdict));
	table_init(usage, sizeof(uint32_t), sizeof(struct usage));
	for (size_t i = 0; r == 0 && i < control->n_senders; i++) {
		const struct control_sender *sender = &control->senders[i];
		struct verdict verdict;

		make_verdict(control, sender, now_ns, now_sec, &verdict);
		keep_cut(control, sender->id, &verdict);
		r = table_add(verdicts, &sender->id, &verdict);
		if (r == 0)
			r = table_add(usage, &sender->id, &unused);
	}
	return r;
}

int verdicts_sync(struct controller *control, uint64_t now_ns, int64_t now_sec, struct error *error)
{
	struct table verdicts, usage;
	int r = collect(control, now_ns, now_sec, &verdicts, &usage);

	if (r == 0)
		r = table_write_missing(&usage, control->datapath, MAP_USAGE);
	if (r == 0)
		r = table_write(&verdicts, control->datapath, MAP_VERDICT);
	table_done(&verdicts);
	table_done(&usage);
	if (r == -E2BIG)
		return error_set(error, r, "%zu senders, expected at most %u (senders_max)",
				 control->n_senders,
				 control->datapath->ops->capacity(control->datapath, MAP_VERDICT));
	return r < 0 ? control_map_error(error, r, "writing verdicts") : 0;
}

int verdicts_prune(struct controller *control, struct error *error)
{
	struct table verdicts, usage;
	int r = collect(control, 0, 0, &verdicts, &usage);

	if (r == 0)
		r = table_prune(&verdicts, control->datapath, MAP_VERDICT);
	if (r == 0)
		r = table_prune(&usage, control->datapath, MAP_USAGE);
	table_done(&verdicts);
	table_done(&usage);
	return r < 0 ? control_map_error(error, r, "removing old senders") : 0;
}

/* ---- by hand */

static int find_sender(struct controller *control, const char *name,
		       struct control_sender **ret_sender, struct error *error)
{
	if (!control->state)
		return error_set(error, -EROFS, "opened for reading only");
	*ret_sender = roster_find(control, name);
	return *ret_sender ? 0 : error_set(error, -ENOENT, "no sender '%s'", name);
}

static int save(struct controller *control, const struct control_sender *sender, int64_t now_sec,
		struct error *error)
{
	struct state_verdict saved = {
		.sender = sender->name,
		.action = sender->action,
		.pool = sender->pool ? sender->pool->name : "",
		.reason = REASON_MANUAL,
		.until_sec = sender->until_sec,
		.set_sec = now_sec,
	};

	if (!sender->manual)
		return control->state->ops->delete_verdict(control->state, sender->name, error);
	return control->state->ops->put_verdict(control->state, &saved, error);
}

/* Durable first, then the map; where that fails the sender is what it was before. */
static int apply(struct controller *control, struct control_sender *sender,
		 const struct control_sender *wanted, uint64_t now_ns, int64_t now_sec,
		 struct error *error)
{
	const struct control_sender before = *sender;
	int r = save(control, wanted, now_sec, error);

	if (r < 0)
		return r;
	*sender = *wanted;
	if (sender->until_sec && sender->until_sec < control->next_expiry_sec)
		control->next_expiry_sec = sender->until_sec;
	r = write_one(control, sender, now_ns, now_sec);
	if (r < 0) {
		struct error ignored;

		*sender = before;
		save(control, sender, now_sec, &ignored);
		return control_map_error(error, r, "writing the verdict");
	}
	return 0;
}

/* A handle is no address for the wire, and what was bound for high-risk never leaves by normal. */
static int check_handle(const struct control_sender *sender, struct error *error)
{
	if (!sender->handles_of)
		return 0;
	if (sender->action == VERDICT_PASS)
		return error_set(error, -EINVAL,
				 "'%s' cannot pass: a handle's address must not leave as it is",
				 sender->name);
	if (sender->handles_of->id == POOL_HIGH_RISK && sender->pool &&
	    sender->pool->id == POOL_NORMAL)
		return error_set(error, -EINVAL,
				 "'%s' cannot be steered to 'normal': high-risk mail never is",
				 sender->name);
	return 0;
}

static int resolve(const struct controller *control, const struct control_verdict *verdict,
		   struct control_sender *wanted, struct error *error)
{
	wanted->manual = true;
	wanted->action = verdict->action;
	wanted->until_sec = verdict->until_sec;
	wanted->pool = NULL;
	if (verdict->action == VERDICT_STEER) {
		const char *pool = verdict->pool ? verdict->pool : "";

		wanted->pool = pool_find(&control->pools, pool);
		if (!wanted->pool)
			return error_set(error, -EINVAL, "no pool '%s'", pool);
	}
	return check_handle(wanted, error);
}

int control_set_verdict(struct controller *control, const char *name,
			const struct control_verdict *verdict, uint64_t now_ns, int64_t now_sec,
			struct error *error)
{
	struct control_sender *sender;
	struct control_sender wanted;
	int r = find_sender(control, name, &sender, error);

	if (r < 0)
		return r;
	wanted = *sender;
	r = resolve(control, verdict, &wanted, error);
	if (r == 0)
		r = apply(control, sender, &wanted, now_ns, now_sec, error);
	if (r == 0 && verdict->cut)
		r = control_cut(control, name, now_ns, error);
	return r;
}

static int clear(struct controller *control, struct control_sender *sender, struct error *error)
{
	struct control_sender wanted = *sender;

	wanted.manual = false;
	wanted.pool = NULL;
	wanted.until_sec = 0;
	return apply(control, sender, &wanted, 0, 0, error);
}

int control_clear_verdict(struct controller *control, const char *name, struct error *error)
{
	struct control_sender *sender;
	int r = find_sender(control, name, &sender, error);

	if (r < 0)
		return r;
	return sender->manual ? clear(control, sender, error) : 0;
}

int control_expire(struct controller *control, int64_t now_sec, struct error *error)
{
	int64_t next = INT64_MAX;

	if (now_sec < control->next_expiry_sec)
		return 0;
	for (size_t i = 0; i < control->n_senders; i++) {
		struct control_sender *sender = &control->senders[i];

		if (sender->manual && sender->until_sec && sender->until_sec <= now_sec) {
			int r = clear(control, sender, error);

			if (r < 0)
				return r;
		}
		if (sender->manual && sender->until_sec && sender->until_sec < next)
			next = sender->until_sec;
	}
	control->next_expiry_sec = next;
	return 0;
}

/*
 * The verdict says since when, then the counter of cuts makes every flow look once. In this order: a flow
 * that saw the new counter must find the new cut_ns.
 */
int control_cut(struct controller *control, const char *name, uint64_t now_ns, struct error *error)
{
	const struct datapath_ops *ops = control->datapath->ops;
	const uint32_t zero = 0;
	struct control_sender *sender;
	struct verdict verdict;
	struct control value;
	int r = find_sender(control, name, &sender, error);

	if (r < 0)
		return r;
	r = ops->get(control->datapath, MAP_VERDICT, &sender->id, &verdict);
	if (r == 0) {
		verdict.cut_ns = now_ns;
		r = ops->put(control->datapath, MAP_VERDICT, &sender->id, &verdict);
	}
	if (r == 0)
		r = ops->get(control->datapath, MAP_CONTROL, &zero, &value);
	if (r == 0) {
		value.cuts++;
		r = ops->put(control->datapath, MAP_CONTROL, &zero, &value);
	}
	return r < 0 ? control_map_error(error, r, "cutting flows") : 0;
}
