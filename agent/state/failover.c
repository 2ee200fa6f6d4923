/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A state that never fails, in front of a file that may. Writes that the file refuses are not
 * stored here: the owner knows everything and writes it again. Only names whose order was deleted
 * are stored, since the owner no longer has them.
 */
#include "state/failover.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "state/sqlite.h"
#include "state/state.h"

#define DELETED_MAX 1024

struct failover {
	struct state state;
	struct failover_owner owner;
	char *file;
	struct state *inner; /* NULL: the file cannot be opened */
	bool broken;	     /* opened, but cannot be read: it must be opened again */
	bool reading;	     /* open for reading, until the first tick */
	bool known;	     /* the owner has the file's content: it was read or written once */
	struct error why;    /* "": the file takes writes */
	int64_t tried_sec;
	char *deleted[DELETED_MAX];
	size_t n_deleted;
};

static struct failover *failover_of(struct state *state)
{
	return (struct failover *)state;
}

static bool is_well(const struct failover *failover)
{
	return !failover->why.text[0];
}

static void fall(struct failover *failover, int r, const struct error *why)
{
	bool is_new = strcmp(failover->why.text, why->text) != 0;

	failover->why = *why;
	failover->state.behind = true;
	if (r == -EIO)
		failover->broken = true;
	if (is_new && failover->owner.on_change)
		failover->owner.on_change(failover->owner.data, failover->why.text);
}

/* The result of an operation on the file; the caller always gets 0. */
static int settle(struct failover *failover, int r, const struct error *why)
{
	if (r < 0)
		fall(failover, r, why);
	return 0;
}

#define TRY(failover, operation, ...)                                                              \
	({                                                                                         \
		struct error _why;                                                                 \
		is_well(failover) ? settle(failover,                                               \
					   (failover)->inner->ops->operation(                      \
						   (failover)->inner, ##__VA_ARGS__, &_why),       \
					   &_why)                                                  \
				  : 0;                                                             \
	})

/* Where reading fails midway, the caller finds the rest elsewhere or does without. */
static int load(struct state *state, const struct state_visitor *visitor, struct error *error)
{
	struct failover *failover = failover_of(state);
	struct error ignored;

	(void)error;
	if (failover->reading)
		failover->inner->ops->load(failover->inner, visitor, &ignored);
	return TRY(failover, load, visitor);
}

static int put_pool(struct state *state, const char *pool, enum pool_state value,
		    struct error *error)
{
	(void)error;
	return TRY(failover_of(state), put_pool, pool, value);
}

static int put_address(struct state *state, const char *pool, const char *address,
		       enum address_state value, struct error *error)
{
	(void)error;
	return TRY(failover_of(state), put_address, pool, address, value);
}

static int put_order(struct state *state, const struct saved_order *order, struct error *error)
{
	(void)error;
	return TRY(failover_of(state), put_order, order);
}

static int delete_order(struct state *state, const char *sender, struct error *error)
{
	struct failover *failover = failover_of(state);

	(void)error;
	TRY(failover, delete_order, sender);
	if (!is_well(failover) && failover->n_deleted < DELETED_MAX) {
		char *copy = strdup(sender);

		if (copy)
			failover->deleted[failover->n_deleted++] = copy;
	}
	return 0;
}

static int put_record(struct state *state, const struct state_record *record, struct error *error)
{
	(void)error;
	return TRY(failover_of(state), put_record, record);
}

static int delete_record(struct state *state, const struct state_record *record,
			 struct error *error)
{
	(void)error;
	return TRY(failover_of(state), delete_record, record);
}

static int clear_records(struct state *state, enum state_kind kind, struct error *error)
{
	(void)error;
	return TRY(failover_of(state), clear_records, kind);
}

static int append(struct state *state, const void *bytes, size_t size, int64_t *ret_place,
		  struct error *error)
{
	(void)error;
	*ret_place = 0;
	return TRY(failover_of(state), append, bytes, size, ret_place);
}

static int trim(struct state *state, int64_t last, unsigned max, unsigned *ret_count,
		struct error *error)
{
	(void)error;
	*ret_count = 0;
	return TRY(failover_of(state), trim, last, max, ret_count);
}

/* A failed transaction is rolled back by its caller; the rewriting makes up for it. */
static int begin(struct state *state, struct error *error)
{
	(void)error;
	return TRY(failover_of(state), begin);
}

static int commit(struct state *state, struct error *error)
{
	struct failover *failover = failover_of(state);

	(void)error;
	if (!is_well(failover) && failover->inner)
		failover->inner->ops->rollback(failover->inner);
	return TRY(failover, commit);
}

static void rollback(struct state *state)
{
	struct failover *failover = failover_of(state);

	if (failover->inner)
		failover->inner->ops->rollback(failover->inner);
}

static int sync_file(struct state *state, struct error *error)
{
	(void)error;
	return TRY(failover_of(state), sync);
}

static void forget_deleted(struct failover *failover)
{
	while (failover->n_deleted)
		free(failover->deleted[--failover->n_deleted]);
}

static void free_failover(struct state *state)
{
	struct failover *failover = failover_of(state);

	state_free(failover->inner);
	forget_deleted(failover);
	free(failover->file);
	free(failover);
}

static const struct state_ops ops = {
	.load = load,
	.put_pool = put_pool,
	.put_address = put_address,
	.put_order = put_order,
	.delete_order = delete_order,
	.put_record = put_record,
	.delete_record = delete_record,
	.clear_records = clear_records,
	.append = append,
	.trim = trim,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.sync = sync_file,
	.free = free_failover,
};

/* ---- recovery */

static int write_all(struct failover *failover, struct error *why)
{
	struct state *inner = failover->inner;
	unsigned ignored;
	int r = inner->ops->trim(inner, INT64_MAX, UINT_MAX, &ignored, why);

	for (size_t i = 0; r == 0 && i < failover->n_deleted; i++)
		r = inner->ops->delete_order(inner, failover->deleted[i], why);
	for (unsigned kind = 0; r == 0 && kind < STATE_KINDS; kind++)
		if (failover->known || kind != STATE_STANDINGS)
			r = inner->ops->clear_records(inner, (enum state_kind)kind, why);
	return r == 0 ? failover->owner.rewrite(failover->owner.data, inner, why) : r;
}

static int recover(struct failover *failover, struct error *why)
{
	struct state *inner;
	int r = 0;

	if (failover->broken || !failover->inner) {
		state_free(TAKE_PTR(failover->inner));
		r = sqlite_open(failover->file, &failover->inner, why);
	}
	inner = failover->inner;
	if (r == 0)
		r = inner->ops->begin(inner, why);
	if (r < 0)
		return r;
	failover->broken = false;
	r = write_all(failover, why);
	if (r == 0)
		return inner->ops->commit(inner, why);
	inner->ops->rollback(inner);
	return r;
}

/* A file whose log has no space on the disk loses nothing but writes from now on. */
static bool open_reading(struct failover *failover)
{
	const struct state_visitor nothing = {.data = NULL};
	struct state *inner;
	struct error ignored;

	state_free(TAKE_PTR(failover->inner));
	if (sqlite_open_reading(failover->file, &inner, &ignored) < 0)
		return false;
	if (inner->ops->load(inner, &nothing, &ignored) < 0) {
		state_free(inner);
		return false;
	}
	failover->inner = inner;
	return true;
}

static void stop_reading(struct failover *failover)
{
	state_free(TAKE_PTR(failover->inner));
	failover->reading = false;
	failover->state.behind = true;
}

void failover_tick(struct state *state, int64_t now_sec)
{
	struct failover *failover = failover_of(state);
	int64_t since = now_sec - failover->tried_sec;
	struct error why;
	int r;

	if (failover->reading)
		stop_reading(failover);
	if (is_well(failover) || (since >= 0 && since < FAILOVER_RETRY_SEC))
		return;
	failover->tried_sec = now_sec;
	r = recover(failover, &why);
	if (r < 0) {
		fall(failover, r, &why);
		return;
	}
	forget_deleted(failover);
	failover->known = failover->state.durable = true;
	failover->state.behind = false;
	failover->state.identity = failover->inner->identity;
	failover->why.text[0] = '\0';
	if (failover->owner.on_change)
		failover->owner.on_change(failover->owner.data, "");
}

const char *failover_trouble(const struct state *state)
{
	return ((const struct failover *)state)->why.text;
}

/* A file that SQLite accepts may still not be ours; reading it shows. */
static int open_file(struct failover *failover, struct error *why)
{
	const struct state_visitor nothing = {.data = NULL};
	int r = sqlite_open(failover->file, &failover->inner, why);

	return r == 0 ? failover->inner->ops->load(failover->inner, &nothing, why) : r;
}

int failover_open(const char *file, const struct failover_owner *owner, struct state **ret_state,
		  struct error *error)
{
	struct failover *failover = calloc(1, sizeof(*failover));
	struct error why;
	int r;

	if (!failover || !(failover->file = strdup(file))) {
		free(failover);
		return error_set(error, -ENOMEM, "out of memory");
	}
	failover->state.ops = &ops;
	failover->owner = *owner;
	r = open_file(failover, &why);
	if (r < 0) {
		fall(failover, r, &why);
		/* Waiting for its current owner once more would not help. */
		failover->reading = r != -EBUSY && open_reading(failover);
		failover->state.behind = !failover->reading;
	}
	failover->state.durable = failover->known = r == 0 || failover->reading;
	failover->state.identity = failover->inner ? failover->inner->identity : 0;
	*ret_state = &failover->state;
	return 0;
}
