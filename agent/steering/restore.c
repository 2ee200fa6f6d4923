/* SPDX-License-Identifier: BSD-2-Clause */
/* Records into the engine, standings of the engine into a steering. */
#include "steering/restore.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "config/config.h"
#include "datapath/datapath.h"
#include "policy/logins.h"
#include "policy/policy.h"
#include "state/state.h"
#include "steering/steering.h"

/* ---- orders */

static bool has_order(const struct restore *restore, const char *sender)
{
	return policy_verdict_of(restore->policy, sender, restore->now.sec).reason == REASON_MANUAL;
}

struct reading {
	struct restore *restore;
	struct state *state;
};

/* A sender whose order was cleared while the file took no writes. */
static bool is_outdated(const struct restore *restore, const char *sender)
{
	return restore->newer && steering_sender_find(restore->newer, sender);
}

/* 0: no end. */
static int64_t end_of(const struct restore *restore, const struct saved_order *order)
{
	return order->until_sec ? order->until_sec + restore->stepped_sec : 0;
}

static bool is_over(const struct restore *restore, const struct saved_order *order)
{
	return order->until_sec && end_of(restore, order) <= restore->now.sec;
}

/* POOL_NONE unless STEER. */
static uint32_t pool_of(struct restore *restore, const struct saved_order *order)
{
	const struct config_pool *pool = config_pool_find(restore->config, order->pool);

	if (order->action != VERDICT_STEER)
		return POOL_NONE;
	if (pool)
		return pool->id;
	if (!restore->waiting.text[0])
		error_set(&restore->waiting, 0,
			  "no pool '%s': '%s', which was set to it, leaves by 'high-risk' until "
			  "there is one",
			  order->pool, order->sender);
	return POOL_HIGH_RISK;
}

static int read_order(void *data, const struct saved_order *order)
{
	const struct reading *reading = data;
	struct restore *restore = reading->restore;
	struct policy_manual manual = {.action = order->action,
				       .until_sec = end_of(restore, order)};
	struct error ignored;

	if (!restore->replaces && has_order(restore, order->sender))
		return 0;
	if (is_over(restore, order) || is_outdated(restore, order->sender)) {
		if (restore->prunes)
			reading->state->ops->delete_order(reading->state, order->sender, &ignored);
		return 0;
	}
	manual.pool = pool_of(restore, order);
	if (policy_import_manual(restore->policy, order->sender, &manual, restore->now.sec) < 0)
		restore->left_out++;
	return 0;
}

/* ---- records */

static int import_standing(const struct restore *restore, const struct state_record *record)
{
	struct standing_record standing;

	if (policy_has_record(restore->policy, record->name) || is_outdated(restore, record->name))
		return 0;
	if (record->size != sizeof(standing))
		return -EINVAL;
	memcpy(&standing, record->bytes, sizeof(standing));
	return policy_import_standing(restore->policy, &standing, restore->now.sec);
}

static int import_tenant(const struct restore *restore, const struct state_record *record)
{
	struct tenant_record tenant;
	int r;

	if (record->size != sizeof(tenant))
		return -EINVAL;
	memcpy(&tenant, record->bytes, sizeof(tenant));
	r = policy_import_tenant(restore->policy, record->name, &tenant);
	return r == -ENOENT ? 0 : r; /* configured no longer */
}

static int read_record(void *data, const struct state_record *record)
{
	const struct reading *reading = data;
	int r = record->kind == STATE_STANDINGS ? import_standing(reading->restore, record)
						: import_tenant(reading->restore, record);

	reading->restore->left_out += r < 0;
	return 0;
}

static void read_logins(struct restore *restore, const void *bytes)
{
	struct logins_record record;

	memcpy(&record, bytes, sizeof(record));
	if (restore->logins && logins_import(restore->logins, &record, restore->now.sec) < 0)
		restore->left_out++;
}

static int read_log(void *data, const void *bytes, size_t size)
{
	struct restore *restore = ((const struct reading *)data)->restore;
	struct sender_record sender;

	restore->log_size++;
	if (size == sizeof(struct logins_record)) {
		read_logins(restore, bytes);
		return 0;
	}
	if (size != sizeof(sender)) {
		restore->left_out++;
		return 0;
	}
	memcpy(&sender, bytes, sizeof(sender));
	if ((int64_t)sender.base_sec + SENDER_STALE_SEC > restore->now.sec &&
	    policy_import_sender(restore->policy, &sender) < 0)
		restore->left_out++;
	return 0;
}

int restore_standings(struct restore *restore, struct state *state, struct error *error)
{
	struct reading reading = {restore, state};
	const struct state_visitor visitor = {.data = &reading,
					      .order = read_order,
					      .record = read_record,
					      .kinds = 1U << STATE_STANDINGS};

	return state->ops->load(state, &visitor, error);
}

int restore_all(struct restore *restore, struct state *state, struct error *error)
{
	struct reading reading = {restore, state};
	const struct state_visitor visitor = {.data = &reading,
					      .order = read_order,
					      .record = read_record,
					      .kinds = 1U << STATE_TENANTS | 1U << STATE_STANDINGS,
					      .log = read_log};

	return state->ops->load(state, &visitor, error);
}

int restore_orders(struct restore *restore, struct state *state, struct error *error)
{
	struct reading reading = {restore, state};
	const struct state_visitor visitor = {.data = &reading, .order = read_order};

	return state->ops->load(state, &visitor, error);
}

/* ---- the calendar */

static int read_calendar(void *data, const struct state_record *record)
{
	struct calendar_record *found = data;

	if (record->size == sizeof(*found))
		memcpy(found, record->bytes, sizeof(*found));
	found->boot[sizeof(found->boot) - 1] = '\0';
	return 0;
}

int restore_calendar(struct state *state, struct calendar_record *ret_record, struct error *error)
{
	struct calendar_record found = {.boot = ""};
	const struct state_visitor visitor = {
		.data = &found, .record = read_calendar, .kinds = 1U << STATE_CALENDAR};
	int r = state->ops->load(state, &visitor, error);

	if (r < 0)
		return r;
	if (!*found.boot)
		return error_set(error, -ENOENT, "the state has no calendar");
	*ret_record = found;
	return 0;
}

/* ---- the maps */

struct map_reading {
	struct restore *restore;
	const struct steering *steering;
};

/* 0: none. */
static int64_t wall_of(const struct now *now, uint64_t until_ns)
{
	if (!until_ns)
		return 0;
	return now->sec + ((int64_t)until_ns - (int64_t)now->ns) / (int64_t)NS_PER_SEC;
}

static int adopt_order(const struct restore *restore, const struct verdict *verdict,
		       int64_t until_sec)
{
	const struct config_pool *pool = config_pool_find(restore->config, verdict->pool_label);
	const bool steers = verdict->action == VERDICT_STEER;
	const uint32_t id = pool ? pool->id : POOL_HIGH_RISK;
	const struct policy_manual manual = {verdict->action, steers ? id : POOL_NONE, until_sec};

	return policy_import_manual(restore->policy, verdict->label, &manual, restore->now.sec);
}

static int adopt_standing(const struct restore *restore, const struct verdict *verdict,
			  int64_t until_sec)
{
	struct standing_record record = {.version = STANDING_VERSION};
	int64_t end_sec = until_sec ? until_sec : STANDING_FOREVER;

	memcpy(record.name, verdict->label, sizeof(verdict->label));
	if (verdict->reason == REASON_RESTRICTED) {
		record.restricted_until_sec = end_sec;
	} else if (verdict->reason == REASON_SPAM) {
		record.spam_until_sec = end_sec;
	} else if (verdict->reason == REASON_OVER_LIMIT) {
		record.full_until_sec = end_sec;
		record.full_action = verdict->action;
	}
	return policy_import_standing(restore->policy, &record, restore->now.sec);
}

static int adopt(void *data, const void *key, const void *value)
{
	const struct map_reading *reading = data;
	struct restore *restore = reading->restore;
	const struct verdict *verdict = value;
	int64_t until_sec = wall_of(&restore->now, verdict->until_ns);
	int r;

	(void)key;
	if (!steering_sender_find(reading->steering, verdict->label))
		return 0;
	r = verdict->reason == REASON_MANUAL ? adopt_order(restore, verdict, until_sec)
					     : adopt_standing(restore, verdict, until_sec);
	restore->left_out += r < 0;
	return 0;
}

int restore_from_maps(struct restore *restore, const struct steering *steering, struct error *error)
{
	struct map_reading reading = {restore, steering};
	struct datapath *datapath = steering_datapath(steering);
	int r = datapath->ops->walk(datapath, MAP_VERDICT, adopt, &reading);

	return r < 0 ? error_errno(error, r, "reading verdicts") : 0;
}

/* ---- engine to steering */

static struct sender_verdict moved(const struct config *from, const struct config *to,
				   const struct sender_verdict *verdict)
{
	struct sender_verdict result = *verdict;

	if (verdict->action != VERDICT_STEER)
		return result;
	result.pool = config_pool_moved(from, verdict->pool, to);
	if (result.pool == POOL_NONE && verdict->reason == REASON_MANUAL)
		result.pool = POOL_HIGH_RISK;
	return result;
}

void restore_fill(const struct policy *policy, const struct config *config,
		  struct steering *steering, int64_t now_sec)
{
	const struct config *to = steering_config(steering);
	struct policy_standing standing;

	steering_clear_standings(steering);
	for (uint32_t i = 0; (i = policy_next_standing(policy, i, now_sec, &standing));) {
		const struct steering_standing wanted = {
			moved(config, to, &standing.verdict),
			moved(config, to, &standing.after),
		};

		steering_set_standing(steering, standing.record->name, &wanted);
	}
}

static int restore_both(struct restore *restore, struct state *state, struct steering *steering,
			struct error *error)
{
	enum steering_source source = steering_source(steering);
	struct error ignored;
	int r = source == STEERING_FILE ? 0 : restore_from_maps(restore, steering, error);

	restore->newer = source == STEERING_MAPS ? steering : NULL;
	if (r == 0 && state)
		restore_standings(restore, state, &ignored);
	return r;
}

int restore_steering(const struct config *config, struct state *state, struct steering *steering,
		     const struct now *now, struct error *ret_waiting, struct error *error)
{
	/*
	 * Without counts a place for each standing is enough. Nothing is stored, so the secret may
	 * be zero.
	 */
	const struct policy_options options = {.senders_max = POLICY_STANDINGS_MAX,
					       .now_sec = now->sec};
	struct restore restore = {.config = config, .now = *now, .stepped_sec = now->stepped_sec};
	int r = policy_new(&options, config, &restore.policy);

	if (r < 0)
		return error_set(error, r, "out of memory");
	r = restore_both(&restore, state, steering, error);
	if (r == 0)
		restore_fill(restore.policy, config, steering, now->sec);
	*ret_waiting = restore.waiting;
	policy_free(restore.policy);
	return r;
}
