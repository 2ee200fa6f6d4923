/* SPDX-License-Identifier: BSD-2-Clause */
/* Items one after another: a head, two texts that end with NUL, and the bytes of a record. */
#include "state/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "state/state.h"

enum item_kind { ITEM_POOL, ITEM_ADDRESS, ITEM_ORDER, ITEM_RECORD, ITEM_END, ITEM_KINDS };

struct item {
	uint32_t kind;
	uint32_t texts; /* size of both, NULs included */
	uint32_t size;	/* of the record's bytes */
	uint32_t value; /* a state, an action, a kind of record, a failure */
	int64_t times[4];
};

/* ---- writing */

static int write_item(FILE *stream, struct item item, const char *first, const char *second,
		      const void *bytes)
{
	item.texts = (uint32_t)(strlen(first) + strlen(second) + 2);
	fwrite(&item, sizeof(item), 1, stream);
	fwrite(first, strlen(first) + 1, 1, stream);
	fwrite(second, strlen(second) + 1, 1, stream);
	if (item.size)
		fwrite(bytes, item.size, 1, stream);
	return ferror(stream) ? -EIO : 0;
}

static int write_pool(void *stream, const char *pool, enum pool_state state)
{
	return write_item(stream, (struct item){.kind = ITEM_POOL, .value = state}, pool, "", NULL);
}

static int write_address(void *stream, const char *pool, const char *address,
			 enum address_state state)
{
	return write_item(stream, (struct item){.kind = ITEM_ADDRESS, .value = state}, pool,
			  address, NULL);
}

static int write_order(void *stream, const struct saved_order *order)
{
	return write_item(stream,
			  (struct item){.kind = ITEM_ORDER,
					.value = order->action,
					.times = {order->until_sec, order->set_sec}},
			  order->sender, order->pool, NULL);
}

static int write_record(void *stream, const struct state_record *record)
{
	return write_item(stream,
			  (struct item){.kind = ITEM_RECORD,
					.value = record->kind,
					.size = (uint32_t)record->size},
			  record->name, "", record->bytes);
}

int snapshot_write(struct state *state, const struct error *error, FILE *stream)
{
	const struct state_visitor visitor = {.data = stream,
					      .pool = write_pool,
					      .address = write_address,
					      .order = write_order,
					      .record = write_record,
					      .kinds =
						      1U << STATE_STANDINGS | 1U << STATE_CALENDAR};
	struct item end = {.kind = ITEM_END};
	struct error failure;
	int r = state ? state->ops->load(state, &visitor, &failure) : 0;

	if (ferror(stream))
		return -EIO;
	if (r < 0)
		error = &failure;
	end.value = !state || r < 0;
	end.times[0] = state ? (int64_t)state->identity : 0;
	write_item(stream, end, end.value ? error->text : "", "", NULL);
	return fflush(stream) ? -EIO : 0;
}

/* ---- reading */

struct snapshot {
	struct state state; /* first: the ops get its address */
	char *bytes;
	size_t size;
};

/* An item whose parts all lie within the bytes. */
struct found {
	struct item item;
	const char *first;
	const char *second;
	const void *bytes;
};

/* 0: no item begins there that is whole. */
static size_t find_item(const struct snapshot *snapshot, size_t at, struct found *ret_found)
{
	const char *texts = snapshot->bytes + at + sizeof(struct item);
	size_t left = snapshot->size - at;
	struct item item;
	const char *end;

	if (left < sizeof(item))
		return 0;
	memcpy(&item, snapshot->bytes + at, sizeof(item));
	left -= sizeof(item);
	if (item.kind >= ITEM_KINDS || item.texts < 2 || item.texts > left ||
	    item.size > left - item.texts || texts[item.texts - 1] != '\0')
		return 0;
	end = memchr(texts, '\0', item.texts - 1);
	if (!end)
		return 0;
	*ret_found = (struct found){item, texts, end + 1, texts + item.texts};
	return sizeof(item) + item.texts + item.size;
}

static int visit_order(const struct found *found, const struct state_visitor *visitor)
{
	const struct saved_order order = {
		.sender = found->first,
		.action = (enum verdict_action)found->item.value,
		.pool = found->second,
		.until_sec = found->item.times[0],
		.set_sec = found->item.times[1],
	};

	if (order.action < VERDICT_STEER || order.action >= VERDICT_ACTIONS)
		return 0;
	return visitor->order ? visitor->order(visitor->data, &order) : 0;
}

static int visit_record(const struct found *found, const struct state_visitor *visitor)
{
	const struct state_record record = {(enum state_kind)found->item.value, found->first,
					    found->bytes, found->item.size};

	if (!visitor->record || record.kind >= STATE_KINDS || !(visitor->kinds & 1U << record.kind))
		return 0;
	return visitor->record(visitor->data, &record);
}

/* A value that no version writes is passed over. */
static int visit(const struct found *found, const struct state_visitor *visitor)
{
	const uint32_t value = found->item.value;

	switch (found->item.kind) {
	case ITEM_POOL:
		if (!visitor->pool || value < POOL_ENABLED || value >= POOL_STATES)
			return 0;
		return visitor->pool(visitor->data, found->first, (enum pool_state)value);
	case ITEM_ADDRESS:
		if (!visitor->address || value < ADDRESS_ACTIVE || value >= ADDRESS_STATES)
			return 0;
		return visitor->address(visitor->data, found->first, found->second,
					(enum address_state)value);
	case ITEM_ORDER:
		return visit_order(found, visitor);
	case ITEM_RECORD:
		return visit_record(found, visitor);
	default:
		return 0;
	}
}

static int load(struct state *state, const struct state_visitor *visitor, struct error *error)
{
	const struct snapshot *snapshot = (const struct snapshot *)state;
	struct found found;
	size_t size;
	int r = 0;

	(void)error;
	for (size_t at = 0; r == 0 && (size = find_item(snapshot, at, &found)); at += size)
		r = visit(&found, visitor);
	return r;
}

static void free_snapshot(struct state *state)
{
	free(((struct snapshot *)state)->bytes);
	free(state);
}

/* Reading is all that it is for; state/state.h's other operations have no caller. */
static const struct state_ops ops = {.load = load, .free = free_snapshot};

/* The last item tells a whole snapshot from the bytes of a process that ended midway. */
static int find_end(const struct snapshot *snapshot, struct found *ret_end)
{
	size_t at = 0, size;

	while ((size = find_item(snapshot, at, ret_end))) {
		at += size;
		if (ret_end->item.kind == ITEM_END)
			return at == snapshot->size ? 0 : -EBADMSG;
	}
	return -EBADMSG;
}

int snapshot_read(void *bytes, size_t size, struct state **ret_state, struct error *error)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	struct found end;

	if (!snapshot) {
		free(bytes);
		return error_set(error, -ENOMEM, "out of memory");
	}
	*snapshot = (struct snapshot){{.ops = &ops, .durable = true}, bytes, size};
	if (find_end(snapshot, &end)) {
		free_snapshot(&snapshot->state);
		return error_set(error, -EBADMSG, "the process that read it ended too early");
	}
	snapshot->state.behind = end.item.value != 0;
	snapshot->state.identity = (uint64_t)end.item.times[0];
	if (snapshot->state.behind)
		error_set(error, 0, "%s", end.first);
	*ret_state = &snapshot->state;
	return 0;
}
