/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A state that never fails: in front of a file, and without one while that is in trouble. What was not
 * taken meanwhile is not remembered here but written again by the owner, who knows it all; only names
 * whose verdict was deleted are, as the owner no longer has them.
 */
#include "state/state.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

#define DELETED_MAX 1024

struct steady {
	struct state state;
	struct state_steady_owner owner;
	char *file;
	struct state *inner; /* NULL: the file cannot be opened */
	bool broken;	     /* it was opened and cannot be read: must be opened anew */
	bool reading;	     /* it is open to be read, until the first tick */
	bool known;	     /* the owner holds what it holds; once read or written */
	struct error why;    /* "": all is well */
	int64_t tried_sec;
	char *deleted[DELETED_MAX];
	size_t n_deleted;
};

static struct steady *steady_of(struct state *state)
{
	return (struct steady *)state;
}

static bool is_well(const struct steady *steady)
{
	return !steady->why.text[0];
}

static void fall(struct steady *steady, int code, const struct error *why)
{
	bool is_new = strcmp(steady->why.text, why->text) != 0;

	steady->why = *why;
	steady->state.behind = true;
	if (code == -EIO)
		steady->broken = true;
	if (is_new && steady->owner.on_change)
		steady->owner.on_change(steady->owner.data, steady->why.text);
}

/* What an operation on the file answered; the caller's is 0 in any case. */
static int settle(struct steady *steady, int code, const struct error *why)
{
	if (code < 0)
		fall(steady, code, why);
	return 0;
}

#define TRY(steady, operation, ...)                                                                \
	({                                                                                         \
		struct error _why;                                                                 \
		is_well(steady) ? settle(steady,                                                   \
					 (steady)->inner->ops->operation((steady)->inner,          \
									 ##__VA_ARGS__, &_why),    \
					 &_why)                                                    \
				: 0;                                                               \
	})

/* Where it breaks off, the rest is what the caller finds elsewhere or begins with. */
static int load(struct state *state, const struct state_visitor *visitor, struct error *error)
{
	struct steady *steady = steady_of(state);
	struct error ignored;

	(void)error;
	if (steady->reading)
		steady->inner->ops->load(steady->inner, visitor, &ignored);
	return TRY(steady, load, visitor);
}

static int put_pool(struct state *state, const char *pool, enum pool_state value,
		    struct error *error)
{
	(void)error;
	return TRY(steady_of(state), put_pool, pool, value);
}

static int put_address(struct state *state, const char *pool, const char *address,
		       enum address_state value, struct error *error)
{
	(void)error;
	return TRY(steady_of(state), put_address, pool, address, value);
}

static int put_verdict(struct state *state, const struct state_verdict *verdict,
		       struct error *error)
{
	(void)error;
	return TRY(steady_of(state), put_verdict, verdict);
}

static int delete_verdict(struct state *state, const char *sender, struct error *error)
{
	struct steady *steady = steady_of(state);

	(void)error;
	TRY(steady, delete_verdict, sender);
	if (!is_well(steady) && steady->n_deleted < DELETED_MAX) {
		char *copy = strdup(sender);

		if (copy)
			steady->deleted[steady->n_deleted++] = copy;
	}
	return 0;
}

static int put_record(struct state *state, const struct state_record *record, struct error *error)
{
	(void)error;
	return TRY(steady_of(state), put_record, record);
}

static int delete_record(struct state *state, const struct state_record *record,
			 struct error *error)
{
	(void)error;
	return TRY(steady_of(state), delete_record, record);
}

static int clear_records(struct state *state, enum state_kind kind, struct error *error)
{
	(void)error;
	return TRY(steady_of(state), clear_records, kind);
}

static int append(struct state *state, const void *bytes, size_t size, int64_t *ret_place,
		  struct error *error)
{
	(void)error;
	*ret_place = 0;
	return TRY(steady_of(state), append, bytes, size, ret_place);
}

static int trim(struct state *state, int64_t last, unsigned max, unsigned *ret_count,
		struct error *error)
{
	(void)error;
	*ret_count = 0;
	return TRY(steady_of(state), trim, last, max, ret_count);
}

/* A transaction that falls is rolled back by whoever saw it fall; the rewriting makes up for it. */
static int begin(struct state *state, struct error *error)
{
	(void)error;
	return TRY(steady_of(state), begin);
}

static int commit(struct state *state, struct error *error)
{
	struct steady *steady = steady_of(state);

	(void)error;
	if (!is_well(steady) && steady->inner)
		steady->inner->ops->rollback(steady->inner);
	return TRY(steady, commit);
}

static void rollback(struct state *state)
{
	struct steady *steady = steady_of(state);

	if (steady->inner)
		steady->inner->ops->rollback(steady->inner);
}

static int sync_file(struct state *state, struct error *error)
{
	(void)error;
	return TRY(steady_of(state), sync);
}

static void forget_deleted(struct steady *steady)
{
	while (steady->n_deleted)
		free(steady->deleted[--steady->n_deleted]);
}

static void free_steady(struct state *state)
{
	struct steady *steady = steady_of(state);

	state_free(steady->inner);
	forget_deleted(steady);
	free(steady->file);
	free(steady);
}

static const struct state_ops ops = {
	.load = load,
	.put_pool = put_pool,
	.put_address = put_address,
	.put_verdict = put_verdict,
	.delete_verdict = delete_verdict,
	.put_record = put_record,
	.delete_record = delete_record,
	.clear_records = clear_records,
	.append = append,
	.trim = trim,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.sync = sync_file,
	.free = free_steady,
};

/* ---- the file comes back */

static int write_all(struct steady *steady, struct error *why)
{
	struct state *inner = steady->inner;
	unsigned ignored;
	int code = inner->ops->trim(inner, INT64_MAX, UINT_MAX, &ignored, why);

	for (size_t i = 0; code == 0 && i < steady->n_deleted; i++)
		code = inner->ops->delete_verdict(inner, steady->deleted[i], why);
	for (unsigned kind = 0; code == 0 && kind < STATE_KINDS; kind++)
		if (steady->known || kind != STATE_STANDINGS)
			code = inner->ops->clear_records(inner, (enum state_kind)kind, why);
	return code == 0 ? steady->owner.rewrite(steady->owner.data, inner, why) : code;
}

static int recover(struct steady *steady, struct error *why)
{
	struct state *inner;
	int code = 0;

	if (steady->broken || !steady->inner) {
		state_free(TAKE_PTR(steady->inner));
		code = state_sqlite_open(steady->file, &steady->inner, why);
	}
	inner = steady->inner;
	if (code == 0)
		code = inner->ops->begin(inner, why);
	if (code < 0)
		return code;
	steady->broken = false;
	code = write_all(steady, why);
	if (code == 0)
		return inner->ops->commit(inner, why);
	inner->ops->rollback(inner);
	return code;
}

/* Of a file for whose log there is no room nothing is lost but what is put from now on. */
static bool open_reading(struct steady *steady)
{
	const struct state_visitor nothing = {.data = NULL};
	struct state *inner;
	struct error ignored;

	state_free(TAKE_PTR(steady->inner));
	if (state_sqlite_open_reading(steady->file, &inner, &ignored) < 0)
		return false;
	if (inner->ops->load(inner, &nothing, &ignored) < 0) {
		state_free(inner);
		return false;
	}
	steady->inner = inner;
	return true;
}

static void stop_reading(struct steady *steady)
{
	state_free(TAKE_PTR(steady->inner));
	steady->reading = false;
	steady->state.behind = true;
}

void state_steady_tick(struct state *state, int64_t now_sec)
{
	struct steady *steady = steady_of(state);
	int64_t since = now_sec - steady->tried_sec;
	struct error why;
	int code;

	if (steady->reading)
		stop_reading(steady);
	if (is_well(steady) || (since >= 0 && since < STEADY_RETRY_SEC))
		return;
	steady->tried_sec = now_sec;
	code = recover(steady, &why);
	if (code < 0) {
		fall(steady, code, &why);
		return;
	}
	forget_deleted(steady);
	steady->known = true;
	steady->state.behind = false;
	steady->why.text[0] = '\0';
	if (steady->owner.on_change)
		steady->owner.on_change(steady->owner.data, "");
}

const char *state_steady_trouble(const struct state *state)
{
	return ((const struct steady *)state)->why.text;
}

/* What SQLite takes for sound may still not be ours; that shows when it is read. */
static int open_file(struct steady *steady, struct error *why)
{
	const struct state_visitor nothing = {.data = NULL};
	int code = state_sqlite_open(steady->file, &steady->inner, why);

	return code == 0 ? steady->inner->ops->load(steady->inner, &nothing, why) : code;
}

int state_steady_open(const char *file, const struct state_steady_owner *owner,
		      struct state **ret_state, struct error *error)
{
	struct steady *steady = calloc(1, sizeof(*steady));
	struct error why;
	int code;

	if (!steady || !(steady->file = strdup(file))) {
		free(steady);
		return error_set(error, -ENOMEM, "out of memory");
	}
	steady->state.ops = &ops;
	steady->owner = *owner;
	code = open_file(steady, &why);
	if (code < 0) {
		fall(steady, code, &why);
		/* Who has it now would only be waited for once more. */
		steady->reading = code != -EBUSY && open_reading(steady);
		steady->state.behind = !steady->reading;
	}
	steady->state.durable = steady->known = code == 0 || steady->reading;
	*ret_state = &steady->state;
	return 0;
}
