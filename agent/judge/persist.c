/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of the engine into the state. */
#include "judge/persist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"
#include "config/config.h"
#include "policy/logins.h"
#include "steering/restore.h"
#include "state/state.h"

#define SECRET_NAME "names"

struct persist {
	struct state *state;
	struct logins *logins;
	uint8_t secret[SIPHASH_KEY_SIZE];
	bool has_secret;
	bool unsynced; /* standings were put since the last sync */
	uint64_t left_out;
	uint64_t log_size;
	struct error waiting; /* of the last load; "": none */
	int64_t last;	      /* place in the log */
	int64_t trim_to;      /* 0: nothing to trim */
};

/* ---- the secret */

static int see_secret(void *data, const struct state_record *record)
{
	struct persist *persist = data;

	if (record->size == sizeof(persist->secret) && strcmp(record->name, SECRET_NAME) == 0) {
		memcpy(persist->secret, record->bytes, sizeof(persist->secret));
		persist->has_secret = true;
	}
	return 0;
}

static int put_secret(const struct persist *persist, struct state *state, struct error *error)
{
	const struct state_record record = {STATE_SECRETS, SECRET_NAME, persist->secret,
					    sizeof(persist->secret)};

	return state->ops->put_record(state, &record, error);
}

static int take_secret(struct persist *persist, struct error *error)
{
	const struct state_visitor visitor = {
		.data = persist, .record = see_secret, .kinds = 1U << STATE_SECRETS};
	int r = persist->state->ops->load(persist->state, &visitor, error);

	if (r < 0 || persist->has_secret)
		return r;
	if (getrandom(persist->secret, sizeof(persist->secret), 0) != sizeof(persist->secret))
		return error_set(error, -errno, "cannot read random numbers: %s", strerror(errno));
	return put_secret(persist, persist->state, error);
}

int persist_open(struct state *state, struct logins *logins, struct persist **ret_persist,
		 uint8_t ret_secret[SIPHASH_KEY_SIZE], struct error *error)
{
	struct persist *persist = calloc(1, sizeof(*persist));
	int r;

	if (!persist)
		return error_set(error, -ENOMEM, "out of memory");
	persist->state = state;
	persist->logins = logins;
	r = take_secret(persist, error);
	if (r < 0) {
		persist_close(persist);
		return r;
	}
	memcpy(ret_secret, persist->secret, sizeof(persist->secret));
	*ret_persist = persist;
	return 0;
}

void persist_close(struct persist *persist)
{
	free(persist);
}

uint64_t persist_left_out(const struct persist *persist)
{
	return persist->left_out;
}

const struct error *persist_waiting(const struct persist *persist)
{
	return persist->waiting.text[0] ? &persist->waiting : NULL;
}

/* ---- at the start */

static int settle(struct persist *persist, const struct restore *restore, int r)
{
	persist->left_out += restore->left_out;
	persist->log_size += restore->log_size;
	persist->waiting = restore->waiting;
	return r;
}

int persist_load(struct persist *persist, struct policy *policy, const struct config *config,
		 const struct steering *newer, const struct now *now, struct error *error)
{
	struct restore restore = {.policy = policy,
				  .logins = persist->logins,
				  .config = config,
				  .now = *now,
				  .prunes = true,
				  .stepped_sec = now->stepped_sec,
				  .newer = newer};

	return settle(persist, &restore, restore_all(&restore, persist->state, error));
}

int persist_merge(struct persist *persist, struct policy *policy, const struct config *config,
		  struct state *state, const struct now *now, struct error *error)
{
	struct restore restore = {.policy = policy, .config = config, .now = *now, .prunes = true};

	return settle(persist, &restore, restore_standings(&restore, state, error));
}

int persist_merge_orders(struct persist *persist, struct policy *policy,
			 const struct config *config, const struct now *now, struct error *error)
{
	struct restore restore = {.policy = policy,
				  .config = config,
				  .now = *now,
				  .prunes = true,
				  .replaces = state_is_current(persist->state)};

	return settle(persist, &restore, restore_orders(&restore, persist->state, error));
}

/* ---- at each change */

/* manual.c saves and deletes orders. Only the engine knows that an order's time is over. */
int persist_standing(struct persist *persist, const struct policy_standing *standing,
		     struct error *error)
{
	const struct state_ops *ops = persist->state->ops;
	const char *name = standing->record->name;
	const struct state_record record = {STATE_STANDINGS, name, standing->record,
					    sizeof(*standing->record)};
	int r = 0;

	persist->unsynced = true;
	if (standing->before.reason == REASON_MANUAL && standing->verdict.reason != REASON_MANUAL)
		r = ops->delete_order(persist->state, name, error);
	if (r < 0)
		return r;
	return standing_has_record(standing->record)
		       ? ops->put_record(persist->state, &record, error)
		       : ops->delete_record(persist->state, &record, error);
}

/* ---- each second */

/* True in *ret_more: the slice is full. */
static int write_senders(struct persist *persist, struct policy *policy, bool *ret_more,
			 struct error *error)
{
	const struct sender_record *sender;
	unsigned space = PERSIST_SLICE;

	while ((sender = policy_next_sender(policy))) {
		int r;

		*ret_more = space == 0;
		if (space-- == 0)
			return 0;
		r = persist->state->ops->append(persist->state, sender, sizeof(*sender),
						&persist->last, error);
		if (r < 0)
			return r;
		persist->log_size++;
		policy_sender_exported(policy);
	}
	return 0;
}

static int write_logins(struct persist *persist, bool *ret_more, struct error *error)
{
	const struct logins_record *record;
	unsigned space = PERSIST_SLICE;

	while ((record = logins_next(persist->logins))) {
		int r;

		*ret_more = space == 0;
		if (space-- == 0)
			return 0;
		r = persist->state->ops->append(persist->state, record, sizeof(*record),
						&persist->last, error);
		if (r < 0)
			return r;
		persist->log_size++;
		logins_exported(persist->logins);
	}
	return 0;
}

static int write_tenants(struct persist *persist, struct policy *policy, struct error *error)
{
	const struct tenant_record *tenant;
	const char *name;

	while ((tenant = policy_next_tenant(policy, &name))) {
		const struct state_record record = {STATE_TENANTS, name, tenant, sizeof(*tenant)};
		int r = persist->state->ops->put_record(persist->state, &record, error);

		if (r < 0)
			return r;
		policy_tenant_exported(policy);
	}
	return 0;
}

/* The log grows with mail, the number of senders does not. */
static void begin_trimming(struct persist *persist, struct policy *policy)
{
	struct policy_stats stats;

	if (persist->trim_to || persist->log_size < PERSIST_LOG_FREE)
		return;
	policy_stats(policy, &stats);
	if (persist->log_size - PERSIST_LOG_FREE <
	    3 * (stats.senders + logins_count(persist->logins)))
		return;
	persist->trim_to = persist->last;
	policy_export_all(policy);
	logins_export_all(persist->logins);
}

/* After all senders and logins were appended again. True in *ret_more: there is more to trim. */
static int trim(struct persist *persist, bool *ret_more, struct error *error)
{
	unsigned count = 0;
	int r = persist->state->ops->trim(persist->state, persist->trim_to, PERSIST_TRIM, &count,
					  error);

	if (r < 0)
		return r;
	persist->log_size -= count < persist->log_size ? count : persist->log_size;
	*ret_more = count == PERSIST_TRIM;
	if (!*ret_more)
		persist->trim_to = 0;
	return 0;
}

static int write_slice(struct persist *persist, struct policy *policy, bool *ret_more,
		       struct error *error)
{
	int r = write_senders(persist, policy, ret_more, error);

	if (r == 0 && !*ret_more)
		r = write_logins(persist, ret_more, error);
	if (r < 0 || *ret_more)
		return r;
	r = write_tenants(persist, policy, error);
	return r == 0 && persist->trim_to ? trim(persist, ret_more, error) : r;
}

int persist_write(struct persist *persist, struct policy *policy, bool *ret_more,
		  struct error *error)
{
	struct state *state = persist->state;
	int r = state->ops->begin(state, error);

	*ret_more = false;
	if (r < 0)
		return r;
	begin_trimming(persist, policy);
	r = write_slice(persist, policy, ret_more, error);
	if (r < 0) {
		state->ops->rollback(state);
		return r;
	}
	r = state->ops->commit(state, error);
	if (r == 0 && persist->unsynced)
		r = state->ops->sync(state, error);
	persist->unsynced = false;
	return r;
}

/* ---- everything again */

static int put_order(const struct config *config, struct state *state,
		     const struct policy_standing *standing, int64_t now_sec, struct error *error)
{
	const struct sender_verdict *now = &standing->verdict;
	const struct config_pool *pool = config_pool_by_id(config, now->pool);

	return state->ops->put_order(state,
				     &(struct saved_order){
					     .sender = standing->record->name,
					     .action = now->action,
					     .pool = pool ? pool->name : "",
					     .until_sec = now->until_sec,
					     .set_sec = now_sec,
				     },
				     error);
}

int persist_put_standings(const struct policy *policy, const struct config *config,
			  struct state *state, int64_t now_sec, struct error *error)
{
	struct policy_standing standing;
	int r = 0;

	for (uint32_t i = 0; r == 0 && (i = policy_next_standing(policy, i, now_sec, &standing));) {
		const struct state_record record = {STATE_STANDINGS, standing.record->name,
						    standing.record, sizeof(*standing.record)};

		if (standing_has_record(standing.record))
			r = state->ops->put_record(state, &record, error);
		if (r == 0 && standing.verdict.reason == REASON_MANUAL)
			r = put_order(config, state, &standing, now_sec, error);
	}
	return r;
}

int persist_put_timed_orders(const struct policy *policy, const struct config *config,
			     struct state *state, int64_t now_sec, struct error *error)
{
	struct policy_standing standing;
	int r = 0;

	for (uint32_t i = 0; r == 0 && (i = policy_next_standing(policy, i, now_sec, &standing));)
		if (standing.verdict.reason == REASON_MANUAL && standing.verdict.until_sec)
			r = put_order(config, state, &standing, now_sec, error);
	return r;
}

int persist_rewrite(struct persist *persist, struct policy *policy, const struct config *config,
		    struct state *state, int64_t now_sec, struct error *error)
{
	int r = put_secret(persist, state, error);

	if (r == 0)
		r = persist_put_standings(policy, config, state, now_sec, error);
	if (r == 0) {
		policy_export_all(policy);
		logins_export_all(persist->logins);
	}
	persist->log_size = 0;
	persist->trim_to = 0;
	return r;
}
