/* SPDX-License-Identifier: BSD-2-Clause */
/* Records out of the engine and into the state, and back. */
#include "judge/persist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"
#include "config/config.h"
#include "state/state.h"

#define SECRET_NAME "names"

struct persist {
	struct state *state;
	uint8_t secret[SIPHASH_KEY_SIZE];
	bool has_secret;
	bool unsynced; /* standings were put since the last sync */
	uint64_t left_out;
	uint64_t log_size;
	int64_t last;	 /* place in the log */
	int64_t trim_to; /* 0: nothing is to be trimmed */
};

/* ---- the secret */

static int see_secret(void *data, const struct state_record *record)
{
	struct persist *kept = data;

	if (record->size == sizeof(kept->secret) && strcmp(record->name, SECRET_NAME) == 0) {
		memcpy(kept->secret, record->bytes, sizeof(kept->secret));
		kept->has_secret = true;
	}
	return 0;
}

static int put_secret(const struct persist *kept, struct state *state, struct error *error)
{
	const struct state_record record = {STATE_SECRETS, SECRET_NAME, kept->secret,
					    sizeof(kept->secret)};

	return state->ops->put_record(state, &record, error);
}

static int take_secret(struct persist *kept, struct error *error)
{
	const struct state_visitor visitor = {
		.data = kept, .record = see_secret, .kinds = 1U << STATE_SECRETS};
	int r = kept->state->ops->load(kept->state, &visitor, error);

	if (r < 0 || kept->has_secret)
		return r;
	if (getrandom(kept->secret, sizeof(kept->secret), 0) != sizeof(kept->secret))
		return error_set(error, -errno, "no random numbers: %s", strerror(errno));
	return put_secret(kept, kept->state, error);
}

int persist_open(struct state *state, struct persist **ret_kept,
		 uint8_t ret_secret[SIPHASH_KEY_SIZE], struct error *error)
{
	struct persist *kept = calloc(1, sizeof(*kept));
	int r;

	if (!kept)
		return error_set(error, -ENOMEM, "out of memory");
	kept->state = state;
	r = take_secret(kept, error);
	if (r < 0) {
		persist_close(kept);
		return r;
	}
	memcpy(ret_secret, kept->secret, sizeof(kept->secret));
	*ret_kept = kept;
	return 0;
}

void persist_close(struct persist *kept)
{
	free(kept);
}

uint64_t persist_left_out(const struct persist *kept)
{
	return kept->left_out;
}

/* ---- at the start */

struct loading {
	struct persist *kept;
	struct policy *policy;
	const struct config *config;
	int64_t now_sec;
};

static int load_order(void *data, const struct saved_order *verdict)
{
	const struct loading *loading = data;
	const struct config_pool *pool = config_pool_find(loading->config, verdict->pool);
	const struct policy_manual manual = {
		.action = verdict->action,
		.pool = verdict->action == VERDICT_STEER && pool ? pool->id : POOL_NONE,
		.until_sec = verdict->until_sec,
	};

	/* A pool that is configured no longer cannot be steered to: the verdict waits in the state. */
	if (verdict->action == VERDICT_STEER && !pool)
		return 0;
	if (verdict->until_sec && verdict->until_sec <= loading->now_sec) {
		struct state *state = loading->kept->state;
		struct error ignored;

		state->ops->delete_order(state, verdict->sender, &ignored);
		return 0;
	}
	if (policy_set_manual(loading->policy, verdict->sender, &manual, loading->now_sec) < 0)
		loading->kept->left_out++;
	return 0;
}

static int load_standing(const struct loading *loading, const struct state_record *record)
{
	struct standing_record standing;

	if (record->size != sizeof(standing))
		return -EINVAL;
	memcpy(&standing, record->bytes, sizeof(standing));
	/* Kept for a verdict by hand alone, which is loaded by now if there still is one. */
	if (!standing.restricted_until_sec && !standing.spam_until_sec &&
	    !standing.full_until_sec && !standing.released_day)
		return 0;
	return policy_import_standing(loading->policy, &standing, loading->now_sec);
}

static int load_tenant(const struct loading *loading, const struct state_record *record)
{
	struct tenant_record tenant;

	if (record->size != sizeof(tenant))
		return -EINVAL;
	memcpy(&tenant, record->bytes, sizeof(tenant));
	return policy_import_tenant(loading->policy, record->name, &tenant);
}

static int load_record(void *data, const struct state_record *record)
{
	const struct loading *loading = data;
	int r = 0;

	if (record->kind == STATE_STANDINGS)
		r = load_standing(loading, record);
	else if (record->kind == STATE_TENANTS)
		r = load_tenant(loading, record);
	/* A tenant that is configured no longer is none of ours. */
	if (r < 0 && r != -ENOENT)
		loading->kept->left_out++;
	return 0;
}

static int load_sender(void *data, const void *bytes, size_t size)
{
	const struct loading *loading = data;
	struct sender_record sender;

	loading->kept->log_size++;
	if (size != sizeof(sender)) {
		loading->kept->left_out++;
		return 0;
	}
	memcpy(&sender, bytes, sizeof(sender));
	if ((int64_t)sender.base_sec + SENDER_STALE_SEC > loading->now_sec &&
	    policy_import_sender(loading->policy, &sender) < 0)
		loading->kept->left_out++;
	return 0;
}

int persist_load(struct persist *kept, struct policy *policy, const struct config *config,
		 int64_t now_sec, struct error *error)
{
	struct loading loading = {kept, policy, config, now_sec};
	const struct state_visitor visitor = {
		.data = &loading,
		.order = load_order,
		.record = load_record,
		.kinds = 1U << STATE_TENANTS | 1U << STATE_STANDINGS,
		.log = load_sender,
	};

	return kept->state->ops->load(kept->state, &visitor, error);
}

static int take_up_standing(void *data, const struct state_record *record)
{
	const struct loading *loading = data;

	return policy_has_record(loading->policy, record->name) ? 0 : load_record(data, record);
}

static int take_up_order(void *data, const struct saved_order *verdict)
{
	const struct loading *loading = data;
	struct sender_verdict now =
		policy_verdict_of(loading->policy, verdict->sender, loading->now_sec);

	return now.reason == REASON_MANUAL ? 0 : load_order(data, verdict);
}

int persist_take_up(struct persist *kept, struct policy *policy, const struct config *config,
		    struct state *state, int64_t now_sec, struct error *error)
{
	struct loading loading = {kept, policy, config, now_sec};
	const struct state_visitor visitor = {
		.data = &loading,
		.order = take_up_order,
		.record = take_up_standing,
		.kinds = 1U << STATE_STANDINGS,
	};

	return state->ops->load(state, &visitor, error);
}

int persist_take_up_verdicts(struct persist *kept, struct policy *policy,
			     const struct config *config, int64_t now_sec, struct error *error)
{
	struct loading loading = {kept, policy, config, now_sec};
	const struct state_visitor visitor = {.data = &loading, .order = take_up_order};

	return kept->state->ops->load(kept->state, &visitor, error);
}

/* ---- as it changes */

/* What is set by hand is put by whoever sets it; that its time was over only the engine knows. */
int persist_standing(struct persist *kept, const struct policy_standing *standing,
		     struct error *error)
{
	const struct state_ops *ops = kept->state->ops;
	const char *name = standing->record->name;
	const struct state_record record = {STATE_STANDINGS, name, standing->record,
					    sizeof(*standing->record)};
	int r = 0;

	kept->unsynced = true;
	if (standing->before.reason == REASON_MANUAL && standing->verdict.reason != REASON_MANUAL)
		r = ops->delete_order(kept->state, name, error);
	if (r < 0)
		return r;
	return standing->ended ? ops->delete_record(kept->state, &record, error)
			       : ops->put_record(kept->state, &record, error);
}

/* ---- every second */

struct slice {
	struct persist *kept;
	struct error *error;
	unsigned room;
	int failed;
};

static int write_sender(void *data, const struct sender_record *sender)
{
	struct slice *slice = data;
	struct persist *kept = slice->kept;

	if (slice->room == 0)
		return -EAGAIN;
	slice->room--;
	slice->failed = kept->state->ops->append(kept->state, sender, sizeof(*sender), &kept->last,
						 slice->error);
	kept->log_size += slice->failed == 0;
	return slice->failed;
}

static int write_tenant(void *data, const char *name, const struct tenant_record *tenant)
{
	struct slice *slice = data;
	struct state *state = slice->kept->state;
	const struct state_record record = {STATE_TENANTS, name, tenant, sizeof(*tenant)};

	slice->failed = state->ops->put_record(state, &record, slice->error);
	return slice->failed;
}

/* The log grows with mail, the senders in it do not. */
static void begin_trimming(struct persist *kept, struct policy *policy)
{
	struct policy_stats stats;

	if (kept->trim_to || kept->log_size < KEPT_LOG_FREE)
		return;
	policy_stats(policy, &stats);
	if (kept->log_size - KEPT_LOG_FREE < 3 * stats.senders)
		return;
	kept->trim_to = kept->last;
	policy_export_all(policy);
}

/* Once all have been appended again. True in *ret_more: there is more to trim. */
static int trim(struct slice *slice, bool *ret_more)
{
	struct persist *kept = slice->kept;
	unsigned count = 0;
	int r = kept->state->ops->trim(kept->state, kept->trim_to, KEPT_TRIM, &count, slice->error);

	if (r < 0)
		return r;
	kept->log_size -= count < kept->log_size ? count : kept->log_size;
	*ret_more = count == KEPT_TRIM;
	if (!*ret_more)
		kept->trim_to = 0;
	return 0;
}

static int write_slice(struct slice *slice, struct policy *policy, bool *ret_more)
{
	const struct policy_export export = {slice, write_sender, write_tenant};
	int r = policy_export(policy, &export);

	*ret_more = r == -EAGAIN && slice->failed == 0;
	if (slice->failed == 0 && !*ret_more && slice->kept->trim_to)
		return trim(slice, ret_more);
	return slice->failed;
}

int persist_write(struct persist *kept, struct policy *policy, bool *ret_more, struct error *error)
{
	struct slice slice = {.kept = kept, .error = error, .room = KEPT_SLICE};
	struct state *state = kept->state;
	int r = state->ops->begin(state, error);

	*ret_more = false;
	if (r < 0)
		return r;
	begin_trimming(kept, policy);
	r = write_slice(&slice, policy, ret_more);
	if (r < 0) {
		state->ops->rollback(state);
		return r;
	}
	r = state->ops->commit(state, error);
	if (r == 0 && kept->unsynced)
		r = state->ops->sync(state, error);
	kept->unsynced = false;
	return r;
}

/* ---- all over again */

struct rewriting {
	const struct config *config;
	struct state *state;
	int64_t now_sec;
	struct error *error;
};

static const char *pool_name(const struct config *config, uint32_t id)
{
	for (size_t i = 0; i < config->n_pools; i++)
		if (config->pools[i].id == id)
			return config->pools[i].name;
	return "";
}

static int rewrite_standing(void *data, const struct policy_standing *standing)
{
	const struct rewriting *rewriting = data;
	struct state *state = rewriting->state;
	const struct sender_verdict *now = &standing->verdict;
	const struct state_record record = {STATE_STANDINGS, standing->record->name,
					    standing->record, sizeof(*standing->record)};
	const struct saved_order verdict = {
		.sender = standing->record->name,
		.action = now->action,
		.pool = pool_name(rewriting->config, now->pool),
		.until_sec = now->until_sec,
		.set_sec = rewriting->now_sec,
	};
	int r = state->ops->put_record(state, &record, rewriting->error);

	if (r == 0 && now->reason == REASON_MANUAL)
		r = state->ops->put_order(state, &verdict, rewriting->error);
	return r;
}

int persist_rewrite(struct persist *kept, struct policy *policy, const struct config *config,
		    struct state *state, int64_t now_sec, struct error *error)
{
	struct rewriting rewriting = {config, state, now_sec, error};
	int r = put_secret(kept, state, error);

	if (r == 0)
		r = policy_standings(policy, now_sec, rewrite_standing, &rewriting);
	if (r == 0)
		policy_export_all(policy);
	kept->log_size = 0;
	kept->trim_to = 0;
	return r;
}
