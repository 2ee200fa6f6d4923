// SPDX-License-Identifier: BSD-2-Clause
/* Records out of the engine and into the state, and back. */
#include "control/kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"
#include "config/config.h"
#include "state/state.h"

#define SECRET_NAME "names"
#define KEY_SIZE    sizeof(((struct sender_record *)0)->key)

struct kept {
	struct state *state;
	uint8_t secret[SIPHASH_KEY_SIZE];
	bool has_secret;
	bool unsynced; /* standings were put since the last sync */
	uint64_t left_out;
	uint32_t n_evicted;
	uint64_t evicted[KEPT_EVICTED_MAX][2];
};

static struct state_record named_record(enum state_kind kind, const char *name, const void *bytes,
					size_t size)
{
	return (struct state_record){kind, name, strlen(name), bytes, size};
}

static struct state_record sender_of(const uint64_t key[2], const void *bytes, size_t size)
{
	return (struct state_record){STATE_SENDERS, key, KEY_SIZE, bytes, size};
}

/* ---- the secret */

static int see_secret(void *data, const struct state_record *record)
{
	struct kept *kept = data;

	if (record->size == sizeof(kept->secret) && record->key_size == strlen(SECRET_NAME) &&
	    memcmp(record->key, SECRET_NAME, record->key_size) == 0) {
		memcpy(kept->secret, record->bytes, sizeof(kept->secret));
		kept->has_secret = true;
	}
	return 0;
}

static int put_secret(const struct kept *kept, struct state *state, struct error *error)
{
	const struct state_record record =
		named_record(STATE_SECRETS, SECRET_NAME, kept->secret, sizeof(kept->secret));

	return state->ops->put_record(state, &record, error);
}

static int take_secret(struct kept *kept, struct error *error)
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

int kept_open(struct state *state, struct kept **ret_kept, uint8_t ret_secret[SIPHASH_KEY_SIZE],
	      struct error *error)
{
	struct kept *kept = calloc(1, sizeof(*kept));
	int r;

	if (!kept)
		return error_set(error, -ENOMEM, "out of memory");
	kept->state = state;
	r = take_secret(kept, error);
	if (r < 0) {
		kept_close(kept);
		return r;
	}
	memcpy(ret_secret, kept->secret, sizeof(kept->secret));
	*ret_kept = kept;
	return 0;
}

void kept_close(struct kept *kept)
{
	free(kept);
}

uint64_t kept_left_out(const struct kept *kept)
{
	return kept->left_out;
}

/* ---- at the start */

struct loading {
	struct kept *kept;
	struct policy *policy;
	const struct config *config;
	int64_t now_sec;
};

static int load_verdict(void *data, const struct state_verdict *verdict)
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

		state->ops->delete_verdict(state, verdict->sender, &ignored);
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
	char name[POLICY_NAME_SIZE];

	if (record->size != sizeof(tenant) || record->key_size >= sizeof(name))
		return -EINVAL;
	memcpy(&tenant, record->bytes, sizeof(tenant));
	memcpy(name, record->key, record->key_size);
	name[record->key_size] = '\0';
	return policy_import_tenant(loading->policy, name, &tenant);
}

static int load_sender(const struct loading *loading, const struct state_record *record)
{
	struct sender_record sender;

	if (record->size != sizeof(sender))
		return -EINVAL;
	memcpy(&sender, record->bytes, sizeof(sender));
	if ((int64_t)sender.base_sec + SENDER_STALE_SEC <= loading->now_sec) {
		kept_evicted(loading->kept, &sender);
		return 0;
	}
	return policy_import_sender(loading->policy, &sender);
}

static int load_record(void *data, const struct state_record *record)
{
	const struct loading *loading = data;
	int r = 0;

	if (record->kind == STATE_STANDINGS)
		r = load_standing(loading, record);
	else if (record->kind == STATE_TENANTS)
		r = load_tenant(loading, record);
	else if (record->kind == STATE_SENDERS)
		r = load_sender(loading, record);
	/* A tenant that is configured no longer is none of ours. */
	if (r < 0 && r != -ENOENT)
		loading->kept->left_out++;
	return 0;
}

int kept_load(struct kept *kept, struct policy *policy, const struct config *config,
	      int64_t now_sec, struct error *error)
{
	struct loading loading = {kept, policy, config, now_sec};
	const struct state_visitor visitor = {
		.data = &loading,
		.verdict = load_verdict,
		.record = load_record,
		.kinds = 1U << STATE_TENANTS | 1U << STATE_STANDINGS | 1U << STATE_SENDERS,
	};

	return kept->state->ops->load(kept->state, &visitor, error);
}

/* ---- as it changes */

/* What is set by hand is put by whoever sets it; that its time was over only the engine knows. */
int kept_standing(struct kept *kept, const struct policy_standing *standing, struct error *error)
{
	const struct state_ops *ops = kept->state->ops;
	const char *name = standing->record->name;
	const struct state_record record =
		named_record(STATE_STANDINGS, name, standing->record, sizeof(*standing->record));
	int r = 0;

	kept->unsynced = true;
	if (standing->before.reason == REASON_MANUAL && standing->verdict.reason != REASON_MANUAL)
		r = ops->delete_verdict(kept->state, name, error);
	if (r < 0)
		return r;
	return standing->ended ? ops->delete_record(kept->state, &record, error)
			       : ops->put_record(kept->state, &record, error);
}

void kept_evicted(struct kept *kept, const struct sender_record *record)
{
	if (kept->n_evicted == KEPT_EVICTED_MAX) {
		kept->left_out++; /* is too old to count at some start */
		return;
	}
	memcpy(kept->evicted[kept->n_evicted++], record->key, KEY_SIZE);
}

/* ---- every second */

struct slice {
	struct kept *kept;
	struct error *error;
	unsigned room;
	int failed;
};

static int write_sender(void *data, const struct sender_record *sender)
{
	struct slice *slice = data;
	struct state *state = slice->kept->state;
	const struct state_record record = sender_of(sender->key, sender, sizeof(*sender));

	if (slice->room == 0)
		return -EAGAIN;
	slice->room--;
	slice->failed = state->ops->put_record(state, &record, slice->error);
	return slice->failed;
}

static int write_tenant(void *data, const char *name, const struct tenant_record *tenant)
{
	struct slice *slice = data;
	struct state *state = slice->kept->state;
	const struct state_record record =
		named_record(STATE_TENANTS, name, tenant, sizeof(*tenant));

	slice->failed = state->ops->put_record(state, &record, slice->error);
	return slice->failed;
}

/* First: one who came back since is put again afterwards. */
static int delete_evicted(struct slice *slice)
{
	struct kept *kept = slice->kept;
	struct state *state = kept->state;

	for (; kept->n_evicted && slice->room && slice->failed == 0; slice->room--) {
		const struct state_record record =
			sender_of(kept->evicted[kept->n_evicted - 1], NULL, 0);

		slice->failed = state->ops->delete_record(state, &record, slice->error);
		kept->n_evicted -= slice->failed == 0;
	}
	return slice->failed;
}

static int write_slice(struct slice *slice, struct policy *policy, bool *ret_more)
{
	const struct policy_export export = {slice, write_sender, write_tenant};
	int r = delete_evicted(slice);

	if (r == 0 && slice->kept->n_evicted) {
		*ret_more = true;
		return 0;
	}
	if (r == 0)
		r = policy_export(policy, &export);
	*ret_more = r == -EAGAIN && slice->failed == 0;
	return slice->failed;
}

int kept_write(struct kept *kept, struct policy *policy, bool *ret_more, struct error *error)
{
	struct slice slice = {.kept = kept, .error = error, .room = KEPT_SLICE};
	struct state *state = kept->state;
	int r = state->ops->begin(state, error);

	*ret_more = false;
	if (r < 0)
		return r;
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
	const struct policy_verdict *now = &standing->verdict;
	const struct state_record record =
		named_record(STATE_STANDINGS, standing->record->name, standing->record,
			     sizeof(*standing->record));
	const struct state_verdict verdict = {
		.sender = standing->record->name,
		.action = now->action,
		.pool = pool_name(rewriting->config, now->pool),
		.reason = REASON_MANUAL,
		.until_sec = now->until_sec,
		.set_sec = rewriting->now_sec,
	};
	int r = state->ops->put_record(state, &record, rewriting->error);

	if (r == 0 && now->reason == REASON_MANUAL)
		r = state->ops->put_verdict(state, &verdict, rewriting->error);
	return r;
}

int kept_rewrite(struct kept *kept, struct policy *policy, const struct config *config,
		 struct state *state, int64_t now_sec, struct error *error)
{
	struct rewriting rewriting = {config, state, now_sec, error};
	int r = put_secret(kept, state, error);

	if (r == 0)
		r = policy_standings(policy, now_sec, rewrite_standing, &rewriting);
	if (r == 0)
		policy_export_all(policy);
	return r;
}
