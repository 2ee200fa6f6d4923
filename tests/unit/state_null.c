/* SPDX-License-Identifier: BSD-2-Clause */
#include "state_null.h"

#include <errno.h>
#include <stdlib.h>

#include "state/state.h"

static int load(struct state *state, const struct state_visitor *visitor, struct error *error)
{
	(void)state, (void)visitor, (void)error;
	return 0;
}

static int put_pool(struct state *state, const char *pool, enum pool_state value,
		    struct error *error)
{
	(void)state, (void)pool, (void)value, (void)error;
	return 0;
}

static int put_address(struct state *state, const char *pool, const char *address,
		       enum address_state value, struct error *error)
{
	(void)state, (void)pool, (void)address, (void)value, (void)error;
	return 0;
}

static int put_order(struct state *state, const struct saved_order *verdict, struct error *error)
{
	(void)state, (void)verdict, (void)error;
	return 0;
}

static int delete_order(struct state *state, const char *sender, struct error *error)
{
	(void)state, (void)sender, (void)error;
	return 0;
}

static int take_record(struct state *state, const struct state_record *record, struct error *error)
{
	(void)state, (void)record, (void)error;
	return 0;
}

static int clear_records(struct state *state, enum state_kind kind, struct error *error)
{
	(void)state, (void)kind, (void)error;
	return 0;
}

static int append(struct state *state, const void *bytes, size_t size, int64_t *ret_place,
		  struct error *error)
{
	(void)state, (void)bytes, (void)size, (void)error;
	*ret_place = 0;
	return 0;
}

static int trim(struct state *state, int64_t last, unsigned max, unsigned *ret_count,
		struct error *error)
{
	(void)state, (void)last, (void)max, (void)error;
	*ret_count = 0;
	return 0;
}

static int do_nothing(struct state *state, struct error *error)
{
	(void)state, (void)error;
	return 0;
}

static void rollback(struct state *state)
{
	(void)state;
}

static void free_state(struct state *state)
{
	free(state);
}

static const struct state_ops ops = {
	.load = load,
	.put_pool = put_pool,
	.put_address = put_address,
	.put_order = put_order,
	.delete_order = delete_order,
	.put_record = take_record,
	.delete_record = take_record,
	.clear_records = clear_records,
	.append = append,
	.trim = trim,
	.begin = do_nothing,
	.commit = do_nothing,
	.rollback = rollback,
	.sync = do_nothing,
	.free = free_state,
};

int state_null_open(struct state **ret_state)
{
	struct state *state = calloc(1, sizeof(*state));

	if (!state)
		return -ENOMEM;
	state->ops = &ops;
	*ret_state = state;
	return 0;
}
